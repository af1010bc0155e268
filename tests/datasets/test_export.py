"""Data sets written in the formats of other programs, and read back."""

import base64
import json
import xml.etree.ElementTree as ET
from io import BytesIO

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
from PIL import Image
from pycocotools.coco import COCO

import napari_sam as sam
from napari_sam.core.errors import ImageError, SettingError
from napari_sam.core.mask import Mask
from napari_sam.datasets import LabelledImage, read_labelled_images
from napari_sam.datasets.class_table import write_classes
from napari_sam.datasets.export import FORMATS, ExportSettings, iter_export
from napari_sam.datasets.ground_truth.mask_truth import MaskTruth

SHAPE = (40, 52)
NAME = "zéllen µ 1"
#: Formats that keep the numbers of objects.
NUMBERED = ("coco", "voc", "labelme", "ctc", "masks")
OUTLINED = [f for f in FORMATS if f != "yolo-boxes"]


@pytest.fixture
def hard():
    """Labels with all that is hard: holes, parts, rims, corners, large numbers."""
    labels = np.zeros(SHAPE, np.uint32)
    labels[0:9, 0:9] = 1  # at the rim
    labels[0:9, 9:14] = 2  # touches 1
    labels[12:24, 3:20] = 300
    labels[15:20, 6:16] = 0  # a hole of 300
    labels[17, 10] = 5  # one pixel, in the hole
    labels[13, 5] = 0  # another hole
    labels[26:30, 2:6] = labels[33:36, 8:12] = labels[30, 6] = 65535  # parts
    labels[34:40, 40:52] = 60000
    labels[2:5, 30:33] = labels[5:8, 33:36] = 7  # corners
    labels[39, 0] = 8
    return labels


@pytest.fixture
def cells(tmp_path, hard):
    """Two experiments: a 16-bit image of hard labels, one without objects, one more."""
    root = tmp_path / "cells"
    rng = np.random.default_rng(0)
    for plate, name, labels in (
        ("plate1", NAME, hard),
        ("plate1", "empty", np.zeros(SHAPE, np.uint8)),
        ("plate2", "other", (hard == 300).astype(np.uint8) * 3),
    ):
        for kind in ("images", "labels"):
            (root / plate / kind).mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 4000, SHAPE).astype(np.uint16)
        if name == "other":
            iio.imwrite(
                root / plate / "images" / "other.png", (pixels >> 4).astype("u1")
            )
        else:
            tifffile.imwrite(root / plate / "images" / f"{name}.tif", pixels)
        tifffile.imwrite(root / plate / "labels" / f"{name}.tif", labels)
    write_classes(
        root / "plate1" / "labels" / f"{NAME}.csv", {1: "nucleus", 300: "débris, old"}
    )
    return root


def export(images, path, form, **settings):
    images = [images] if isinstance(images, LabelledImage) else images
    return sam.export_labels(images, path, settings=ExportSettings(form, **settings))


def masks(image, *, numbered=True):
    """The pixels of every object, with its class, by number or in order."""
    truth = image.truth
    found = {}
    for place, number in enumerate(truth.ids.tolist(), start=1):
        pixels = np.zeros(truth.shape, bool)
        mask = truth.mask(number)
        pixels[mask.region.slices] = mask.array
        kind = truth.categories.get(number, "object")
        found[number if numbered else place] = (kind, pixels.tobytes())
    return found


@pytest.mark.parametrize("split", [None, (0.5, 0.5)])
@pytest.mark.parametrize("form", OUTLINED)
def test_a_round_trip_loses_nothing(cells, tmp_path, form, split):
    settings = ExportSettings(split=split)
    report = sam.export_labels(cells, tmp_path / "out", format=form, settings=settings)
    assert sum(report.images.values()) == 3
    there = {im.name: im for im in read_labelled_images(cells)}
    back = []
    for part in parts_of(tmp_path / "out", form, split):
        back += read_labelled_images(part)
    numbered = form in NUMBERED
    found = sorted(map(sorted, (masks(im, numbered=numbered).items() for im in back)))
    wanted = sorted(
        map(sorted, (masks(im, numbered=numbered).items() for im in there.values()))
    )
    if form == "ctc":  # has no classes
        found, wanted = (
            [[(n, v[1]) for n, v in im] for im in ims] for ims in (found, wanted)
        )
    assert found == wanted
    if form != "ctc":
        assert {im.name for im in back} == set(there)
    if form in ("coco", "masks", "ctc"):  # hold 16 bits
        pixels = {im.frames[0].tobytes() for im in back}
        assert pixels == {im.frames[0].tobytes() for im in there.values()}


