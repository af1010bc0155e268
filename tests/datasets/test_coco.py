"""SA-1B and COCO: masks in JSON files."""

import json

import imageio.v3 as iio
import numpy as np
import pytest

from napari_sam.core.errors import ImageError, MissingFileError
from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.datasets.labelled_images import read_labelled_images
from napari_sam.datasets.layouts import coco as coco_layout
from napari_sam.datasets.layouts import sa1b
from napari_sam.io.sa1b import run_lengths


def rewrite(path, change):
    said = json.loads(path.read_text())
    change(said)
    path.write_text(json.dumps(said))


def test_sa1b_gives_overlapping_masks(sa1b_folder, labels):
    pairs = read_labelled_images(sa1b_folder)
    assert [p.name for p in pairs] == ["sa_1", "sa_2"]
    assert pairs[0].kind == "sa_000000"
    truth = pairs[1].truth
    assert truth.shape == pairs[1].frames.plane_shape
    assert truth.ids.tolist() == [1, 2, 3]
    assert truth.areas.tolist() == [100, 60, 21 * 27]
    assert truth.mask(1) == Mask.from_array(labels == 5)
    assert truth.mask(3) & truth.mask(2)
    assert truth.window(3) == Region(4, 8, 25, 35)
    assert (pairs[1].labels[labels == 2] == 2).all()


def test_no_file_of_sa1b_is_opened_before_it_is_used(
    sa1b_folder, files_read, monkeypatch
):
    seen = []
    read = sa1b.read_json
    monkeypatch.setattr(sa1b, "read_json", lambda path: seen.append(path) or read(path))
    glance = coco_layout._may_be_coco
    monkeypatch.setattr(
        coco_layout, "_may_be_coco", lambda path: seen.append(path) or glance(path)
    )
    pairs = read_labelled_images(sa1b_folder)
    assert (seen, files_read) == ([], [])
    for _ in range(3):
        _ = pairs[0].truth
    assert [p.name for p in seen] == ["sa_1.json"]


def test_sa1b_without_a_counterpart_is_refused(sa1b_folder):
    (sa1b_folder / "sa_2.jpg").unlink()
    with pytest.raises(MissingFileError, match=r"1 images and 2 JSON.*sa_2\.json"):
        read_labelled_images(sa1b_folder)
    (sa1b_folder / "sa_2.json").rename(sa1b_folder / "sa_3.json")
    (sa1b_folder / "sa_1.jpg").rename(sa1b_folder / "sa_3.jpg")
    with pytest.raises(MissingFileError, match=r"the other: sa_1\.json"):
        read_labelled_images(sa1b_folder)
    (sa1b_folder / "sa_1.json").rename(sa1b_folder / "sa_3.json")
    (sa1b_folder / "sa_4.jpg").write_bytes(b"")
    with pytest.raises(MissingFileError, match=r"2 images .* the other: sa_4\.jpg"):
        read_labelled_images(sa1b_folder)


def test_broken_sa1b_is_refused_when_used(sa1b_folder):
    (sa1b_folder / "sa_1.json").write_text("{")
    pairs = read_labelled_images(sa1b_folder)
    with pytest.raises(ImageError, match=r"sa_1\.json cannot be read as JSON"):
        _ = pairs[0].truth
    (sa1b_folder / "sa_1.json").write_text('{"version": 5, "shapes": []}')
    with pytest.raises(ImageError, match=r"sa_1\.json is not .* holds version, shapes"):
        _ = pairs[0].truth
    rewrite(
        sa1b_folder / "sa_2.json",
        lambda said: said["annotations"][1]["segmentation"].update(size=[50, 40]),
    )
    with pytest.raises(ImageError, match=r"sa_2\.json: annotation 2 has the size \[50"):
        _ = pairs[1].truth


def test_sa1b_of_another_image_is_refused(sa1b_folder, pixels):
    iio.imwrite(sa1b_folder / "sa_1.jpg", pixels[:30])
    with pytest.raises(ImageError, match=r"\(40, 50\), but .*sa_1\.jpg .*\(30, 50\)"):
        _ = read_labelled_images(sa1b_folder)[0].truth


