"""Sequences of the Cell Tracking Challenge."""

import numpy as np
import pytest
import tifffile

from napari_sam.core.errors import ImageError, MissingFileError
from napari_sam.datasets.labelled_images import read_labelled_images

#: A volume with objects in two of its five slices.
DEPTH = np.array([0, 1, 0, 1, 0])[:, None, None]


@pytest.fixture
def film(tmp_path, pixels, labels):
    """Write an image, and masks of it in a folder."""

    def write(number, folder=None, name=None, *, volume=False):
        for path, what in (
            (tmp_path / "film" / "01" / f"t{number}.tif", pixels),
            (tmp_path / "film" / f"01_{folder}" / f"{name}.tif", labels),
        ):
            if folder is None and path.parent.name != "01":
                continue
            sliced = volume == "slice" and what is labels
            data = what * DEPTH.astype(what.dtype) if volume and not sliced else what
            path.parent.mkdir(parents=True, exist_ok=True)
            tifffile.imwrite(path, data, photometric="minisblack")
        return tmp_path / "film"

    return write


def names(pairs):
    return [p.name for p in pairs]


def test_frames_with_outlines(film, labels, files_read):
    film("000")
    film("001", "GT/SEG", "man_seg001")
    root = film("003", "GT/SEG", "man_seg003")
    pairs = read_labelled_images(root)
    assert files_read == []
    assert names(pairs) == ["01/t001", "01/t003"]
    assert pairs[0].kind == "film"
    np.testing.assert_array_equal(pairs[1].labels, labels)


def test_gold_goes_before_silver_unless_silver_is_asked_for(film):
    film("000", "ST/SEG", "man_seg000")
    film("001", "ST/SEG", "man_seg001")
    assert names(read_labelled_images(film("001"))) == ["01/t000", "01/t001"]
    root = film("001", "GT/SEG", "man_seg001")
    assert names(read_labelled_images(root)) == ["01/t001"]
    assert names(read_labelled_images(root, layout="ctc-st")) == ["01/t000", "01/t001"]
    assert names(read_labelled_images(root / "01_ST" / "SEG")) == ["01/t000", "01/t001"]


def test_marks_of_tracks_are_no_outlines_unless_it_is_said(film):
    root = film("0000", "GT/TRA", "man_track0000")
    with pytest.raises(MissingFileError, match=r"smaller than the cells.*ctc-tra"):
        read_labelled_images(root)
    for pairs in (
        read_labelled_images(root, layout="ctc-tra"),
        read_labelled_images(root / "01_GT/TRA"),
    ):
        assert names(pairs) == ["01/t0000"]
        assert pairs[0].kind == "film"
        assert pairs[0].truth.ids.tolist() == [2, 5]


def test_a_volume_is_one_pair_for_each_slice_with_objects(film, pixels, labels):
    root = film("007", "GT/SEG", "man_seg007", volume=True)
    pairs = read_labelled_images(root)
    assert names(pairs) == ["01/t007[z=1]", "01/t007[z=3]"]
    np.testing.assert_array_equal(pairs[1].frames[0], pixels)
    np.testing.assert_array_equal(pairs[1].labels, labels)


def test_masks_of_single_slices(film, labels):
    root = film("007", "GT/SEG", "man_seg_007_003", volume="slice")
    (pair,) = read_labelled_images(root)
    assert pair.name == "01/t007[z=3]"
    np.testing.assert_array_equal(pair.labels, labels)
    film("007", "GT/SEG", "man_seg_007_009", volume="slice")
    with pytest.raises(ImageError, match=r"t007\.tif has 5 frames; .* no frame 9"):
        _ = read_labelled_images(root)[1].frames


def test_masks_without_their_image_are_named(film):
    root = film("000", "GT/SEG", "man_seg001")
    with pytest.raises(MissingFileError, match=r"for man_seg001\.tif \(1 of 1"):
        read_labelled_images(root)


def test_a_volume_and_a_plane_do_not_correspond(film, labels):
    root = film("000", "GT/SEG", "man_seg000")
    stack = labels * DEPTH.astype(labels.dtype)
    tifffile.imwrite(root / "01_GT/SEG/man_seg000.tif", stack, imagej=True)
    with pytest.raises(ImageError, match=r"man_seg000\.tif has channels"):
        _ = read_labelled_images(root)[0].truth
    tifffile.imwrite(root / "01/t000.tif", stack, imagej=True)
    assert names(read_labelled_images(root)) == ["01/t000[z=1]", "01/t000[z=3]"]
    tifffile.imwrite(root / "01/t000.tif", stack[:4], imagej=True)
    with pytest.raises(ImageError, match=r"5 slices, but .*t000\.tif has 4"):
        read_labelled_images(root)