def parts_of(root, form, split):
    if form == "coco":
        return sorted((root / "annotations").glob("*.json"))
    return [root]


def test_objects_of_large_numbers_keep_them(tmp_path, hard):
    labels = np.where(hard == 300, 70000, hard).astype(np.uint32)
    image = LabelledImage(
        "a", "set", sam.Frames(np.zeros(SHAPE, np.uint8)), labels.astype(np.int64)
    )
    for form in ("coco", "voc", "labelme", "masks"):
        sam.export_labels([image], tmp_path / form, format=form)
        [back] = read_labelled_images(tmp_path / form)
        assert masks(back) == masks(image), form
    report = sam.export_labels([image], tmp_path / "ctc", format="ctc")
    [back] = read_labelled_images(tmp_path / "ctc")
    assert masks(back, numbered=False) == masks(image, numbered=False)
    assert "counted anew" in next(iter(report.losses))
    with pytest.raises(
        ImageError, match="PNG holds labels up to 65535, and there is 70000"
    ):
        export(image, tmp_path / "png", "masks", label_files="png")
    assert not (tmp_path / "png").exists()


def test_overlaps_are_held_or_told(tmp_path):
    large, small = np.ones((9, 9), bool), np.ones((3, 3), bool)
    truth = MaskTruth(
        SHAPE,
        {1: Mask.from_array(large), 2: Mask.from_array(small, top=4, left=4),
         3: Mask.from_array(small, top=4, left=4)},
    )  # fmt: skip
    image = LabelledImage(
        "a", "set", sam.Frames(np.zeros(SHAPE, np.uint8)), lambda: truth
    )
    for form in ("coco", "yolo", "labelme"):
        report = sam.export_labels([image], tmp_path / form, format=form)
        [back] = read_labelled_images(tmp_path / form)
        assert masks(back) == masks(image)
        assert report.losses == {}
    for form in ("masks", "voc", "ctc"):
        report = sam.export_labels([image], tmp_path / form, format=form)
        assert report.losses == {
            "pixels covered by smaller objects": 18,
            "objects covered whole": 1,
        }
        card = (tmp_path / form / "DATA_CARD.md").read_text()
        assert "- objects covered whole: 1" in card
    names = [
        o.findtext("label")
        for o in ET.parse(tmp_path / "voc/Annotations/a.xml").iter("object")
    ]
    assert names == ["1", "2", "3"]  # the boxes of all


@pytest.mark.parametrize("form", ["rle", "polygons"])
def test_coco_says_the_same_to_pycocotools(cells, tmp_path, form):
    settings = ExportSettings("coco", coco=form, crowd="nucleus")
    sam.export_labels(cells, tmp_path / "out", settings=settings)
    coco = COCO(str(tmp_path / "out" / "annotations" / "instances.json"))
    assert len(coco.imgs) == 3
    there = {im.name: im.truth for im in read_labelled_images(cells)}
    names = {c["id"]: c["name"] for c in coco.loadCats(coco.getCatIds())}
    assert sorted(names.values()) == ["débris, old", "nucleus", "object"]
    seen = 0
    for one in coco.loadAnns(coco.getAnnIds()):
        truth = there[coco.imgs[one["image_id"]]["file_name"].rpartition(".")[0]]
        mask = truth.mask(one["label"])
        pixels = np.zeros(SHAPE, bool)
        pixels[mask.region.slices] = mask.array
        np.testing.assert_array_equal(coco.annToMask(one), pixels)
        box = mask.region
        assert one["bbox"] == [box.left, box.top, box.shape[1], box.shape[0]]
        assert one["area"] == mask.area
        assert one["iscrowd"] == (names[one["category_id"]] == "nucleus")
        seen += 1
    assert seen == sum(len(t.ids) for t in there.values())


def test_yolo_boxes_are_boxes(cells, tmp_path):
    report = sam.export_labels(cells, tmp_path / "out", format="yolo-boxes")
    there = {im.name: im.truth for im in read_labelled_images(cells)}
    for im in read_labelled_images(tmp_path / "out"):
        truth = there[im.name]
        assert [im.truth.window(int(n)) for n in im.truth.ids] == [
            truth.window(int(n)) for n in truth.ids
        ]
    assert report.losses["objects are boxes, without outlines"] == 9
    text = (tmp_path / "out" / "data.yaml").read_text()
    assert '  0: "débris, old"\n  1: "nucleus"' in text
    assert (tmp_path / "out" / "labels" / "empty.txt").read_text() == ""