@pytest.mark.parametrize(
    ("name", "images"),
    [
        ("annotations.json", "images"),
        ("_annotations.coco.json", "."),
        ("annotations/instances_val.json", "val"),
        ("annotations/instances_val.json", "images"),
    ],
)
def test_coco_wherever_its_images_lie(coco, write_coco, name, images, caplog):
    root = write_coco(coco, name, images)
    pairs = read_labelled_images(root)
    assert [p.name for p in pairs] == ["7", "9"], "8 has no annotation"
    truth = pairs[0].truth
    assert truth.ids.tolist() == [1, 3], "2 is a crowd"
    assert truth.categories == {1: "cell", 3: "debris"}
    assert truth.window(1) == Region(2, 3, 8, 13)
    assert truth.window(3) == Region(1, 1, 11, 2)
    assert "left out 1 annotations of crowds" in caplog.text
    assert [p.kind for p in read_labelled_images(root / name)] == [
        (root / name).stem
    ] * 2


def test_other_json_files_are_no_coco(coco, write_coco):
    root = write_coco(coco)
    (root / "meta.json").write_text('{"pixel_size": 3}')
    assert len(read_labelled_images(root)) == 2


def test_of_several_coco_files_one_must_be_named(coco, write_coco):
    write_coco(coco, "annotations/a.json")
    root = write_coco(coco, "annotations/b.json")
    with pytest.raises(ImageError, match=r"2 JSON files: a\.json, b\.json\. Give the"):
        read_labelled_images(root)
    assert len(read_labelled_images(root / "annotations" / "a.json")) == 2


def test_the_parts_of_a_split_are_one_data_set(coco, write_coco):
    for part in ("train", "val"):
        root = write_coco(coco, f"annotations/instances_{part}.json")
    assert len(read_labelled_images(root)) == 4
    assert len(read_labelled_images(root / "annotations/instances_val.json")) == 2
    write_coco(coco, "annotations/other.json")
    with pytest.raises(ImageError, match="Give the path of one of them"):
        read_labelled_images(root)


def test_masks_of_coco_are_turned_into_runs_when_used(coco, write_coco, monkeypatch):
    made = []
    truth = coco_layout.RleTruth
    monkeypatch.setattr(
        coco_layout, "RleTruth", lambda *a, **k: made.append(a) or truth(*a, **k)
    )
    pairs = read_labelled_images(write_coco(coco))
    assert made == []
    _ = pairs[1].truth, pairs[1].truth
    assert len(made) == 1


def test_images_that_are_not_there_are_named(coco, write_coco):
    root = write_coco(coco)
    for name in "79":
        (root / "images" / f"{name}.png").unlink()
    with pytest.raises(MissingFileError, match=r"2 images .* there: 7\.png, 9\.png\."):
        read_labelled_images(root)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda c: c.pop("images"), "'images' is missing. Expected"),
        (lambda c: c["images"][1].pop("height"), "'height' is missing"),
        (lambda c: c["annotations"][0].pop("image_id"), "'image_id' is missing"),
        (lambda c: c["annotations"][0].update(image_id=99), "1 annotations .* 99"),
        (lambda c: c["annotations"][0].update(image_id={}), "unhashable"),
        (lambda c: c["annotations"][0].update(category_id=[1]), "unhashable"),
        (lambda c: c.update(annotations=[]), "no object with an outline"),
        (lambda c: c["images"][0].update(height="tall"), "height 'tall'"),
        (lambda c: c["images"][1].update(id=c["images"][0]["id"]), "one id to several"),
        (
            lambda c: [a.update(segmentation=[]) for a in c["annotations"]],
            "4 annotations, 1 of crowds, 3 without a segmentation",
        ),
    ],
)
def test_what_is_not_quite_coco_is_refused(coco, write_coco, change, match):
    root = write_coco(coco)
    change(coco)
    (root / "annotations.json").write_text(json.dumps(coco))
    with pytest.raises(ImageError, match=match):
        read_labelled_images(root)


