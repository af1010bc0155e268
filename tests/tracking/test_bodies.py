"""A mask that covers two bodies is doubted, and a division proposed."""

import numpy as np
import pytest

import napari_sam as sam
from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.testing import VideoThresholdBackend
from napari_sam.tracking import iter_propagate
from napari_sam.tracking.bodies import bright_parts, covers_two, two_halves
from napari_sam.tracking.confidence import Evidence, judge

FRAMES, DIVIDED = 7, 3


def film(gap=3):
    """A bar of 24 x 10 pixels, of which the middle goes dark on frame 3."""
    pixels = np.full((FRAMES, 64, 64), 20, np.uint8)
    pixels[:, 28:38, 20:44] = 200
    pixels[DIVIDED:, 28:38, 32 - gap : 32 + gap] = 20
    return pixels


def steps(pixels, seed=0, axes="tyx"):
    image = sam.PromptableImage(pixels, VideoThresholdBackend(), axes=axes)
    labels = np.zeros(pixels.shape[1:], np.uint8)
    labels[28:38, 20:44] = 1
    found = {}
    for step in iter_propagate(image, {seed: labels}, method="prompt"):
        for frame, objects in step.finished.items():
            found[frame] = objects[1]
    return found


def test_a_division_is_proposed_once_and_all_frames_after_it_are_flagged():
    found = steps(film())
    proposed = [f for f, one in sorted(found.items()) if one.divides]
    assert proposed == [DIVIDED + 1]
    flagged = [f for f, one in sorted(found.items()) if one.flagged]
    assert set(range(DIVIDED + 1, FRAMES)) <= set(flagged)
    assert not {1, 2} & set(flagged)


def test_an_object_that_stays_whole_divides_nowhere():
    found = steps(film(gap=0))
    assert not any(one.divides or one.flagged for one in found.values())


def test_what_divides_in_depth_or_backward_is_no_division():
    assert not any(one.divides for one in steps(film(), axes="zyx").values())
    assert not any(one.divides for one in steps(film()[::-1], seed=6).values())


def test_half_of_what_covers_two_is_right_at_most():
    seen = Evidence(1.0, 1.0, 0.0, 0.0, 1, 1.0)
    assert judge(seen) == pytest.approx(1.0)
    assert judge(seen._replace(bodies=1)) == pytest.approx(1.0)
    assert judge(seen._replace(bodies=2)) < 0.5


def test_a_small_part_is_no_second_body():
    parts = np.zeros((20, 40), bool)
    parts[5:15, 2:20] = True
    parts[5:9, 30:33] = True
    assert not covers_two(parts, 300)
    parts[5:15, 25:38] = True
    assert covers_two(parts, 300)


def test_each_pixel_goes_to_the_nearer_body():
    mask = Mask.from_array(np.ones((10, 24), bool), top=28, left=20)
    where = Region(20, 10, 46, 54)
    picture = film()[DIVIDED, 20:46, 10:54].astype(np.float32) / 255
    parts = bright_parts(mask, picture, where)
    assert covers_two(parts, mask.area)
    inside = mask.in_window(where)
    second = two_halves(parts, inside)
    assert second.sum() == 120
    assert set(np.nonzero(second)[1]) in (set(range(10, 22)), set(range(22, 34)))


def test_a_mask_of_one_body_is_cut_across_its_longest_axis():
    mask = np.zeros((20, 40), bool)
    mask[5:13, 6:30] = True
    second = two_halves(mask, mask)
    assert second.sum() == mask.sum() // 2
    assert len(set(np.nonzero(second)[1])) == 12
