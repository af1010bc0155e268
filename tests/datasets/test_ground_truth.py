import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco_mask

from napari_sam.core.errors import ImageError
from napari_sam.core.geometry.region import Region
from napari_sam.core.images.frames import Frames
from napari_sam.datasets.ground_truth.coco_masks import RleTruth
from napari_sam.datasets.ground_truth.label_image import LabelTruth
from napari_sam.datasets.ground_truth.protocol import to_labels
from napari_sam.datasets.labelled_images import LabelledImage

SHAPE = (40, 50)


def whole(truth, object_id):
    """Pixels of an object on its whole plane."""
    return truth.mask(object_id).in_window(Region(0, 0, *truth.shape))


def runs_of(mask):
    """Run lengths down the columns, from the background on, by counting."""
    counts, value = [0], False
    for pixel in mask.T.ravel():
        if pixel != value:
            counts.append(0)
            value = pixel
        counts[-1] += 1
    return {"size": list(mask.shape), "counts": counts}


def test_objects_of_a_label_image(labels):
    truth = LabelTruth(labels)
    assert truth.shape == SHAPE
    assert truth.ids.tolist() == [2, 5]
    assert truth.areas.tolist() == [60, 100]
    assert truth.window(5) == Region(20, 30, 30, 40)
    np.testing.assert_array_equal(whole(truth, 2), labels == 2)
    assert truth.labels.dtype == np.int32


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int64, np.uint64, np.float32])
def test_labels_may_be_of_any_type_that_holds_whole_numbers(labels, kind):
    truth = LabelTruth(labels.astype(kind))
    np.testing.assert_array_equal(truth.labels, labels.astype(kind).astype(int))


def test_numbers_with_large_gaps_are_kept(labels):
    truth = LabelTruth(np.where(labels == 5, 2_000_000_000, labels.astype(int)))
    assert truth.ids.tolist() == [2, 2_000_000_000]
    assert truth.areas.tolist() == [60, 100]
    assert truth.window(2_000_000_000) == Region(20, 30, 30, 40)
    assert truth.window(2) == Region(2, 3, 8, 13)


def test_numbers_too_large_are_counted_anew_and_the_background_stays(labels):
    bodies = labels.astype(np.uint64) * 10**15
    truth = LabelTruth(bodies)
    assert truth.ids.tolist() == [1, 2]
    assert truth.areas.tolist() == [60, 100]
    everywhere = LabelTruth(bodies + np.uint64(2**40))
    assert everywhere.areas.sum() == labels.size


def test_grey_labels_saved_as_colour_are_labels(labels):
    truth = LabelTruth(np.stack([labels] * 3, -1))
    assert truth.ids.tolist() == [2, 5]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda x: x + 0.25, "2000 pixels that are no whole numbers, such as 0.25"),
        (lambda x: np.where(x == 5, np.nan, x), "100 pixels that are NaN or infinite"),
        (lambda x: x.astype(int) - 1, "from 0, but the smallest is -1"),
        (lambda x: np.stack([x, 2 * x, x], -1), "has channels, its shape"),
        (lambda x: x.astype(complex), "not complex128"),
        (lambda x: x[0], r"has the shape \(50,\)"),
    ],
)
def test_labels_that_are_none_are_refused_by_name(labels, change, match):
    with pytest.raises(ImageError, match=rf"^mine\.tif.*{match}"):
        LabelTruth(change(labels), where="mine.tif")


