from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest

from napari_sam import Address, Frames, Prompts
from napari_sam.session import AnnotationSession
from napari_sam.session.labels import arrays
from napari_sam.session.labels.deferred import DeferredLabels

from .conftest import promptable


def test_labels_on_disk_are_deleted_with_the_array():
    labels = arrays.empty_labels(Frames(np.zeros((64, 64), np.uint8)), most=1000)
    labels[5, 6] = 7
    path = Path(str(labels.base.array.store.root))
    assert path.exists()
    del labels
    gc.collect()
    assert not path.exists()


def test_labels_up_to_a_size_are_in_memory():
    frames = Frames(np.zeros((64, 64), np.uint8))
    assert isinstance(arrays.empty_labels(frames, most=64 * 64), np.ndarray)


def test_a_session_on_disk_does_what_one_in_memory_does(monkeypatch):
    sessions = [AnnotationSession(promptable())]
    monkeypatch.setattr(arrays, "MOST_IN_MEMORY", 1000)
    sessions.append(AnnotationSession(promptable()))
    for session in sessions:
        for frame in (2, 0):
            session.current = Address(frame, session.state.objects.free_id())
            session.add_point(8, 8)
            session.commit()
        session.undo()
        session.set_prompts(Prompts.point(45, 45))
        session.commit()
    memory, disk = sessions
    assert not isinstance(disk.labels, np.ndarray)
    assert np.array_equal(memory.labels, disk.labels[:])
    assert memory.state.footprints == disk.state.footprints


class Full:
    """Labels on a disk that is full as long as somebody says so."""

    def __init__(self):
        self.array = np.zeros((2, 64, 64), np.uint32)
        self.shape, self.dtype = self.array.shape, self.array.dtype
        self.full = False

    def __getitem__(self, window):
        return self.array[window]

    def __setitem__(self, window, labels):
        if self.full:
            raise OSError(28, "No space left on device")
        self.array[window] = labels


def test_what_waits_for_the_disk_is_read_already():
    slow = Full()
    labels = DeferredLabels(slow, lambda: None)
    slow.full = True
    changed = np.eye(4, dtype=bool)
    labels.put((1, slice(2, 6), slice(3, 7)), changed, np.full(4, 9))
    labels[1, 3:5, 0:64] = 5
    expected = np.zeros((64, 64), np.uint32)
    expected[2:6, 3:7][changed] = 9
    expected[3:5] = 5
    assert np.array_equal(labels[1, :, :], expected)
    assert np.array_equal(labels[1, 4:10, 2:5], expected[4:10, 2:5])
    assert not slow.array.any()
    slow.full = False
    assert np.array_equal(labels[1], expected)
    assert np.array_equal(slow.array[1], expected)


def test_a_full_disk_is_said_and_nothing_that_waits_is_lost():
    full = Full()
    labels = DeferredLabels(full, lambda: None)
    full.full = True
    labels[0, 0:2, 0:2] = 3
    with pytest.raises(OSError, match="No space"):
        _ = labels.base
    with pytest.raises(OSError, match="No space"):
        labels[0, 5:6, 0:2] = 4
    assert labels[0, 0:6, 0:1].ravel().tolist() == [3, 3, 0, 0, 0, 0]
    full.full = False
    labels[0, 5:6, 0:2] = 4
    assert labels.base[0, 0:6, 0].tolist() == [3, 3, 0, 0, 0, 4]
