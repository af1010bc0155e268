import numpy as np

from napari_sam.core.frames import Frames
from napari_sam.core.progress import drain
from napari_sam.evaluation.masks import (
    iou,
    iter_evaluate,
    middle,
    next_click,
    summarise,
    tight_box,
)
from napari_sam.io.pairs import Pair
from napari_sam.testing import ThresholdBackend


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


def test_a_model_that_answers_rightly_scores_one(blobs):
    labels = np.zeros(blobs.shape, np.int32)
    labels[10:30, 20:40], labels[50:60, 5:15] = 1, 2
    pair = Pair("a", "squares", Frames(blobs, "yx"), labels)
    (summary,) = summarise(drain(iter_evaluate(ThresholdBackend(), [pair])))
    assert (summary.kind, summary.objects) == ("squares", 2)
    assert (summary.click, summary.box, summary.five) == (1, 1, 1)


def test_a_model_that_answers_wrongly_does_not(blobs):
    labels = np.zeros(blobs.shape, np.int32)
    labels[10:30, 20:60] = 1  # twice as wide as what is bright
    pair = Pair("a", "squares", Frames(blobs, "yx"), labels)
    (result,) = drain(iter_evaluate(ThresholdBackend(), [pair]))
    assert result.click == 0.5
    assert result.clicks[0] == result.click
    assert len(result.clicks) == 5


def test_iou_and_boxes_by_hand():
    one, other = np.zeros((2, 4, 4), bool)
    assert iou(one, other) == 1
    one[1:3, 1:3] = other[1:3, 2:4] = True
    assert iou(one, other) == 2 / 6
    (box,) = tight_box(one).boxes
    assert (box.top, box.left, box.bottom, box.right) == (1, 1, 3, 3)
