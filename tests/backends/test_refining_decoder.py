"""What every backend that remembers its answers keeps to."""

import threading

import numpy as np
import pytest

from napari_sam.backends.refining_decoder import MaskCandidates, RefiningDecoder
from napari_sam.core.errors import PromptError
from napari_sam.core.prompts import Prompts

CLICK = Prompts().point(3, 3)


class Echo(RefiningDecoder):
    """Each answer is ten times the one before, and the number of the candidate."""

    def _decode_round(self, embedding, prompts, previous, *, multimask_output):
        before = np.zeros((8, 8), np.float32) if previous is None else previous
        count = np.arange(3 if multimask_output else 1, dtype=np.float32)
        logits = 10 * before + 1 + count[:, None, None]
        return MaskCandidates(logits, 1 - count / 10)

    def _stride(self, shape):
        return 1.0, 1.0


def embedding():
    return {"image": np.zeros(4, np.float32), "shape": np.array([8, 8], np.int32)}


def said(backend, here, prompts):
    return float(backend.decode(here, [prompts])[0].logits[0, 0])


def test_an_earlier_choice_is_part_of_what_was_asked():
    """Remembered or not, an answer hears the candidate that was chosen before it."""
    here, backend = embedding(), Echo()
    assert said(backend, here, CLICK.point(4, 4).point(5, 5)) == 111
    chosen = CLICK.choose(2).point(4, 4).point(5, 5)
    assert said(Echo(), here, chosen) == 311
    assert said(backend, here, chosen) == 311


def test_a_candidate_that_is_not_there_is_refused_in_every_round():
    for prompts in (CLICK.choose(3), CLICK.choose(3).point(4, 4)):
        with pytest.raises(PromptError, match="there are 3"):
            Echo().decode(embedding(), [prompts])


def test_an_embedding_may_go_at_any_moment():
    """The garbage collector may run while the same thread holds the lock."""
    here, backend = [embedding()], Echo()
    backend.decode(here[0], [CLICK])

    def drop():
        with backend._lock:
            here.clear()

    thread = threading.Thread(target=drop, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    another = embedding()
    backend.decode(another, [CLICK])
    assert len(backend._said) == len(backend._known) == 1