@given(arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_every_form_of_run_lengths_is_the_same_mask(mask):
    packed = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    text = {**packed, "counts": packed["counts"].decode()}
    truth = RleTruth(mask.shape, {1: packed, 2: text, 3: runs_of(mask)})
    assert truth.ids.tolist() == ([1, 2, 3] if mask.any() else [])
    for k, area in zip(truth.ids, truth.areas, strict=True):
        np.testing.assert_array_equal(whole(truth, k), mask)
        assert area == mask.sum()
        rows, cols = np.nonzero(mask)
        assert truth.window(k) == Region(
            rows.min(), cols.min(), rows.max() + 1, cols.max() + 1
        )


def test_long_runs_are_read(compressed):
    mask = np.zeros((2000, 3000), bool)
    mask[:, 1000:2500] = True
    mask[7, 2] = True
    truth = RleTruth(mask.shape, {1: compressed(mask)})
    np.testing.assert_array_equal(whole(truth, 1), mask)


def test_polygons_of_an_object_are_drawn_together():
    square, other = [3, 2, 13, 2, 13, 8, 3, 8], [30, 20, 40, 20, 40, 30, 30, 30]
    truth = RleTruth(SHAPE, {4: [square, other, [1, 1, 2, 2]]})
    expected = np.zeros(SHAPE, bool)
    expected[2:8, 3:13] = expected[20:30, 30:40] = True
    np.testing.assert_array_equal(whole(truth, 4), expected)
    assert truth.areas.tolist() == [160]
    assert truth.window(4) == Region(2, 3, 30, 40)


def test_a_polygon_that_reaches_over_the_edge_is_cut():
    truth = RleTruth(SHAPE, {1: [[-10, -10, 60, -10, 60, 20, -10, 20]]})
    assert truth.window(1) == Region(0, 0, 20, 50)


def test_what_has_no_pixel_is_left_out():
    nothing = {"size": list(SHAPE), "counts": [2000]}
    truth = RleTruth(SHAPE, {1: nothing, 2: [[1, 1, 5, 5]], 3: []})
    assert truth.ids.tolist() == []
    assert RleTruth(SHAPE, {}).areas.tolist() == []


@pytest.mark.parametrize(
    ("broken", "match"),
    [
        ({"size": [50, 40], "counts": [2000]}, r"the size \[50, 40\], .* 40 rows"),
        ({"size": [40, 50], "counts": [10, 20]}, "add up to 30"),
        ({"size": [40, 50], "counts": [-5, 2005]}, "the least is -5"),
        ({"size": [40, 50], "counts": [0.5, 1999.5]}, "neither whole numbers nor"),
        ({"size": [40, 50], "counts": "abc"}, "not COCO run lengths"),
        ({"size": [40, 50], "counts": "c26"}, "add up to"),
        ({"size": [40, 50], "counts": ""}, "not COCO run lengths"),
        ({"size": [40, 50], "counts": "o" * 30 + "0"}, "endless"),
        ({"size": [40, 50]}, "neither whole numbers nor text"),
        ([[1, 1, 9, 9, 5]], "no list of finite numbers"),
        ([[1, 1, 9, float("nan"), 5, 5]], "no list of finite numbers"),
        ([[[1, 1], [9, 9], [5, 5]]], "no list of finite numbers"),
        ([["a", "b", 9, 9, 5, 5]], "no list of finite numbers"),
        ([[1e9, 1e9, 2, 2, 3, 3]], "far outside the image of 40 rows and 50"),
        ("abc", "not COCO run lengths"),
        (7, "of the type int"),
    ],
)
def test_broken_masks_are_refused_by_name(broken, match):
    with pytest.raises(ImageError, match=rf"^sa_1\.json: annotation 6 .*{match}"):
        RleTruth(SHAPE, {6: broken}, where="sa_1.json")


def test_an_object_that_is_not_there_is_refused(labels):
    for truth in (LabelTruth(labels), RleTruth(SHAPE, {})):
        for ask in (truth.mask, truth.window):
            with pytest.raises(ImageError, match="no object 3"):
                ask(3)


def test_small_objects_are_painted_over_large_ones():
    large, small = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    large[5:30, 5:30] = True
    small[10:15, 10:15] = True
    truth = RleTruth(SHAPE, {1: runs_of(small), 2: runs_of(large)})
    expected = np.where(small, 1, np.where(large, 2, 0))
    np.testing.assert_array_equal(to_labels(truth), expected)
    pair = LabelledImage("a", "masks", Frames(np.zeros(SHAPE)), truth)
    np.testing.assert_array_equal(pair.labels, expected)


def test_a_pair_is_made_of_values_too(pixels, labels):
    pair = LabelledImage("a", "squares", Frames(pixels), labels)
    assert pair.truth.ids.tolist() == [2, 5]
    np.testing.assert_array_equal(pair.labels, labels)
    np.testing.assert_array_equal(pair.frames[0], pixels)


def test_truth_of_another_shape_is_refused(pixels, labels):
    pair = LabelledImage("a", "b", Frames(pixels), labels.T, files=("a.png", "a.tif"))
    with pytest.raises(ImageError, match=r"a\.tif has the shape \(50, 40\).*exchanged"):
        _ = pair.truth


@pytest.mark.parametrize("shape", [(2**40, 2**30), (0, 5), (-3, 4), ("7", 5)])
def test_sizes_that_no_image_has_are_refused(shape):
    with pytest.raises(ImageError, match="rows"):
        RleTruth(shape, {1: [[1, 1, 5, 1, 5, 5]]})


def test_an_image_may_have_more_than_255_masks():
    """So many are more than pycocotools counts the pixels of."""
    masks = {n: np.zeros((20, 20), bool) for n in range(1, 301)}
    for n, mask in masks.items():
        mask.ravel()[n : n + 3] = True
    truth = RleTruth((20, 20), {n: runs_of(mask) for n, mask in masks.items()})
    assert truth.areas.tolist() == [3] * 300
    np.testing.assert_array_equal(whole(truth, 299), masks[299])
