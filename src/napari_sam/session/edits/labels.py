"""Edits of labels: masks kept, objects deleted, merged and painted.

Each function yields edits one after another; whoever runs them applies each before
asking for the next, so that what comes later sees what came before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import SessionError
from napari_sam.session.edits.kinds import Edit, ObjectEdit, QuestionEdit
from napari_sam.session.patch import LabelPatch
from napari_sam.session.values import ObjectInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_sam.core.grid import Region
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.values import Address
    from napari_sam.session.state import State
    from napari_sam.session.values import Overlap, Status


def commit(
    state: State, answers: Mapping[Address, Prediction], overlap: Overlap
) -> Iterator[Edit]:
    """Put masks into the labels; their questions are kept, and open no more."""
    yield from put(state, answers, overlap)
    for at in answers:
        asked = state.asked[at]
        yield QuestionEdit(at, "kept", state.kept.get(at), asked)
        yield QuestionEdit(at, "asked", asked, None)


def put(
    state: State, answers: Mapping[Address, Prediction], overlap: Overlap
) -> Iterator[Edit]:
    """Put masks into the labels, each in place of what the object had there."""
    for at, answer in answers.items():
        yield from _replaced(state, at, answer, overlap)
        yield from marked(state, at.object_id, "committed")


def kept(state: State, patches: Sequence[LabelPatch]) -> Iterator[Edit]:
    """Put masks into the labels again, from the pixels that changed."""
    yield from patches
    for object_id in _named(patches):
        yield from marked(state, object_id, "committed")


def delete(state: State, ids: Sequence[int]) -> Iterator[Edit]:
    """Remove objects everywhere: pixels, questions, names."""
    for object_id in ids:
        for at in state.of_object(object_id):
            yield from relabelled(state, at, 0)
        yield from _forgotten(state, object_id)


def merge(state: State, ids: Sequence[int]) -> Iterator[Edit]:
    """Give the pixels of objects to the first of them."""
    into, *others = dict.fromkeys(ids)
    if not others:
        raise SessionError(f"Object {into} alone was given; a merge takes two or more.")
    _check_known(state, (into, *others))
    for object_id in others:
        for at in state.of_object(object_id):
            yield from relabelled(state, at, into)
        yield from _forgotten(state, object_id)
    for at in [at for at in state.kept if at.object_id == into]:
        # What was said of one part does not say what is in the whole.
        yield QuestionEdit(at, "kept", state.kept[at], None)
    yield from marked(state, into, "committed")


def paint(state: State, patch: LabelPatch) -> Iterator[Edit]:
    """Take over strokes of a brush, which may have been drawn already."""
    yield patch
    for object_id in _named([patch]):
        if object_id not in state.objects:
            yield ObjectEdit(object_id, None, ObjectInfo(status="committed"))


def relabelled(state: State, at: Address, label: int) -> Iterator[Edit]:
    """Give the pixels of an object in one plane another number."""
    region, mask = state.mask(at)
    before = state.read(at.frame, region)
    yield from patched(at.frame, region, before, np.where(mask, label, before))


def marked(state: State, object_id: int, status: Status) -> Iterator[Edit]:
    """Give an object a status, unless it has it."""
    now = state.objects.get(object_id)
    after = replace(now or ObjectInfo(), status=status)
    if after != now:
        yield ObjectEdit(object_id, now, after)


def _replaced(
    state: State, at: Address, answer: Prediction, overlap: Overlap
) -> Iterator[Edit]:
    """Put one mask where the object was before, if it was."""
    if not answer.area:
        raise SessionError(
            f"The mask of object {at.object_id} in frame {at.frame} is empty: say more "
            "about it, or lower the threshold."
        )
    if at in state.footprints:
        yield from relabelled(state, at, 0)
    before = state.read(at.frame, answer.region)
    free = answer.mask & _may_be_taken(state, before, overlap)
    after = np.where(free, at.object_id, before)
    yield from patched(at.frame, answer.region, before, after)


def _may_be_taken(
    state: State, labels: NDArray[np.uint32], overlap: Overlap
) -> NDArray[np.bool_]:
    if overlap == "keep":
        return np.asarray(labels == 0)
    approved = [i for i, info in state.objects.items() if info.status == "approved"]
    return ~np.isin(labels, approved)


def patched(
    frame: int, region: Region, before: NDArray[np.uint32], after: NDArray[np.uint32]
) -> Iterator[Edit]:
    """Yield what changed between two states of a region, if anything did."""
    patch = LabelPatch.between(frame, region, before, after)
    if patch is not None:
        yield patch


def _named(patches: Sequence[LabelPatch]) -> list[int]:
    """Objects that gain pixels."""
    return sorted({i for patch in patches for i in patch.after.values} - {0})


def _forgotten(state: State, object_id: int) -> Iterator[Edit]:
    for at in [at for at in state.asked if at.object_id == object_id]:
        yield QuestionEdit(at, "asked", state.asked[at], None)
    for at in [at for at in state.kept if at.object_id == object_id]:
        yield QuestionEdit(at, "kept", state.kept[at], None)
    if object_id in state.objects:
        yield ObjectEdit(object_id, state.objects[object_id], None)


def _check_known(state: State, ids: Sequence[int]) -> None:
    there = {at.object_id for at in state.footprints}
    missing = [i for i in ids if i not in there]
    if missing:
        raise SessionError(f"There is no object {missing[0]} in the labels.")
