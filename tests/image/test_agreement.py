from dataclasses import replace

import numpy as np
import pytest

from napari_sam.core.geometry.region import Region
from napari_sam.core.prediction import Prediction
from napari_sam.core.prompts import Prompts
from napari_sam.image import PromptableImage
from napari_sam.image.consensus import agreed

PLANE = Region(0, 0, 40, 50)


def square(top, left, bottom, right, *, tile=PLANE, step=1.0, sure=4.0, **options):
    """A mask of a box, in cells of so many pixels."""
    cells = tuple(int(side / step) for side in tile.shape)
    rows, cols = (
        start + (np.arange(count) + 0.5) * step
        for start, count in zip((tile.top, tile.left), cells, strict=True)
    )
    inside = (
        ((rows >= top) & (rows < bottom))[:, None] & (cols >= left) & (cols < right)
    )
    logits = np.where(inside, sure, -sure).astype(np.float32)
    return Prediction(logits, 0.7, tile, (step, step), **options)


def test_of_three_candidates_the_pixels_of_two_are_taken():
    best = square(10, 10, 20, 20)
    found = agreed(best, [square(10, 10, 22, 20), square(10, 10, 22, 21)])
    assert found.region == Region(10, 10, 22, 20)
    assert found.mask.all()
    assert (found.score, found.tile, found.stride) == (0.7, PLANE, (1.0, 1.0))


def test_a_candidate_of_something_else_has_no_say():
    best, group = square(10, 10, 20, 20), square(5, 5, 35, 45)
    assert agreed(best, [group, group]) is best


def test_one_that_is_very_sure_does_not_overrule_the_others():
    best, wide = square(10, 10, 20, 20), square(10, 10, 20, 22, sure=900.0)
    found = agreed(best, [square(10, 10, 20, 20), wide])
    assert found.region == Region(10, 10, 20, 20)


@pytest.mark.parametrize("step", [0.5, 2.0])
def test_grids_of_another_stride_and_place_are_compared_where_they_lie(step):
    tile = Region(4, 6, 34, 40)
    best = square(10, 10, 20, 20)
    other = square(10, 10, 22, 20, tile=tile, step=step)
    for one, two in ((best, other), (other, best)):
        found = agreed(one, [two, replace(other)])
        assert found.tile == one.tile
        assert abs(found.region.bottom - 22) <= step
        assert (found.region.top, found.region.left, found.region.right) == (10, 10, 20)


def test_beyond_the_tile_of_a_candidate_the_others_decide():
    best = square(10, 10, 30, 20)
    cut = square(10, 10, 30, 20, tile=Region(0, 0, 24, 50), open_edges=(0, 0, 1, 0))
    assert agreed(best, [cut]).region == Region(10, 10, 30, 20)


def test_thresholds_move_the_mean_as_they_move_a_mask():
    best = square(10, 10, 20, 20, threshold=1.0)
    other = square(10, 10, 22, 20, threshold=1.0)
    found = agreed(best, [other, other])
    assert found.threshold == 1.0
    assert found.region.bottom == 22


def test_a_click_gives_the_same_mask_each_time_and_as_first_candidate(blobs):
    image = PromptableImage(blobs, _pocket())
    click = Prompts.point(*np.argwhere(blobs > blobs.mean())[0].tolist())
    first = image.segment(click)
    for again in (click, click.choose(0), click.with_threshold(0.0)):
        np.testing.assert_array_equal(image.segment(again).logits, first.logits)
    other = image.segment(click.choose(1))
    np.testing.assert_array_equal(other.logits, first.alternatives[0].logits)


def _pocket():
    from napari_sam.api import load_backend

    return load_backend("pocket")
