"""Scenes of more than one plane: cells that divide, nuclei in depth."""

import numpy as np
import pytest

from napari_sam.core.errors import TrainingError
from napari_sam.synthetic import draw_timelapse, draw_volume


@pytest.fixture(scope="module")
def lapse():
    return draw_timelapse(3, frames=12, size=160)


@pytest.fixture(scope="module")
def volume():
    return draw_volume(2, planes=12, size=96)


def _numbers(labels):
    return set(np.unique(labels).tolist()) - {0}


def test_the_same_seed_gives_the_same_stack(lapse, volume):
    again = draw_timelapse(3, frames=12, size=160)
    np.testing.assert_array_equal(again.image, lapse.image)
    np.testing.assert_array_equal(again.labels, lapse.labels)
    assert again.parents == lapse.parents
    other = draw_volume(3, planes=12, size=96)
    assert (other.labels != volume.labels).any()


def test_planes_are_sixteen_bit_with_labels_of_their_shape(lapse, volume):
    for stack, shape in ((lapse, (12, 160, 160)), (volume, (12, 96, 96))):
        assert stack.image.shape == stack.labels.shape == shape
        assert (stack.image.dtype, stack.labels.dtype) == (np.uint16, np.int32)


def test_daughters_come_in_pairs_when_their_mother_is_gone(lapse):
    assert lapse.parents
    seen = [_numbers(frame) for frame in lapse.labels]
    for mother in set(lapse.parents.values()):
        daughters = [d for d, m in lapse.parents.items() if m == mother]
        assert len(daughters) == 2
        last = max(t for t, numbers in enumerate(seen) if mother in numbers)
        for daughter in daughters:
            assert min(t for t, n in enumerate(seen) if daughter in n) == last + 1


def test_daughters_begin_where_their_mother_was(lapse):
    for daughter, mother in lapse.parents.items():
        born = min(t for t in range(12) if (lapse.labels[t] == daughter).any())
        here = np.argwhere(lapse.labels[born] == daughter).mean(0)
        there = np.argwhere(lapse.labels[born - 1] == mother).mean(0)
        assert np.linalg.norm(here - there) < 16


def test_a_cell_keeps_its_number_and_moves_little(lapse):
    for number in _numbers(lapse.labels[0]):
        middles = [
            np.argwhere(frame == number).mean(0)
            for frame in lapse.labels
            if (frame == number).any()
        ]
        steps = np.linalg.norm(np.diff(middles, axis=0), axis=1)
        assert (steps < 12).all()


def test_cells_are_brighter_than_what_is_around(lapse, volume):
    for stack in (lapse, volume):
        inside, outside = stack.labels > 0, stack.labels == 0
        assert stack.image[inside].mean() > 1.5 * stack.image[outside].mean()


def test_nuclei_are_as_high_as_they_are_wide(volume):
    """Planes are four pixels apart, and the labels are in voxels."""
    ratios = []
    for number in _numbers(volume.labels):
        z, y, x = np.nonzero(volume.labels == number)
        if z.min() > 0 and z.max() < 11 and min(*y, *x) > 0 and max(*y, *x) < 95:
            ratios.append(4 * (np.ptp(z) + 1) / (np.ptp(x) + 1))
    assert len(ratios) > 3
    assert 0.6 < np.median(ratios) < 1.7


def test_numbers_of_a_volume_have_no_gaps(volume):
    assert _numbers(volume.labels) == set(range(1, volume.labels.max() + 1))


@pytest.mark.parametrize(
    "wrong", [{"frames": 0}, {"cells": 0}, {"size": 20}], ids=lambda w: next(iter(w))
)
def test_a_lapse_of_nothing_is_refused(wrong):
    with pytest.raises(TrainingError, match="time-lapse"):
        draw_timelapse(0, **wrong)


@pytest.mark.parametrize("wrong", [{"planes": 0}, {"size": 20}, {"spacing": 0}])
def test_a_volume_of_nothing_is_refused(wrong):
    with pytest.raises(TrainingError, match="volume"):
        draw_volume(0, **wrong)