def test_voc_has_pictures_of_objects_and_classes(cells, tmp_path):
    sam.export_labels(cells, tmp_path / "out", format="voc")
    root = tmp_path / "out"
    objects = Image.open(root / "SegmentationObject" / f"{NAME}.png")
    assert objects.mode == "P"
    assert objects.getpalette()[:9] == [0, 0, 0, 128, 0, 0, 0, 128, 0]
    classes = np.array(Image.open(root / "SegmentationClass" / f"{NAME}.png"))
    numbers = np.array(objects)
    assert classes[0, 0] == 2
    assert classes[0, 10] == 3  # nucleus, and what has no class
    assert numbers.max() == 8
    one = ET.parse(root / "Annotations" / f"{NAME}.xml").find("object/bndbox")
    assert [int(v.text) for v in one] == [1, 1, 9, 9]
    assert (root / "JPEGImages" / f"{NAME}.jpg").is_file()
    assert len((root / "ImageSets/Main/train.txt").read_text().splitlines()) == 3


def test_labelme_has_masks_of_what_has_holes(cells, tmp_path, hard):
    sam.export_labels(cells, tmp_path / "out", format="labelme")
    content = json.loads((tmp_path / "out" / f"{NAME}.json").read_text())
    shapes = {s["group_id"]: s for s in content["shapes"] if s["shape_type"] == "mask"}
    assert list(shapes) == [300]
    (left, top), (right, bottom) = shapes[300]["points"]
    pixels = np.zeros(SHAPE, np.uint8)
    picture = Image.open(BytesIO(base64.b64decode(shapes[300]["mask"])))
    pixels[top : bottom + 1, left : right + 1] = picture  # as LabelMe has it
    np.testing.assert_array_equal(pixels > 0, hard == 300)
    parts = [s["shape_type"] for s in content["shapes"] if s["group_id"] == 65535]
    assert parts == ["polygon"] * 3
    assert content["imagePath"] == f"{NAME}.png"
    assert (content["imageHeight"], content["imageWidth"]) == SHAPE


def test_voc_of_many_objects_has_16_bits(tmp_path):
    labels = np.arange(400).reshape(20, 20)
    image = LabelledImage("a", "set", sam.Frames(np.zeros((20, 20), np.uint8)), labels)
    report = sam.export_labels([image], tmp_path / "out", format="voc")
    [back] = read_labelled_images(tmp_path / "out")
    np.testing.assert_array_equal(back.labels, labels)
    assert "16 bits" in next(iter(report.losses))


def test_a_movie_is_a_sequence_with_tracks(tmp_path):
    labels = np.zeros((4, *SHAPE), np.uint16)
    labels[:, 2:6, 2:6] = 3
    labels[[0, 1, 3], 20:24, 20:24] = 9  # missing once
    for kind, array in (("images", labels * 100), ("labels", labels)):
        (tmp_path / "set" / kind).mkdir(parents=True)
        tifffile.imwrite(
            tmp_path / "set" / kind / "film.tif", array, metadata={"axes": "TYX"}
        )
    sam.export_labels(tmp_path / "set", tmp_path / "out", format="ctc")
    tracks = (tmp_path / "out/01_GT/TRA/man_track.txt").read_text()
    assert tracks == "3 0 3 0\n9 0 1 0\n10 3 3 9\n"
    back = read_labelled_images(tmp_path / "out")
    np.testing.assert_array_equal([im.labels for im in back], labels)
    np.testing.assert_array_equal([im.frames[0] for im in back], labels * 100)
    last = tifffile.imread(tmp_path / "out/01_GT/TRA/man_track003.tif")
    assert set(np.unique(last)) == {0, 3, 10}


