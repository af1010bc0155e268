"""Images and label images, in two folders or side by side."""

import pickle
import re
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_sam.core.errors import ImageError, MissingFileError, NapariSamError
from napari_sam.datasets.labelled_images import LAYOUTS, read_labelled_images
from napari_sam.io import write_labels


def test_images_and_labels_of_the_same_name(label_folder, pixels, labels):
    pairs = read_labelled_images(label_folder)
    assert [(p.name, p.kind) for p in pairs] == [(n, "cells") for n in "abc"]
    for pair in pairs:
        np.testing.assert_array_equal(pair.frames[0], pixels)
        np.testing.assert_array_equal(pair.labels, labels)


def test_nothing_is_read_before_it_is_asked_for(label_folder, files_read):
    pairs = read_labelled_images(label_folder)
    assert files_read == []
    _ = pairs[1].frames
    assert files_read == ["b.png"]
    _ = pairs[1].truth
    assert files_read == ["b.png", "b.tif"]


def test_a_small_set_is_read_once(label_folder, files_read):
    pairs = read_labelled_images(label_folder)
    for _ in range(3):
        assert [len(p.truth.ids) for p in pairs] == [2, 2, 2]
    assert len(files_read) == 6


def test_a_large_set_is_read_again_and_the_latest_is_kept(label_folder, files_read):
    pairs = read_labelled_images(label_folder, memory=1)
    for pair in pairs:
        _ = pair.frames, pair.frames
    assert len(files_read) == 3
    _ = pairs[0].frames
    assert len(files_read) == 4


def test_pairs_go_to_other_processes_without_their_pixels(label_folder, labels):
    pairs = read_labelled_images(label_folder)
    before = len(pickle.dumps(pairs))
    _ = [p.labels for p in pairs]
    sent = pickle.dumps(pairs)
    assert len(sent) <= before + 50
    np.testing.assert_array_equal(pickle.loads(sent)[2].labels, labels)


def test_masks_is_another_name_for_labels(label_folder):
    (label_folder / "labels").rename(label_folder / "masks")
    assert len(read_labelled_images(label_folder)) == 3


@pytest.mark.parametrize("name", ["notes.txt", ".DS_Store", "Thumbs.db", "t.csv"])
def test_what_is_no_image_is_passed_over(label_folder, name):
    for folder in ("images", "labels"):
        (label_folder / folder / name).write_bytes(b"?")
    assert len(read_labelled_images(label_folder)) == 3


def test_names_are_names_and_no_patterns(label_folder, pixels, labels):
    for name in ("a.b", "[x]"):
        iio.imwrite(label_folder / "images" / f"{name}.png", pixels)
        write_labels(
            label_folder / "labels" / f"{name}.tif", 0 * labels, overwrite=True
        )
    empty = [p.name for p in read_labelled_images(label_folder) if not len(p.truth.ids)]
    assert empty == ["[x]", "a.b"]


@pytest.mark.parametrize(
    ("image", "masks"),
    [
        ("cell_img.png", "cell_masks.png"),
        ("cell.png", "cell_masks.tif"),
        ("cell.tif", "cell_cp_masks.png"),
        ("cell.tif", "cell_mask.png"),
        ("image.tif", "labels.tif"),
    ],
)
def test_masks_beside_their_images(tmp_path, pixels, labels, image, masks):
    (tmp_path / "meta.json").write_text("{}")
    iio.imwrite(tmp_path / image, pixels)
    write_labels(tmp_path / masks, labels)
    (pair,) = read_labelled_images(tmp_path)
    assert pair.name in image
    assert pair.truth.ids.tolist() == [2, 5]


@pytest.mark.parametrize("axes", ["ZYX", "TZYX", None])
def test_a_stack_is_one_pair_per_plane(label_folder, pixels, labels, axes, files_read):
    shape = (2, 2) if axes == "TZYX" else (4,)
    stack = np.stack([pixels + k for k in range(4)]).reshape(*shape, 40, 50)
    truth = np.stack([labels * (k > 0) for k in range(4)]).reshape(*shape, 40, 50)
    for folder, planes in (("images", stack), ("labels", truth)):
        said = {"imagej": True, "metadata": {"axes": axes}} if axes else {}
        said = said or {"photometric": "minisblack", "metadata": None}
        tifffile.imwrite(label_folder / folder / "b.tif", planes, **said)
    (label_folder / "images" / "b.png").unlink()
    pairs = read_labelled_images(label_folder)
    assert files_read == []
    names = [f"b[z={k}]" for k in range(4)]
    if axes == "TZYX":
        names = [f"b[t={t},z={z}]" for t in (0, 1) for z in (0, 1)]
    assert [p.name for p in pairs] == ["a", *names, "c"]
    for k, pair in enumerate(pairs[1:5]):
        np.testing.assert_array_equal(pair.frames[0], pixels + k)
        np.testing.assert_array_equal(pair.labels, labels * (k > 0))
    assert files_read == ["b.tif", "b.tif"]


def test_a_stack_with_channels_keeps_them(label_folder, labels):
    stack = np.random.default_rng(0).integers(0, 255, (3, 2, 40, 50), np.uint8)
    options = {"imagej": True, "metadata": {"axes": "ZCYX"}}
    (label_folder / "images" / "b.png").unlink()
    tifffile.imwrite(label_folder / "images" / "b.tif", stack, **options)
    write_labels(
        label_folder / "labels" / "b.tif",
        np.stack([labels] * 3),
        axes="zyx",
        overwrite=True,
    )
    pair = read_labelled_images(label_folder)[2]
    assert (pair.name, pair.frames.n_channels) == ("b[z=1]", 2)
    np.testing.assert_array_equal(pair.frames[0], stack[1].transpose(1, 2, 0))
    assert pair.truth.areas.tolist() == [60, 100]