def spell(write_coco, coco, change):
    root = write_coco(coco)
    change(coco)
    (root / "annotations.json").write_text(json.dumps(coco))
    return read_labelled_images(root)[0].truth


@pytest.mark.parametrize(
    "segmentation",
    [
        [[3, 2, 13, 2, 13, 8, 3, 8]],
        [3, 2, 13, 2, 13, 8, 3, 8],
        [["3", "2", "13", "2", "13", "8", "3", "8"]],
        [[3, 2, 13, 2, 13, 8, 3, 8], [1, 1, 2, 2]],
    ],
)
def test_a_polygon_is_read_as_other_programs_spell_it(coco, write_coco, segmentation):
    def change(found):
        found["annotations"][0].update(segmentation=segmentation)

    assert spell(write_coco, coco, change).window(1) == Region(2, 3, 8, 13)


def test_run_lengths_are_read_as_other_programs_spell_them(coco, write_coco, pixels):
    shape = pixels.shape[:2]
    mask = np.zeros(shape, bool)
    mask[2:8, 3:13] = True
    runs = run_lengths(Mask.from_array(mask), shape)
    flat = mask.T.ravel().astype(int)
    ends = [0, *(np.flatnonzero(np.diff(flat)) + 1).tolist(), flat.size]
    plain = np.diff(ends).astype(float).tolist()
    for segmentation in (runs, runs["counts"], {"counts": runs["counts"]},
                         {"size": list(shape), "counts": plain}):  # fmt: skip

        def change(found, segmentation=segmentation):
            found["annotations"][0].update(segmentation=segmentation)

        assert spell(write_coco, coco, change).window(1) == Region(2, 3, 8, 13)


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a.update(iscrowd="0"),
        lambda a: a.update(iscrowd=None),
        lambda a: a.update(image_id=str(a["image_id"])),
        lambda a: a.update(image_id=float(a["image_id"])),
        lambda a: a.update(category_id=str(a["category_id"])),
        lambda a: a.pop("area", None),
    ],
)
def test_other_spellings_change_no_object_and_no_class(coco, write_coco, change):
    truth = spell(write_coco, coco, lambda c: change(c["annotations"][0]))
    assert truth.ids.tolist() == [1, 3]
    assert truth.categories == {1: "cell", 3: "debris"}


def test_a_polygon_that_encloses_nothing_is_said(coco, write_coco, caplog):
    def change(found):
        found["annotations"][0].update(segmentation=[[3, 2, 13, 2]])

    assert spell(write_coco, coco, change).ids.tolist() == [3]
    assert "left out 1 annotations without a segmentation" in caplog.text


@pytest.mark.parametrize("content", ["", "[1, 2]", "{}", '{"images": 3}', "\udcff"])
def test_what_is_not_coco_at_all_is_refused(tmp_path, content):
    path = tmp_path / "some.json"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    for layout in ("coco", "auto"):
        with pytest.raises(ImageError, match=r"some\.json (cannot be read as|is not)"):
            read_labelled_images(path, layout=layout)


def test_a_folder_without_json_is_no_coco(tmp_path):
    with pytest.raises(MissingFileError, match=r"expected a \.json file"):
        read_labelled_images(tmp_path, layout="coco")


def test_a_mask_made_for_another_image_is_refused_when_used(coco, write_coco, pixels):
    root = write_coco(coco)
    coco["annotations"][2]["segmentation"]["size"] = [9, 9]
    (root / "annotations.json").write_text(json.dumps(coco))
    with pytest.raises(
        ImageError, match=r"image 7: annotation 3 has the size \[9, 9\]"
    ):
        _ = read_labelled_images(root)[0].truth
    iio.imwrite(root / "images" / "9.png", pixels.T)
    with pytest.raises(ImageError, match=r"image 9\) has the shape .* exchanged"):
        _ = read_labelled_images(root)[1].truth