def test_a_stack_is_a_volume(tmp_path):
    labels = np.zeros((5, *SHAPE), np.uint8)
    labels[1:3, 2:6, 2:6] = 3
    for kind, array in (("images", labels * 10), ("labels", labels)):
        (tmp_path / "set" / kind).mkdir(parents=True)
        tifffile.imwrite(
            tmp_path / "set" / kind / "film.tif", array, metadata={"axes": "ZYX"}
        )
    sam.export_labels(tmp_path / "set", tmp_path / "out", format="ctc")
    assert tifffile.imread(tmp_path / "out/01/t000.tif").shape == (5, *SHAPE)
    sam.export_labels(tmp_path / "out", tmp_path / "again", format="ctc")  # gaps in z
    again = tifffile.imread(tmp_path / "again/01_GT/SEG/man_seg000.tif")
    np.testing.assert_array_equal(again, labels)


def test_a_split_never_parts_an_experiment(tmp_path, hard):
    blank = sam.Frames(np.zeros(SHAPE, np.uint8))
    images = [
        LabelledImage(f"plate{plate}_well{well}", "set", blank, hard.astype(int))
        for plate in range(6)
        for well in range(4)
    ]

    def subsets(**more):
        settings = ExportSettings("masks", (0.6, 0.2, 0.2), r"(plate\d+)_", **more)
        sam.export_labels(images, tmp_path / "out", settings=settings, overwrite=True)
        names = {
            s: {p.stem for p in (tmp_path / "out" / s / "images").iterdir()}
            for s in ("train", "val", "test")
        }
        plates = {s: {n.split("_")[0] for n in found} for s, found in names.items()}
        assert sum(map(len, plates.values())) == 6  # each on one side
        assert sum(map(len, names.values())) == 24
        return plates

    first = subsets()
    assert [len(p) for p in first.values()] == [4, 1, 1]
    assert subsets() == first
    assert any(subsets(seed=seed) != first for seed in (1, 2, 3))
    with pytest.raises(ImageError, match="1 experiments cannot be shared out to 2"):
        export(images, tmp_path / "two", "masks", split=(0.5, 0.5), experiment="plate")
    with pytest.raises(ImageError, match="'week' is not in set/plate0_well0"):
        export(images, tmp_path / "two", "masks", split=(0.5, 0.5), experiment="week")
    with pytest.raises(SettingError, match="add up to 1"):
        ExportSettings(split=(0.5, 0.4))


def test_no_subset_stays_empty(tmp_path, hard):
    blank = sam.Frames(np.zeros(SHAPE, np.uint8))
    images = [LabelledImage(n, "set", blank, hard.astype(int)) for n in "abcd"]
    report = export(images, tmp_path / "out", "masks", split=(0.9, 0.05, 0.05))
    assert report.images == {"train": 2, "val": 1, "test": 1}


def test_frames_of_a_movie_are_one_experiment(tmp_path, hard):
    blank = sam.Frames(np.zeros(SHAPE, np.uint8))
    names = ["01/t000", "01/t001", "s[z=0]", "s[z=1]"]
    images = [LabelledImage(n, "set", blank, hard.astype(int)) for n in names]
    for some, count in ((images[:2], 1), (images[2:], 1)):
        with pytest.raises(ImageError, match=f"{count} experiments cannot be shared"):
            export(some, tmp_path / "out", "masks", split=(0.5, 0.5))
    export(images, tmp_path / "out", "masks", split=(0.5, 0.5))
    subsets = {p.parts[-3]: p.name[0] for p in (tmp_path / "out").glob("*/images/*")}
    assert len(set(subsets.values())) == 2


def test_the_same_file_in_two_experiments_joins_them(cells, tmp_path):
    for kind in ("images", "labels"):
        file = cells / "plate1" / kind / "empty.tif"
        (cells / "plate2" / kind / "copy.tif").write_bytes(file.read_bytes())
    with pytest.raises(
        ImageError, match=r"1 experiments .2, of which some have the same"
    ):
        sam.export_labels(
            cells, tmp_path / "out", settings=ExportSettings("yolo", (0.5, 0.5))
        )


def test_the_card_says_what_is_in_it(cells, tmp_path):
    settings = ExportSettings(
        "yolo", (0.5, 0.5), title="Nuclei", source="Our | lab", licence="CC BY 4.0",
        labelled_by="Two people.",
    )  # fmt: skip
    sam.export_labels(cells, tmp_path / "out", settings=settings)
    card = (tmp_path / "out" / "DATA_CARD.md").read_text()
    assert card.startswith("# Nuclei\n")
    for line in (
        "| train | 1 | 2 | 1 | 8 |",
        "| val | 1 | 1 | 0 | 1 |",
        "| débris, old | 1 | 0 |",
        "- train: `plate1`",
        "CC BY 4.0",
        "Two people.",
        "2 were brought to 8 bits",
    ):
        assert line in card
    rows = (tmp_path / "out" / "images.csv").read_text().splitlines()
    assert rows[0] == "file,subset,experiment,source,objects,shown"
    assert f"{NAME}.png,train,plate1,plate1/{NAME},8,c- l" in "\n".join(rows)


