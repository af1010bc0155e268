"""Edits of what was said, and of what objects are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.errors import SessionError
from napari_sam.core.prompts import Prompts
from napari_sam.session.edits.kinds import Edit, ObjectEdit, QuestionEdit
from napari_sam.session.edits.labels import marked
from napari_sam.session.values import ObjectInfo, Question

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from napari_sam.core.address import Address
    from napari_sam.session.state import State


def say(state: State, said: Mapping[Address, Question]) -> Iterator[Edit]:
    """Put questions; one that says nothing withdraws what was asked there."""
    for at, question in said.items():
        now = state.asked.get(at)
        after = question if question.prompts.items else None
        if after != now:
            yield QuestionEdit(at, "asked", now, after)
        if after is not None and at.object_id not in state.objects:
            yield ObjectEdit(at.object_id, None, ObjectInfo())
        if after is None and _is_nothing(state, at.object_id):
            yield ObjectEdit(at.object_id, state.objects[at.object_id], None)


def withdraw(state: State, ats: Sequence[Address]) -> Iterator[Edit]:
    """Take back those of some questions that are still open."""
    yield from say(state, {at: Question() for at in ats if at in state.asked})


def reopen(state: State, at: Address) -> Iterator[Edit]:
    """Put the question of a kept mask again, so that it can be corrected.

    Where nothing was said, as of a painted object, its pixels are the question.
    """
    question = state.kept.get(at)
    if question is None:
        region, mask = state.mask(at)
        shape = Prompts.from_mask(mask, top=region.top, left=region.left)
        question = Question(shape)
    if state.asked.get(at) != question:
        yield QuestionEdit(at, "asked", state.asked.get(at), question)
    yield from marked(state, at.object_id, "open")


def describe(state: State, object_id: int, info: ObjectInfo) -> Iterator[Edit]:
    """Say what an object is called, or how far the work on it is."""
    now = state.objects.get(object_id)
    if now is None:
        raise SessionError(f"There is no object {object_id} to describe.")
    if now != info:
        yield ObjectEdit(object_id, now, info)


def _is_nothing(state: State, object_id: int) -> bool:
    """Whether an object is known by name alone, and by no name that was given."""
    if state.objects.get(object_id) != ObjectInfo():
        return False
    anywhere = (*state.asked, *state.kept, *state.footprints)
    return all(at.object_id != object_id for at in anywhere)
