import numpy as np
import pytest
from scipy import ndimage

import napari_sam as sam
from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.core.propagation import PropagatedObject
from napari_sam.core.protocols import FeatureMap
from napari_sam.testing import VideoThresholdBackend
from napari_sam.testing.propagator_suite import masks_of, movie
from napari_sam.tracking.meeting import meet
from napari_sam.tracking.motion.body import flow_of_body
from napari_sam.tracking.motion.drift import drift
from napari_sam.tracking.motion.feature_flow import MatchingMap
from napari_sam.tracking.motion.flow import Flow, still_flow
from napari_sam.tracking.motion.likeness import best_matches, likeness
from napari_sam.tracking.motion.moving import Motion
from napari_sam.tracking.motion.optical_flow import refined_flow
from napari_sam.tracking.motion.warp import rim_distance, signed_distance


def texture(side=160, seed=0):
    grain = np.random.default_rng(seed).normal(size=(side, side))
    smooth = ndimage.gaussian_filter(grain, 3)
    return (0.5 + 0.1 * smooth / smooth.std()).astype(np.float32)


def moved(picture, rows, cols):
    return ndimage.shift(picture, (rows, cols), order=1, mode="wrap")


def test_features_of_a_window_are_those_of_the_whole_map():
    array = np.random.default_rng(0).normal(3, 1, (5, 20, 30)).astype(np.float32)
    features = MatchingMap(FeatureMap(array, (4.0, 4.0)))
    rows, cols = slice(4, 9), slice(20, 30)
    alone = features.part(rows, cols)
    whole = features.part(slice(0, 20), slice(0, 30))
    np.testing.assert_allclose(alone, whole[rows, cols], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(whole, axis=-1), 1, rtol=1e-4)


def test_likeness_is_the_product_with_each_place_nearby():
    rng = np.random.default_rng(0)
    cells = rng.normal(size=(5, 60, 8)).astype(np.float32)
    around = rng.normal(size=(9, 64, 8)).astype(np.float32)
    found = likeness(cells, around).reshape(5, 5, 5, 60)
    for down, right in ((0, 0), (2, 2), (4, 1), (3, 4)):
        other = around[down : down + 5, right : right + 60]
        expected = (cells * other).sum(-1)
        np.testing.assert_allclose(found[down, right], expected, rtol=1e-4, atol=1e-4)


def test_matches_are_found_in_every_row():
    """Rows are matched some at a time: nothing shows where one part ends."""
    around = np.random.default_rng(0).normal(size=(76, 22, 16)).astype(np.float32)
    around /= np.linalg.norm(around, axis=-1, keepdims=True)
    cells = around[6:, 2:18]
    away, unlike = best_matches(cells, around)
    inner = np.s_[2:-2, 2:-2]
    np.testing.assert_allclose(away[0][inner], 3, atol=1e-3)
    np.testing.assert_allclose(away[1][inner], -1, atol=1e-3)
    assert np.abs(unlike[inner]).max() < 1e-3


def test_matches_are_the_same_wherever_a_part_ends():
    rng = np.random.default_rng(1)
    made = (rng.normal(size=(n, n, 4)).astype(np.float32) for n in (70, 74))
    cells, around = (one / np.linalg.norm(one, axis=-1, keepdims=True) for one in made)
    whole, part = best_matches(cells, around), best_matches(cells[20:50], around[20:54])
    for all_rows, rows in zip(whole, part, strict=True):
        np.testing.assert_allclose(
            all_rows[..., 22:48, :], rows[..., 2:28, :], rtol=1e-3, atol=1e-4
        )


@pytest.mark.parametrize("seed", range(3))
def test_the_rim_has_the_distances_to_the_outline(seed):
    mask = ndimage.gaussian_filter(
        np.random.default_rng(seed).normal(size=(30, 40)), seed
    )
    exact = signed_distance(np.pad(mask > 0, 3)).clip(-2, 2)
    np.testing.assert_allclose(rim_distance(mask > 0), exact, atol=1e-6)


def test_a_flow_leads_only_within_the_region_that_it_says():
    rng = np.random.default_rng(0)
    vectors = 6 * ndimage.gaussian_filter(rng.normal(size=(2, 20, 30)), (0, 1, 1))
    flow = Flow(vectors.astype(np.float32), (1.5, 3.5), (4.0, 4.0), vectors[0])
    within, of = Region(0, 0, 80, 120), Region(30, 40, 44, 61)
    found = flow.led_to(of, within)
    at = np.mgrid[within.slices] + flow.sampled(within)
    ends = (of.top, of.bottom - 1), (of.left, of.right - 1)
    inside = [(p >= low) & (p <= high) for p, (low, high) in zip(at, ends, strict=True)]
    rows, cols = np.nonzero(inside[0] & inside[1])
    assert found.top <= rows.min()
    assert rows.max() < found.bottom
    assert found.left <= cols.min()
    assert cols.max() < found.right
    assert found.shape[0] * found.shape[1] < 0.25 * 80 * 120


def test_a_flow_is_refined_by_what_the_pictures_show():
    picture = texture()
    region = Region(40, 40, 120, 120)
    flow = still_flow(region, (-1.0, 0.0))
    found = refined_flow(moved(picture, 2.5, -1.5), picture, region, flow)
    vectors = found.sampled(region)
    assert np.abs(np.median(vectors, (1, 2)) - (-2.5, 1.5)).max() < 0.2
    assert np.abs(vectors - np.reshape((-1.0, 0.0), (2, 1, 1))).max() <= 4


