"""A part inside a whole: which of both stays, by method."""

import numpy as np
import pytest

from napari_sam.automatic import (
    AutomaticMask,
    AutomaticMasks,
    EverythingSettings,
    FilterSettings,
    InstanceSettings,
    filter_masks,
    iter_everything,
)
from napari_sam.automatic.instance_segmentation import find_instances
from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.core.progress import drain
from napari_sam.image import PromptableImage
from napari_sam.testing import InstanceThresholdBackend, ThresholdBackend

WHOLE = Region(0, 0, 60, 60)


def square(top, left, side, score):
    mask = Mask.from_array(np.ones((side, side)), top=top, left=left)
    return AutomaticMask(mask, score, 1.0, (top + 1, left + 1), WHOLE)


def scores_left(masks, *, may_nest=False, **settings):
    found = AutomaticMasks(tuple(masks), (60, 60), may_nest)
    stay = filter_masks(found, FilterSettings(**settings))
    return [one.score for one in stay.masks]


def test_of_a_part_and_its_whole_the_better_stays():
    part, whole = square(20, 20, 10, 0.8), square(10, 10, 40, 0.7)
    assert scores_left([part, whole]) == [0.8]
    better = square(10, 10, 40, 0.9)
    assert scores_left([part, better]) == [0.9]


def test_a_share_of_the_smaller_decides():
    whole = square(10, 10, 30, 0.9)
    half_out = square(10, 35, 10, 0.8)  # half of it lies in the whole
    assert scores_left([whole, half_out]) == [0.9, 0.8]
    assert scores_left([whole, half_out], nested=0.4) == [0.9]
    inside = square(12, 12, 10, 0.8)
    assert scores_left([whole, inside], nested=1) == [0.9, 0.8]


def test_what_was_dropped_drops_nothing():
    best, middle = square(10, 10, 12, 0.9), square(10, 10, 30, 0.8)
    apart = square(30, 30, 9, 0.7)  # in the middle one, which is dropped for the best
    assert scores_left([best, middle, apart]) == [0.9, 0.7]


def test_a_mask_that_thresholds_drop_drops_nothing():
    part, whole = square(20, 20, 10, 0.8), square(10, 10, 40, 0.7)
    assert scores_left([part, whole], smallest=200) == [0.7]


def test_a_grid_that_is_asked_for_keeps_nested_masks_as_the_paper():
    part, whole = square(20, 20, 10, 0.8), square(10, 10, 40, 0.7)
    assert scores_left([part, whole], may_nest=True) == [0.8, 0.7]
    assert scores_left([part, whole], may_nest=True, nested=0.6) == [0.8]


@pytest.mark.parametrize(
    ("settings", "backend", "may_nest"),
    [
        (EverythingSettings(points=2), ThresholdBackend(), False),
        (EverythingSettings(method="grid", points=2), ThresholdBackend(), True),
        (EverythingSettings(), InstanceThresholdBackend(), True),
        (EverythingSettings(refine=True), InstanceThresholdBackend(), False),
    ],
    ids=["auto", "grid", "instances", "refined"],
)
def test_which_masks_may_nest(settings, backend, may_nest):
    pixels = np.zeros((40, 40), np.uint8)
    pixels[10:20, 10:20] = 200
    image = PromptableImage(pixels, backend)
    found = drain(iter_everything(image, settings=settings))
    assert found.may_nest == may_nest == found.chosen([]).may_nest


def maps_of(outer, inner):
    """Maps of a disc in a ring, with a gap of background between them."""
    rows, cols = np.mgrid[:64, :64] - 32
    away = np.hypot(rows, cols)
    ring, disc = (away < outer) & (away >= inner + 3), away < inner
    shown = (ring | disc).astype(np.float32)
    return np.stack([shown, shown, shown]), disc


def test_a_piece_in_a_hole_is_of_the_object_around_it():
    maps, _ = maps_of(28, 5)
    (one,) = find_instances(maps, InstanceSettings())
    filled = np.hypot(*(np.mgrid[:64, :64] - 32)) < 28
    np.testing.assert_array_equal(one.mask.in_window(Region(0, 0, 64, 64)), filled)


def test_what_fills_a_ring_stays_and_no_pixel_is_of_two():
    maps, disc = maps_of(28, 22)
    found = find_instances(maps, InstanceSettings())
    shown = [one.mask.in_window(Region(0, 0, 64, 64)) for one in found]
    assert len(shown) == 2
    assert not (shown[0] & shown[1]).any()
    np.testing.assert_array_equal(max(shown, key=np.sum), disc)
