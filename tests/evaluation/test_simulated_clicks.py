from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from napari_sam.core.errors import PromptError
from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.core.prediction import Prediction
from napari_sam.evaluation.simulated_clicks import (
    CLICKS,
    box_around,
    click_inside,
    iter_clicks,
    next_click,
)

MASKS = arrays(np.bool_, (9, 11), elements=st.booleans())


def mask_of(array):
    return Mask.from_array(array)


def prediction(mask):
    logits = np.where(mask, 1, -1).astype(np.float32)
    return Prediction(logits, 0.5, Region(0, 0, *mask.shape))


def test_the_middle_is_deepest_inside():
    mask = np.zeros((30, 30), bool)
    mask[5:16, 10:21] = True
    mask[5:7, 0:10] = True
    (click,) = click_inside(Mask.from_array(mask, top=7)).points
    assert (click.row, click.col) == (17, 15)


def test_a_person_clicks_the_larger_error():
    truth = np.zeros((40, 40), bool)
    truth[5:25, 5:25] = True
    answer = truth.copy()
    answer[5:15] = False
    answer[30:34, 30:34] = True
    click = next_click(mask_of(truth), mask_of(answer))
    assert click.positive
    assert truth[int(click.row), int(click.col)]
    assert not answer[int(click.row), int(click.col)]
    answer = truth.copy()
    answer[26:38, 5:38] = True
    click = next_click(mask_of(truth), mask_of(answer))
    assert not click.positive
    assert answer[int(click.row), int(click.col)]
    assert not truth[int(click.row), int(click.col)]
    assert next_click(mask_of(truth), mask_of(truth)) is None


@given(MASKS, MASKS)
def test_a_window_gives_what_the_whole_plane_gives(truth, answer):
    """Distances are computed in a window; the click is the one of the plane."""
    truth[4, 5] = True
    click = next_click(mask_of(truth), mask_of(answer))
    if click is None:
        np.testing.assert_array_equal(truth, answer)
        return
    parts = (truth & ~answer, answer & ~truth)
    depths = [ndimage.distance_transform_edt(np.pad(p, 1))[1:-1, 1:-1] for p in parts]
    deepest = depths[0] if depths[0].max() >= depths[1].max() else depths[1]
    assert click.positive == (depths[0].max() >= depths[1].max())
    first = np.unravel_index(deepest.argmax(), deepest.shape)
    assert (click.row, click.col) == first


def test_a_box_is_tight():
    one = np.zeros((4, 4), bool)
    one[1:3, 1:3] = True
    (box,) = box_around(mask_of(one)).boxes
    assert (box.top, box.left, box.bottom, box.right) == (1, 1, 3, 3)


def test_each_click_is_added_to_what_was_said():
    truth = np.zeros((20, 20), bool)
    truth[5:15, 5:15] = True
    prompted = []

    def model(prompts):
        prompted.append(prompts)
        rows = 5 + 2 * len(prompted)
        answer = truth.copy()
        answer[rows:] = False
        return prediction(answer)

    reached = [attempt.iou for attempt in iter_clicks(model, mask_of(truth))]
    assert reached == [0.2, 0.4, 0.6, 0.8, 1.0]
    assert [len(p.points) for p in prompted] == [1, 2, 3, 4, 5]
    assert all(b.items[:-1] == a.items for a, b in pairwise(prompted))


def test_nobody_clicks_on_where_nothing_is_wrong():
    truth = np.zeros((9, 9), bool)
    truth[2:6, 2:6] = True
    prompted = []

    def model(prompts):
        prompted.append(prompts)
        return prediction(truth)

    turns = list(iter_clicks(model, mask_of(truth)))
    assert [t.iou for t in turns] == [1] * CLICKS
    assert len(prompted) == 1


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

    turns = list(iter_clicks(model, mask_of(truth)))
    answered = refuses_at - 1
    assert [t.iou for t in turns] == [0.75] * answered + [0] * (CLICKS - answered)
    assert turns[-1].refusal == "not this one"
    assert turns[-1].prediction is None
