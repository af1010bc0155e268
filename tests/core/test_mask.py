"""A mask is a region and its runs: compared, combined, and made pixels again."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from napari_sam.core.errors import ImageError
from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask

pixels = arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9)))
places = st.tuples(st.integers(-6, 6), st.integers(-6, 6))
WINDOW = Region(-20, -20, 20, 20)


def placed(array, place):
    return Mask.from_array(array, top=place[0], left=place[1])


@given(pixels, places)
def test_pixels_come_back_where_they_were(array, place):
    mask = placed(array, place)
    known = np.zeros(WINDOW.shape, bool)
    top, left = place[0] + 20, place[1] + 20
    known[top : top + array.shape[0], left : left + array.shape[1]] = array
    assert np.array_equal(mask.in_window(WINDOW), known)
    assert mask.area == array.sum()
    assert bool(mask) == array.any()
    if mask:
        assert mask.array.any(1)[[0, -1]].all()
        assert mask.array.any(0)[[0, -1]].all()
    assert Mask.from_runs(mask.region, mask.run_lengths.tolist()) == mask
    assert pickle.loads(pickle.dumps(mask)) == mask


@given(pixels, places, pixels, places)
def test_masks_combine_as_their_pixels_do(one, here, other, there):
    a, b = placed(one, here), placed(other, there)
    x, y = a.in_window(WINDOW), b.in_window(WINDOW)
    assert np.array_equal((a & b).in_window(WINDOW), x & y)
    assert np.array_equal((a | b).in_window(WINDOW), x | y)
    assert np.array_equal((a - b).in_window(WINDOW), x & ~y)
    either = (x | y).sum()
    assert a.iou(b) == pytest.approx((x & y).sum() / either if either else 1)


@given(pixels)
def test_the_deepest_pixel_is_farthest_from_what_is_not_set(array):
    mask = Mask.from_array(array)
    if not mask:
        with pytest.raises(ImageError, match="empty"):
            _ = mask.deepest
        return
    depth = ndimage.distance_transform_edt(np.pad(array, 1))[1:-1, 1:-1]
    assert depth[mask.deepest] == depth.max()


@given(pixels)
def test_the_outline_is_what_erosion_takes_away(array):
    mask = Mask.from_array(array)
    known = array & ~ndimage.binary_erosion(array)
    assert np.array_equal(mask.outline.in_window(Region(0, 0, *array.shape)), known)


def test_equal_pixels_are_one_value_however_much_empty_space_came_along():
    one = Mask.from_array(np.ones((2, 3)), top=4, left=5)
    other = Mask.from_array(np.pad(np.ones((2, 3)), 3), top=1, left=2)
    assert one == other
    assert len({one, other}) == 1
    assert one.digest == other.digest != one.shifted(0, 1).digest
    assert one.shifted(1, -1).region == Region(5, 4, 7, 7)


@given(arrays(np.uint8, (4, 5), elements=st.integers(0, 3)))
def test_a_label_is_the_mask_of_its_pixels(labels):
    mask = Mask.from_label(labels, 2, top=3, left=-1)
    inside = mask.in_window(Region(3, -1, 7, 4))
    np.testing.assert_array_equal(inside, labels == 2)
    assert mask == Mask.empty() or 2 in labels


def test_what_is_no_mask_is_refused():
    with pytest.raises(ImageError, match="two dimensions"):
        Mask.from_array(np.ones(3))
    with pytest.raises(ImageError, match="sum to 3"):
        Mask.from_runs(Region(0, 0, 2, 2), [1, 2])
    with pytest.raises(ImageError, match="negative"):
        Mask.from_runs(Region(0, 0, 2, 2), [-1, 5])


@given(pixels, places, places)
def test_a_position_is_that_of_the_nearest_pixel(array, place, pixel):
    mask, (row, col) = placed(array, place), pixel
    there = mask.in_window(WINDOW)[row + 20, col + 20]
    assert mask.contains(row, col) == mask.contains(row - 0.4, col + 0.4) == there
