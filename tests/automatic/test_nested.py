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
from napari_sam.automatic.instance_segmentation import (
    best_pieces,
    candidates,
    find_instances,
)
from napari_sam.automatic.mask_scores import estimated_iou, score_features
from napari_sam.automatic.partitions import Piece
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


def closeness(depth_of_dip):
    """Maps of two discs that touch, with a dip between them."""
    rows, cols = np.mgrid[:40, :64]
    discs = [np.hypot(rows - 20, cols - middle) < 12 for middle in (21, 43)]
    depth = np.maximum(*(1 - np.hypot(rows - 20, cols - c) / 13 for c in (21, 43)))
    depth = np.where(discs[0] | discs[1], depth.clip(depth_of_dip, 1), 0)
    shown = (discs[0] | discs[1]).astype(np.float32)
    return np.stack([shown, depth, depth]).astype(np.float32), discs


def test_of_one_mask_and_the_two_in_it_the_better_stay():
    maps, discs = closeness(0)
    found = find_instances(maps, InstanceSettings(split=0.45))
    # Dips of .9 and more set objects apart at the highest threshold: there it is one.
    assert len(candidates(maps, InstanceSettings(split=0.45))) == 3
    assert len(found) == 2
    for one, disc in zip(sorted(found, key=lambda i: i.seed[1]), discs, strict=True):
        assert one.mask.iou(Mask.from_array(disc)) > 0.95


def test_the_best_of_those_that_meet_stays_and_no_pixel_is_of_two():
    def columns(start, stop):
        return Piece(
            (slice(0, 2), slice(start, stop)), np.ones((2, stop - start), bool)
        )

    scored = [(0.7, columns(5, 15)), (0.8, columns(8, 18)), (0.9, columns(0, 10))]
    (best, all_of_it), (next_best, rest) = best_pieces(scored, (2, 20))
    assert (best, next_best) == (0.9, 0.8)
    assert all_of_it.inside.all()
    np.testing.assert_array_equal(rest.inside[0], np.arange(10) >= 2)


def test_a_piece_of_an_object_has_a_lower_score_than_all_of_it():
    maps, (_, right) = closeness(0)
    window = (slice(0, 40), slice(0, 64))
    piece = right & (np.arange(64) < 43)
    assert estimated_iou(maps, window, piece) < estimated_iou(maps, window, right)
    features = score_features(maps, window, right)
    assert features[6] == pytest.approx(0, abs=0.05)
    assert score_features(maps, window, piece)[6] > 0.2


def test_what_ends_at_the_edge_of_the_maps_is_known():
    maps, discs = closeness(0)
    (rows, cols), inside = (slice(8, 33), slice(10, 33)), discs[0][8:33, 10:33]
    assert score_features(maps, (rows, cols), inside)[7] == 0
    cut = np.ascontiguousarray(maps[:, rows, cols])
    assert score_features(cut, (slice(0, 25), slice(0, 23)), inside)[7] == 1
