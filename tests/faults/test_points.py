"""Many points on one object: a person's clicks are a sequence, a file's are not."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam import Prompts, load_backend
from napari_sam.core.prompts.model_prompts import refinement_steps


def said(count):
    rng = np.random.default_rng(0)
    prompts = Prompts.point(32, 32)
    for row, col in rng.integers(20, 44, (count - 1, 2)).tolist():
        prompts = prompts.point(row, col)
    return prompts


def test_clicks_are_a_sequence():
    steps = refinement_steps(said(20))
    assert [len(step.prompts.items) for step in steps] == list(range(1, 21))


@pytest.mark.parametrize("count", [100, 1000])
def test_what_no_person_clicks_takes_no_more_rounds(count, monkeypatch):
    backend = load_backend(device="cpu")
    plane = np.zeros((64, 64, 3), np.uint8)
    plane[16:48, 16:48] = 200
    (embedding,) = backend.encode([plane])
    rounds = []
    decode = backend._decode_rounds
    monkeypatch.setattr(
        backend,
        "_decode_rounds",
        lambda tile, given: (rounds.append(len(given)), decode(tile, given))[1],
    )
    (found,) = backend.decode(embedding, [said(count)])
    assert np.isfinite(found.logits).all()
    assert len(rounds) <= 32
    # All points count: the last of them is in the last round.
    assert len(refinement_steps(said(count))[-1].prompts.items) == count


def test_a_chosen_candidate_stays_chosen_among_many():
    prompts = said(32).choose(2) + said(40)
    steps = refinement_steps(prompts)
    assert steps[31].candidate == 2
    assert len(steps[-1].prompts.items) == 72
