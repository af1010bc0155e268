from __future__ import annotations

import gc
from pathlib import Path

import numpy as np

from napari_sam import Address, Frames, Prompts
from napari_sam.session import AnnotationSession
from napari_sam.session.labels import arrays

from .conftest import promptable


def test_labels_on_disk_are_deleted_with_the_array():
    labels = arrays.empty_labels(Frames(np.zeros((64, 64), np.uint8)), most=1000)
    path = Path(str(labels.array.store.root))
    labels[5, 6] = 7
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
            session.current = Address(frame, session.state.free_id())
            session.add_point(8, 8)
            session.commit()
        session.undo()
        session.set_prompts(Prompts.point(45, 45))
        session.commit()
    memory, disk = sessions
    assert not isinstance(disk.labels, np.ndarray)
    assert np.array_equal(memory.labels, disk.labels[:])
    assert memory.state.footprints == disk.state.footprints
