"""Labels are compared with the true ones object by object."""

import numpy as np
import pytest

from napari_sam.core.errors import ImageError
from napari_sam.evaluation.instance_accuracy import instance_accuracy


def squares(*places, side=10, shape=(40, 60)):
    labels = np.zeros(shape, np.int32)
    for k, (row, col) in enumerate(places, 1):
        labels[row : row + side, col : col + side] = k
    return labels


def test_the_same_objects_under_other_numbers():
    true = squares((2, 2), (20, 20), (20, 40))
    found = np.where(true, 17 - true, 0)
    accuracy = instance_accuracy(found, true)
    assert (accuracy.true, accuracy.found) == (3, 3)
    assert accuracy.ap50 == accuracy.mean_sa == accuracy.f1 == 1
    assert accuracy.count_error == 0


def test_one_missed_and_one_too_many():
    true, found = squares((2, 2), (20, 20)), squares((2, 2), (2, 40), (25, 3))
    accuracy = instance_accuracy(found, true)
    assert accuracy.ap50 == pytest.approx(1 / 4)
    assert accuracy.f1 == pytest.approx(2 / 5)
    assert accuracy.count_error == 0.5


def test_thresholds_of_the_iou():
    true, found = squares((2, 2)), squares((2, 4))  # IoU 80 / 120
    accuracy = instance_accuracy(found, true)
    assert accuracy.matched.tolist() == [1] * 4 + [0] * 6
    assert accuracy.mean_sa == pytest.approx(0.4)


def test_a_half_is_matched_once():
    """Two halves of an object have an IoU of one half each with it."""
    true = squares((2, 2))
    halves = true.copy()
    halves[2:7, 2:12] *= 2
    assert instance_accuracy(halves, true).matched[0] == 0


def test_nothing_to_find():
    empty = np.zeros((4, 4), np.int32)
    assert instance_accuracy(empty, empty).mean_sa == 1
    assert instance_accuracy(squares((2, 2)), np.zeros((40, 60), int)).ap50 == 0


def test_other_shapes_are_refused():
    with pytest.raises(ImageError, match="same shape"):
        instance_accuracy(np.zeros((4, 4), int), np.zeros((4, 5), int))
