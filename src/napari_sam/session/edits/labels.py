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

    from napari_sam.core.address import Address
    from napari_sam.core.geometry.region import Region
    from napari_sam.core.prediction import Prediction
    from napari_sam.session.state import State
    from napari_sam.session.values import Overlap, Status


def commit(
    state: State, answers: Mapping[Address, Prediction], overlap: Overlap
) -> Iterator[Edit]:
    """Put masks into the labels; their questions are kept, and open no more.

    A mask of which nothing would be seen is left out: its question stays open.
    """
    placed: list[Address] = []
    yield from put(state, answers, overlap, placed)
    if not placed:
        raise SessionError(
            "All of the mask lies on other objects, which are kept as they are: choose "
            "to overwrite them, or say more about this one."
        )
    for at in placed:
        asked = state.asked[at]
        yield QuestionEdit(at, "kept", state.kept.get(at), asked)
        yield QuestionEdit(at, "asked", asked, None)


def put(
    state: State,
    answers: Mapping[Address, Prediction],
    overlap: Overlap,
    placed: list[Address],
) -> Iterator[Edit]:
    """Put masks into the labels, each in place of what the object had there.

    Those of which something is seen are added to `placed`.
    """
    for at, answer in answers.items():
        _check_mask(at, answer)
        labels = state.read(at.frame, answer.region)
        free = _may_be_taken(state, labels, overlap) | (labels == at.object_id)
        if not (free & answer.mask).any():
            continue
        if at in state.footprints:
            yield from relabelled(state, at, 0)
            labels = state.read(at.frame, answer.region)
        after = np.where(free & answer.mask, np.int64(at.object_id), labels)
        yield from patched(at.frame, answer.region, labels, after)
        yield from marked(state, at.object_id, "committed")
        placed.append(at)


def kept(
    state: State, patches: Sequence[LabelPatch], ids: Sequence[int]
) -> Iterator[Edit]:
    """Put masks of objects into the labels again, from the pixels that changed."""
    yield from patches
    for object_id in ids:
        yield from marked(state, object_id, "committed")


def delete(state: State, ids: Sequence[int]) -> Iterator[Edit]:
    """Remove objects everywhere: pixels, questions, names."""
    for object_id in ids:
        for at in state.of_object(object_id):
            yield from relabelled(state, at, 0)
        yield from _forgotten(state, object_id)


def merge(state: State, ids: Sequence[int]) -> Iterator[Edit]:
    """Give the pixels of objects to the first of them."""
    into, *others = dict.fromkeys(ids) or (0,)
    if not others:
        raise SessionError(f"A merge takes two objects or more; given: {list(ids)}.")
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
    for object_id in sorted(set(patch.after.values) - {0, *state.objects}):
        yield ObjectEdit(object_id, None, ObjectInfo(status="committed"))


def relabelled(state: State, at: Address, label: int) -> Iterator[Edit]:
    """Give the pixels of an object in one plane another number."""
    region, mask = state.mask(at)
    before = state.read(at.frame, region)
    yield from patched(
        at.frame, region, before, np.where(mask, np.int64(label), before)
    )


def marked(state: State, object_id: int, status: Status) -> Iterator[Edit]:
    """Give an object a status, unless it has it."""
    now = state.objects.get(object_id)
    after = replace(now or ObjectInfo(), status=status)
    if after != now:
        yield ObjectEdit(object_id, now, after)


def _check_mask(at: Address, answer: Prediction) -> None:
    if not answer.area:
        raise SessionError(
            f"The mask of object {at.object_id} in frame {at.frame} is empty: say more "
            "about it, or lower the threshold."
        )


def _may_be_taken(
    state: State, labels: NDArray[np.uint32], overlap: Overlap
) -> NDArray[np.bool_]:
    if overlap == "keep":
        return np.asarray(labels == 0)
    return ~np.isin(labels, list(state.approved()))


def patched(
    frame: int, region: Region, before: NDArray[np.uint32], after: NDArray[np.uint32]
) -> Iterator[Edit]:
    """Yield what changed between two states of a region, if anything did."""
    patch = LabelPatch.between(frame, region, before, after)
    if patch is not None:
        yield patch


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
