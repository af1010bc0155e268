from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from napari_sam.core.errors import PromptError
from napari_sam.core.geometry.region import Region
from napari_sam.core.prediction import Prediction
from napari_sam.evaluation.simulated_clicks import (
    CLICKS,
    Target,
    iou,
    iter_clicks,
    middle,
    next_click,
    paste,
)

MASKS = arrays(np.bool_, (9, 11), elements=st.booleans())


def prediction(mask):
    logits = np.where(mask, 1, -1).astype(np.float32)
    return Prediction(logits, 0.5, Region(0, 0, *mask.shape))


def test_the_middle_is_deepest_inside():
    mask = np.zeros((30, 30), bool)
    mask[5:16, 10:21] = True
    mask[5:7, 0:10] = True
    assert middle(mask) == (10, 15)


def test_a_person_clicks_the_larger_error():
    truth = np.zeros((40, 40), bool)
    truth[5:25, 5:25] = True
    answer = truth.copy()
    answer[5:15] = False
    answer[30:34, 30:34] = True
    row, col, inside = next_click(truth, answer)
    assert inside
    assert truth[row, col]
    assert not answer[row, col]
    answer = truth.copy()
    answer[26:38, 5:38] = True
    row, col, inside = next_click(truth, answer)
    assert not inside
    assert answer[row, col]
    assert not truth[row, col]
    assert next_click(truth, truth) is None


@given(MASKS, MASKS)
def test_a_window_gives_what_the_whole_plane_gives(truth, answer):
    """Distances are computed in a window; the click is the one of the plane."""
    truth[4, 5] = True
    target, found = Target.of(truth), prediction(answer)
    assert target.iou(found) == iou(truth, answer)
    said = target.corrected(target.click, found)
    expected = next_click(truth, answer)
    if expected is None:
        assert said == target.click
        return
    click = said.points[-1]
    assert (click.row, click.col, click.positive) == expected
    parts = (truth & ~answer, answer & ~truth)
    depths = [ndimage.distance_transform_edt(np.pad(p, 1))[1:-1, 1:-1] for p in parts]
    deepest = depths[0] if depths[0].max() >= depths[1].max() else depths[1]
    assert deepest[expected[:2]] == deepest.max()


def test_iou_and_boxes_by_hand():
    one, other = np.zeros((2, 4, 4), bool)
    assert iou(one, other) == 1
    one[1:3, 1:3] = other[1:3, 2:4] = True
    assert iou(one, other) == 2 / 6
    (box,) = Target.of(one).box.boxes
    assert (box.top, box.left, box.bottom, box.right) == (1, 1, 3, 3)


def test_a_mask_is_put_where_it_belongs_and_cut():
    mask = np.ones((3, 3), bool)
    window = paste(mask, Region(8, 8, 11, 11), Region(9, 0, 12, 10))
    expected = np.zeros((3, 10), bool)
    expected[:2, 8:] = True
    np.testing.assert_array_equal(window, expected)
    assert not paste(mask, Region(0, 0, 3, 3), Region(5, 5, 7, 7)).any()


def test_each_click_is_added_to_what_was_said():
    truth = np.zeros((20, 20), bool)
    truth[5:15, 5:15] = True
    pixels_of = []

    def model(prompts):
        pixels_of.append(prompts)
        rows = 5 + 2 * len(pixels_of)
        answer = truth.copy()
        answer[rows:] = False
        return prediction(answer)

    reached = [attempt.reached for attempt in iter_clicks(model, Target.of(truth))]
    assert reached == [0.2, 0.4, 0.6, 0.8, 1.0]
    assert [len(p.points) for p in pixels_of] == [1, 2, 3, 4, 5]
    assert all(b.items[:-1] == a.items for a, b in pairwise(pixels_of))


def test_nobody_clicks_on_where_nothing_is_wrong():
    truth = np.zeros((9, 9), bool)
    truth[2:6, 2:6] = True
    pixels_of = []

    def model(prompts):
        pixels_of.append(prompts)
        return prediction(truth)

    turns = list(iter_clicks(model, Target.of(truth)))
    assert [t.reached for t in turns] == [1] * CLICKS
    assert len(pixels_of) == 1


@pytest.mark.parametrize("refuses_at", [1, 3])
def test_a_refusal_counts_as_nothing_and_ends_the_clicks(refuses_at):
    truth = np.zeros((9, 9), bool)
    truth[2:6, 2:6] = True

    def model(prompts):
        if len(prompts.points) == refuses_at:
            raise PromptError("not this one")
        answer = truth.copy()
        answer[2] = False
        return prediction(answer)

    turns = list(iter_clicks(model, Target.of(truth)))
    answered = refuses_at - 1
    assert [t.reached for t in turns] == [0.75] * answered + [0] * (CLICKS - answered)
    assert turns[-1].refusal == "not this one"
    assert turns[-1].prediction is None