@pytest.mark.parametrize("side", [150, 600])
def test_drift_is_found_in_pictures_of_any_size(side):
    picture = texture(side)
    found = drift(picture, moved(picture, 12, -21))
    assert np.abs(np.subtract(found, (12, -21))).max() <= 2


def lattice(rows, cols=0.0, *, step=51.2, side=512, radius=14.5):
    """Equal discs in rows and columns, on a ground that shows a little."""
    y, x = np.mgrid[:side, :side]
    ground = 60 + 20 * np.sin(x / 5) * np.cos(y / 7)
    away = ((y - rows) % step - step / 2) ** 2 + ((x - cols) % step - step / 2) ** 2
    return ((ground + 120 * (away < radius**2)) / 255).astype(np.float32)


@pytest.mark.parametrize("before", [2.9, 3.8, 4.7, 5.5])
def test_drift_of_objects_in_rows_is_not_their_period(before):
    """Discs that moved by 0.8 pixels look like their neighbours of before."""
    first, second = lattice(before, before), lattice(before + 0.8, before + 0.8)
    assert np.abs(drift(first, second)).max() <= 4


def test_drift_may_be_larger_than_a_period():
    """What tells one shift from the other is what else there is to see."""
    picture = lattice(0.0) + 2 * (texture(512) - 0.5)
    found = drift(picture, moved(picture, 60, -8))
    assert np.abs(np.subtract(found, (60, -8))).max() <= 4


def test_objects_that_lie_apart_are_moved_as_when_together():
    """Each has a window of its own then; what is found of it is the same."""
    pixels, labels = movie()
    image = sam.PromptableImage(pixels, VideoThresholdBackend(), axes="tyx")
    masks = masks_of(labels[0])
    together = Motion(image, "optical").move(masks, 0, 1)
    for i, mask in masks.items():
        alone = Motion(image, "optical").move({i: mask}, 0, 1)[i]
        assert alone.mask.iou(together[i].mask) > 0.9


def square(side, at=50):
    pixels = np.ones((side, side), bool)
    return Mask.from_array(pixels, top=at - side // 2, left=at - side // 2)


def test_a_run_from_a_small_mask_gives_way_to_one_from_a_large_mask():
    """A cap at the end of a stack says little of the planes far from it."""
    forward = {z: PropagatedObject(z, square(40)) for z in range(1, 9)}
    backward = {z: PropagatedObject(z, square(4)) for z in range(1, 9)}
    found = meet(forward, backward)
    assert sum(o.mask.area == 1600 for o in found.values()) >= 6


def test_a_run_that_is_a_little_smaller_has_the_frames_next_to_where_it_began():
    forward = {z: PropagatedObject(z, square(40)) for z in range(1, 9)}
    backward = {z: PropagatedObject(z, square(30)) for z in range(1, 9)}
    found = meet(forward, backward)
    areas = [found[z].mask.area for z in range(1, 9)]
    assert areas[-1] == 900
    assert 5 <= areas.count(1600) < 8


def test_of_two_runs_the_one_that_arrives_well_has_more_frames():
    forward = {t: PropagatedObject(t, square(20)) for t in range(1, 10)}
    backward = {
        t: PropagatedObject(t, square(20, 50 if t > 7 else 90)) for t in range(1, 10)
    }
    found = meet(forward, backward)
    assert sum(o.mask == square(20) for o in found.values()) == 9


def test_a_run_that_lost_its_object_leaves_the_frames_to_the_other():
    forward = {1: PropagatedObject(1, square(20))}
    backward = {t: PropagatedObject(t, square(20)) for t in (2, 3)}
    assert sorted(meet(forward, backward)) == [1, 2, 3]


def body_of(depth, motion):
    """Flow of a disc that moves, before a background that stands still."""
    vectors = np.zeros((2, *depth.shape), np.float32)
    vectors[:, depth > 4] = np.reshape(motion, (2, 1))
    return vectors


def disc_depth(side=100, radius=30):
    rows, cols = np.mgrid[:side, :side] - (side - 1) / 2
    return (radius - np.hypot(rows, cols)).astype(np.float32)


def test_the_outline_of_a_body_goes_where_its_inside_goes():
    depth = disc_depth()
    found = flow_of_body(body_of(depth, (-3.0, 7.0)), depth, 30)
    assert np.abs(found - np.reshape((-3, 7), (2, 1, 1))).max() < 0.1


def test_the_flow_of_what_is_small_or_changes_its_shape_stays():
    depth = disc_depth()
    flow = body_of(depth, (-3.0, 7.0))
    assert flow_of_body(flow, depth, 10) is flow
    grain = 6 * texture(100)[:50, :50].repeat(2, 0).repeat(2, 1)
    soft = flow + (30 * (grain - grain.mean())).astype(np.float32)
    assert flow_of_body(soft, depth, 30) is soft


def test_a_body_that_moves_leaves_no_trail():
    """What it uncovers looks like nothing on the frame before."""
    ground, body = texture(200, 1), texture(200, 2)
    rows, cols = np.mgrid[:200, :200]
    frames, truth = [], []
    for t in range(8):
        inside = (abs(rows - 100) < 26) & (abs(cols - 60 - 4 * t) < 34)
        frames.append(np.where(inside, np.roll(body, 4 * t, 1), ground))
        truth.append(inside)
    pixels = (255 * np.stack(frames)).astype(np.uint8)
    image = sam.PromptableImage(pixels, VideoThresholdBackend(), axes="tyx")
    motion, mask = Motion(image, "optical"), Mask.from_array(truth[0])
    for t in range(7):
        mask = motion.move({1: mask}, t, t + 1)[1].mask
    assert mask.iou(Mask.from_array(truth[-1])) > 0.8