def test_planes_of_a_stack_are_shown_alike(tmp_path):
    pixels = np.array([100, 550, 1000], np.uint16)[:, None, None] + np.zeros(
        SHAPE, np.uint16
    )
    labels = np.ones((3, *SHAPE), np.uint8)
    for kind, array in (("images", pixels), ("labels", labels)):
        (tmp_path / "set" / kind).mkdir(parents=True)
        file = tmp_path / "set" / kind / "s.tif"
        tifffile.imwrite(
            file, array, metadata={"axes": "ZYX"}, photometric="minisblack"
        )
    sam.export_labels(tmp_path / "set", tmp_path / "out", format="yolo")
    files = [tmp_path / f"out/images/s_z00{z}.png" for z in range(3)]
    assert [int(iio.imread(file).mean()) for file in files] == [0, 128, 255]


def test_what_is_there_is_never_mixed_with(cells, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    with pytest.raises(ImageError, match="is there already"):
        sam.export_labels(cells, out, format="coco")
    with pytest.raises(ImageError, match=r"not replaced: it has no DATA_CARD\.md"):
        sam.export_labels(cells, out, format="coco", overwrite=True)
    assert (out / "mine.txt").read_text() == "mine"
    with pytest.raises(ImageError, match="holds the images that are exported"):
        sam.export_labels(cells, cells, format="coco", overwrite=True)
    sam.export_labels(cells, tmp_path / "new", format="coco")
    sam.export_labels(cells, tmp_path / "new", format="yolo", overwrite=True)
    assert not (tmp_path / "new" / "annotations").exists()
    assert (tmp_path / "new" / "data.yaml").exists()
    assert {p.name for p in tmp_path.iterdir()} == {"cells", "out", "new"}


@pytest.mark.parametrize("form", FORMATS)
def test_an_export_goes_on_where_it_stopped(cells, tmp_path, form, monkeypatch):
    settings = ExportSettings(form, (0.5, 0.5))
    images = read_labelled_images(cells)
    sam.export_labels(cells, tmp_path / "whole", settings=settings)
    work = iter_export(images, tmp_path / "out", settings)
    for step in work:
        if step.done == step.total // 2 + 1:
            break
    work.close()
    assert not (tmp_path / "out").exists()
    with (tmp_path / ".out.part" / "finished.jsonl").open("a") as file:
        file.write('{"unit": "cut o')
    written = []
    module = "napari_sam.datasets.export.placed_images.ImagePlacer.place"
    if form == "ctc":
        module = "napari_sam.datasets.export.formats.ctc.CtcWriter.write"
    original = eval_name(module)
    monkeypatch.setattr(module, lambda *a: written.append(a) or original(*a))
    sam.export_labels(images, tmp_path / "out", settings=settings)
    assert len(written) == (1 if form == "ctc" else 2)
    assert not (tmp_path / ".out.part").exists()
    text = (tmp_path / "out/DATA_CARD.md").read_text().replace("# out", "# whole")
    (tmp_path / "out/DATA_CARD.md").write_text(text)
    assert content(tmp_path / "out") == content(tmp_path / "whole")


def eval_name(name):
    module, kind, method = name.rsplit(".", 2)
    return getattr(getattr(__import__(module, fromlist=[kind]), kind), method)


def content(root):
    files = (p for p in root.rglob("*") if p.is_file())
    return {str(p.relative_to(root)): p.read_bytes() for p in files}


def test_what_another_export_left_is_not_mixed_in(cells, tmp_path):
    work = iter_export(
        read_labelled_images(cells), tmp_path / "out", ExportSettings("yolo")
    )
    for step in work:
        if step.done == step.total - 1:
            break
    work.close()
    assert (tmp_path / ".out.part" / "labels").is_dir()
    sam.export_labels(cells, tmp_path / "out", format="coco")
    assert not (tmp_path / "out" / "labels").exists()


def test_a_folder_that_no_export_left_stays(cells, tmp_path):
    (tmp_path / ".out.part").mkdir()
    (tmp_path / ".out.part" / "mine.txt").write_text("mine")
    with pytest.raises(ImageError, match="no export that was stopped"):
        sam.export_labels(cells, tmp_path / "out", format="coco")
    assert (tmp_path / ".out.part" / "mine.txt").read_text() == "mine"


def test_a_changed_source_is_exported_anew(cells, tmp_path):
    images = read_labelled_images(cells)
    work = iter_export(images, tmp_path / "out", ExportSettings("masks"))
    for step in work:
        if step.done == step.total // 2 + 2:
            break
    work.close()
    labels = np.zeros(SHAPE, np.uint8)
    labels[3, 3] = 77
    tifffile.imwrite(cells / "plate1/labels/empty.tif", labels)
    sam.export_labels(cells, tmp_path / "out", format="masks")
    assert tifffile.imread(tmp_path / "out/labels/empty.tif").max() == 77


def test_all_that_is_wrong_is_told_before_anything_is_written(cells, tmp_path):
    tifffile.imwrite(cells / "plate1/labels/empty.tif", np.zeros((3, 3), np.uint8))
    with pytest.raises(ImageError, match=r"empty\.tif has the shape \(3, 3\)"):
        sam.export_labels(cells, tmp_path / "out", format="yolo")
    tifffile.imwrite(cells / "plate1/labels/empty.tif", np.zeros(SHAPE, np.uint8))
    with pytest.raises(ImageError, match="class 'nucleus', which is none of object"):
        export(cells, tmp_path / "out", "yolo", classes=("object", "débris, old"))
    assert {p.name for p in tmp_path.iterdir()} == {"cells"}


def test_links_are_the_same_file(cells, tmp_path):
    sam.export_labels(
        cells, tmp_path / "out", settings=ExportSettings("coco", link=True)
    )
    there = cells / "plate2" / "images" / "other.png"
    assert (tmp_path / "out" / "images" / "other.png").samefile(there)
    assert not (tmp_path / "out" / "annotations" / "instances.json").samefile(there)


def test_a_turned_photograph_is_written_upright(tmp_path):
    photo = Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4) * 20)
    exif = photo.getexif()
    exif[274] = 6
    (tmp_path / "set" / "images").mkdir(parents=True)
    (tmp_path / "set" / "labels").mkdir()
    photo.save(tmp_path / "set/images/a.png", exif=exif)
    labels = np.ones((4, 3), np.uint8)
    tifffile.imwrite(tmp_path / "set/labels/a.tif", labels)
    sam.export_labels(tmp_path / "set", tmp_path / "out", format="yolo")
    assert Image.open(tmp_path / "out/images/a.png").size == (3, 4)
    assert 274 not in Image.open(tmp_path / "out/images/a.png").getexif()


