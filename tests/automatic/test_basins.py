"""Basins that a dip sets apart stay; the others become part of the higher one."""

import numpy as np
import pytest
from scipy import ndimage
from skimage.morphology import local_maxima, reconstruction

from napari_sam.automatic.basins import merged_basins, saddles
from napari_sam.automatic.partitions import iter_partitions


def hills(*levels):
    """A row of levels, and the labels of its hills, which end where it falls lowest."""
    return np.array([levels], np.int16)


def test_a_dip_of_a_step_merges_and_a_deeper_one_does_not():
    levels, basins = hills(9, 5, 8, 5, 6), np.array([[1, 1, 2, 2, 3]], np.int32)
    peaks = np.array([-1, 9, 8, 6])
    meeting = saddles(basins, levels)
    assert meeting.tolist() == [[5, 1, 2], [5, 2, 3]]
    assert merged_basins(peaks, meeting, 0).tolist() == [0, 1, 2, 3]
    assert merged_basins(peaks, meeting, 1).tolist() == [0, 1, 2, 2]
    assert merged_basins(peaks, meeting, 3).tolist() == [0, 1, 1, 1]


def test_basins_meet_across_corners():
    basins, levels = np.array([[1, 0], [0, 2]], np.int32), np.full((2, 2), 7, np.int16)
    assert saddles(basins, levels).tolist() == [[7, 1, 2]]
    assert saddles(basins[:, ::-1], levels).tolist() == [[7, 1, 2]]


@pytest.mark.parametrize("split", [0.02, 0.15, 0.4])
def test_as_many_as_a_reconstruction_leaves_maxima(split):
    rng = np.random.default_rng(0)
    depth = ndimage.gaussian_filter(rng.random((200, 200)), 4)
    depth = ((depth - depth.min()) / np.ptp(depth)).astype(np.float32)
    foreground = depth > 0.3
    levels = np.where(foreground, np.rint(depth * 255), -510)
    left = reconstruction(levels - max(1, round(split * 255)), levels)
    seeds, count = ndimage.label(local_maxima(left) & foreground, np.ones((3, 3)))
    (found,) = iter_partitions(depth, foreground, [split])
    assert len(np.unique(found)) - 1 == count > 1
    # Each seed of the reconstruction is in an object of its own.
    at = ndimage.maximum_position(depth, seeds, range(1, count + 1))
    assert len({int(found[row, col]) for row, col in at} - {0}) == count