def test_the_numbers_of_a_palette_are_the_labels(label_folder, labels):
    picture = Image.fromarray(labels.astype(np.uint8), "P")
    picture.putpalette(list(range(255, -1, -1)) * 3)
    (label_folder / "labels" / "a.tif").unlink()
    picture.save(label_folder / "labels" / "a.png")
    assert read_labelled_images(label_folder)[0].truth.ids.tolist() == [2, 5]


def test_a_missing_counterpart_is_named_at_once(label_folder):
    (label_folder / "labels" / "c.tif").unlink()
    with pytest.raises(MissingFileError, match=r"c\.png has no labels .*1 of 3 images"):
        read_labelled_images(label_folder)


def test_two_files_of_one_name_are_refused(label_folder, labels):
    write_labels(label_folder / "labels" / "a.png", labels, overwrite=True)
    with pytest.raises(ImageError, match=r"a\.tif and a\.png have the same name"):
        read_labelled_images(label_folder)


def test_two_folders_of_labels_are_refused(label_folder):
    (label_folder / "masks").mkdir()
    with pytest.raises(ImageError, match="both labels/ and masks/"):
        read_labelled_images(label_folder)


def test_labels_of_another_shape_are_refused_when_used(label_folder, labels):
    write_labels(label_folder / "labels" / "b.tif", labels[:5, :5], overwrite=True)
    pair = read_labelled_images(label_folder)[1]
    for _ in range(2):
        with pytest.raises(ImageError, match=r"b\.tif has the shape \(5, 5\).*b\.png"):
            _ = pair.truth


def test_planes_that_do_not_correspond_are_refused_when_used(label_folder, labels):
    write_labels(
        label_folder / "labels" / "b.tif",
        np.stack([labels] * 4),
        axes="zyx",
        overwrite=True,
    )
    with pytest.raises(ImageError, match="4 frames of labels; expected one"):
        _ = read_labelled_images(label_folder)[1].truth
    (label_folder / "images" / "b.png").unlink()
    stack = np.stack([labels] * 3)
    write_labels(label_folder / "images" / "b.tif", stack, axes="zyx")
    with pytest.raises(ImageError, match=r"b\.tif has 3 frames; expected one"):
        _ = read_labelled_images(label_folder)[1].frames


def test_pixels_that_are_no_numbers_are_counted(label_folder, pixels):
    broken = np.where(pixels > 200, np.nan, pixels).astype(np.float32)
    (label_folder / "images" / "a.png").unlink()
    tifffile.imwrite(label_folder / "images" / "a.tif", broken)
    many = int((pixels > 200).sum())
    with pytest.raises(ImageError, match=rf"a\.tif has {many} pixels that are NaN"):
        _ = read_labelled_images(label_folder)[0].frames


def test_an_unreadable_file_is_named(label_folder):
    (label_folder / "images" / "a.png").write_bytes(b"no")
    with pytest.raises(NapariSamError, match=r"a\.png cannot be read as an image"):
        _ = read_labelled_images(label_folder)[0].frames
    (label_folder / "images" / "a.png").rename(label_folder / "images" / "a.tif")
    with pytest.raises(NapariSamError, match=r"a\.tif cannot be read as a TIFF"):
        read_labelled_images(label_folder)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(MissingFileError, match=r"holds nothing\. Looked for images/"):
        read_labelled_images(tmp_path)
    (tmp_path / "images").mkdir()
    with pytest.raises(MissingFileError, match=r"holds images/\. Looked for"):
        read_labelled_images(tmp_path)
    (tmp_path / "labels").mkdir()
    with pytest.raises(MissingFileError, match="holds no images"):
        read_labelled_images(tmp_path)
    with pytest.raises(MissingFileError, match="does not exist"):
        read_labelled_images(tmp_path / "gone")


def test_two_layouts_in_one_folder_must_be_told_apart(label_folder, pixels):
    iio.imwrite(label_folder / "x.jpg", pixels)
    (label_folder / "x.json").write_text("{}")
    with pytest.raises(ImageError, match="fits 2 layouts: labels, sa-1b"):
        read_labelled_images(label_folder)
    assert len(read_labelled_images(label_folder, layout="labels")) == 3


def test_a_layout_that_is_not_known_is_refused(label_folder):
    with pytest.raises(ImageError, match="expected auto, labels, masks, sa-1b"):
        read_labelled_images(label_folder, layout="cityscapes")
    with pytest.raises(MissingFileError, match=r"a\.png is not .* holds no JSON\."):
        read_labelled_images(label_folder / "images" / "a.png")
    with pytest.raises(ImageError, match="is a file"):
        read_labelled_images(label_folder / "images" / "a.png", layout="labels")
    with pytest.raises(MissingFileError, match="does not hold images/ and labels/"):
        read_labelled_images(label_folder / "images", layout="labels")


def test_every_layout_is_explained():
    page = (Path(__file__).parents[2] / "docs" / "data.md").read_text()
    rows = re.findall(r"^\| (`.*?) \|", page, re.M)
    assert re.findall(r"`([\w-]+)`", " ".join(rows)) == list(LAYOUTS)