def test_names_that_some_systems_do_not_tell_apart(tmp_path, hard):
    blank = sam.Frames(np.zeros(SHAPE, np.uint8))
    names = ("01/t000", "01_t000", "A", "a", "..", "x[t=3,z=0]")
    images = [LabelledImage(n, "set", blank, hard.astype(int)) for n in names]
    sam.export_labels(images, tmp_path / "out", format="yolo")
    stems = [p.stem.casefold() for p in (tmp_path / "out/images").iterdir()]
    assert len(set(stems)) == len(names)
    assert "x_t003_z000" in stems


def test_a_session_is_exported_with_its_classes(tmp_path):
    from napari_sam.session.actions import SetInfo
    from napari_sam.session.object_table import ObjectInfo
    from napari_sam.testing import ThresholdBackend

    pixels = np.zeros((64, 64), np.uint8)
    pixels[10:30, 20:40] = 200
    session = sam.AnnotationSession(sam.PromptableImage(pixels, ThresholdBackend()))
    session.add_point(15, 25)
    session.commit()
    session.execute(SetInfo(1, ObjectInfo(category="roof", status="committed")))
    sam.export_labels(session, tmp_path / "out", format="coco")
    [back] = read_labelled_images(tmp_path / "out")
    assert back.truth.categories == {1: "roof"}
    np.testing.assert_array_equal(back.labels, session.labels)


def test_coco_of_others_is_read_as_before(coco, write_coco):
    coco["annotations"][0]["label"] = 12  # not all have one
    [first, _] = read_labelled_images(write_coco(coco))
    assert first.truth.ids.tolist() == [1, 3]
    assert json.dumps(coco)
