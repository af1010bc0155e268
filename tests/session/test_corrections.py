"""What a person has decided becomes examples; what was propagated does not."""

import numpy as np
import pytest

from napari_sam import AnnotationSession, Frames, PromptableImage
from napari_sam.core.address import Address
from napari_sam.core.mask import Mask
from napari_sam.core.propagation import ObjectState, State
from napari_sam.session import corrections
from napari_sam.session.corrections import (
    Example,
    count_corrections,
    iter_examples,
    split_examples,
)
from napari_sam.testing import ThresholdBackend

SQUARE = Mask.from_array(np.ones((6, 6), bool))


@pytest.fixture
def session():
    """Two frames with three objects each."""
    pixels = np.zeros((2, 40, 60), np.uint8)
    pixels[:, :, 30:] = 200
    made = AnnotationSession(PromptableImage(Frames(pixels, "tyx"), ThresholdBackend()))
    made.add_masks(
        {
            Address(f, 1 + i): SQUARE.shifted(5 + 3 * i, 5 + 20 * i)
            for f in range(2)
            for i in range(3)
        }
    )
    return made


def test_what_was_committed_is_an_example(session):
    first, second = iter_examples(session)
    assert count_corrections(session.state) == 6
    assert first.image.shape == (40, 60, 3)
    assert first.image.dtype == np.uint8
    assert np.array_equal(first.labels, session.labels[0])
    assert np.array_equal(second.labels, session.labels[1])


def test_what_was_propagated_teaches_nothing(session):
    for i in (1, 2):
        at = Address(1, i)
        session.state.tracked.put(at, ObjectState(State.PROPAGATED, 0.9))
    assert count_corrections(session.state) == 4
    _, second = iter_examples(session)
    assert np.unique(second.labels).tolist() == [0, 3]


def test_an_object_on_two_windows_is_left_out(session, monkeypatch):
    monkeypatch.setattr(corrections, "_SIDE", 28)
    found = list(iter_examples(session))
    assert max(max(e.labels.shape) for e in found) == 28
    # the second object lies across the column 28, the others in one window each
    ids = [set(np.unique(e.labels[e.labels > 0]).tolist()) for e in found]
    assert ids == [{1}, {3}, {1}, {3}]


def test_of_many_examples_the_last_are_held_back():
    examples = [Example(np.zeros((2, 2, 3), np.uint8), np.full((2, 2), i)) for i in
                range(1, 10)]  # fmt: skip
    learnt, held = split_examples(examples)
    assert [int(e.labels[0, 0]) for e in held] == [8, 9]
    assert len(learnt) == 7


def test_of_few_the_last_columns_are_held_back_and_no_object_is_cut():
    labels = np.zeros((10, 100), np.uint16)
    for i in range(8):
        labels[2:6, 12 * i + 2 : 12 * i + 9] = i + 1
    labels[7:9, 66:95] = 20  # across the cut
    image = np.arange(3000, dtype=np.uint16).reshape(10, 100, 3).astype(np.uint8)
    ((learnt,), (held,)) = split_examples([Example(image, labels)])
    assert np.array_equal(np.concatenate([learnt.image, held.image], 1), image)
    assert set(np.unique(learnt.labels)) == {0, 1, 2, 3, 4, 5, 6, 7}
    assert set(np.unique(held.labels)) == {0, 8}
