"""What every backend that remembers its answers keeps to."""

import numpy as np
import pytest

from napari_sam.backends.refining_decoder import GROUP, MaskCandidates, RefiningDecoder
from napari_sam.core.embedding import Embedding
from napari_sam.core.errors import ModelError, PromptError
from napari_sam.core.prompts import Prompts
from napari_sam.core.prompts.model_prompts import is_ambiguous

CLICK = Prompts().point(3, 3)


class Echo(RefiningDecoder):
    """Each answer is ten times the one before, and the number of the candidate."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def _prepare(self, embedding):
        self.calls.append(embedding.digest)
        return embedding

    def _decode_rounds(self, prepared, rounds):
        self.calls.append(len(rounds))
        return [self._decode_round(r.prompts, r.previous) for r in rounds]

    def _decode_round(self, prompts, previous):
        multimask_output = is_ambiguous(prompts)
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


def test_rounds_of_many_objects_go_side_by_side():
    """One call of the model for each round, and one upload of the embedding."""
    here, backend = Embedding.from_mapping(embedding()), Echo()
    two, three = CLICK.point(4, 4), CLICK.point(5, 5).point(6, 6)
    found = backend.decode(here, [CLICK, two, three])
    assert [float(p.logits[0, 0]) for p in found] == [1, 11, 111]
    assert backend.calls == [here.digest, 3, 2, 1]


def test_later_clicks_start_from_cached_rounds():
    here, backend = embedding(), Echo()
    backend.decode(here, [CLICK, CLICK.point(4, 4)])
    del backend.calls[:]
    backend.decode(dict(here), [CLICK.point(4, 4).point(5, 5)])
    assert backend.calls == [1], "an equal embedding is the same one"


def test_another_embedding_is_not_mistaken_for_it():
    """Also where the first is gone and the second lies at its address."""
    backend = Echo()
    for value in range(5):
        here = {**embedding(), "image": np.full(4, value, np.float32)}
        backend.decode(here, [CLICK.point(4, 4)])
    assert [c for c in backend.calls if c == 1] == [1] * 10


def test_an_iterator_decodes_a_group_at_a_time():
    backend = Echo()
    found = backend.iter_decode(embedding(), (CLICK for _ in range(40)))
    next(found)
    assert backend.calls[1:] == [GROUP]
    assert len(list(found)) == 39
    assert backend.calls[1:] == [GROUP, GROUP, 40 - 2 * GROUP]


def test_an_embedding_without_a_shape_is_refused():
    with pytest.raises(ModelError, match="how many rows"):
        Echo().decode({"image": np.zeros(4, np.float32)}, [CLICK])
