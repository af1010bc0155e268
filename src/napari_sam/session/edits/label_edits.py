"""Edits of labels: masks that are committed, pixels that get another label.

Each function yields edits one after another; whoever applies them does so before taking
the next, so that what comes later sees what came before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from napari_sam.core.errors import PromptError, SessionError
from napari_sam.session.edits.edit import Edit, ObjectEdit, PromptsEdit, TrackEdit
from napari_sam.session.edits.lineage_edits import without_edges_of
from napari_sam.session.labels.patch import LabelPatch
from napari_sam.session.object_table import ObjectInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from napari_sam.core.address import Address
    from napari_sam.core.geometry.region import Region
    from napari_sam.core.mask import Mask
    from napari_sam.core.prediction import Prediction
    from napari_sam.session.object_table import Status
    from napari_sam.session.session_state import SessionState

#: Pixels of other objects stay theirs, or go to the new mask.
Overlap: TypeAlias = Literal["keep", "overwrite"]

OVERLAPS: tuple[Overlap, ...] = ("keep", "overwrite")


def check_overlap(overlap: str) -> None:
    """Refuse a word that is no `Overlap`.

    Raises
    ------
    PromptError
        If it is none.
    """
    if overlap not in OVERLAPS:
        raise PromptError(f"overlap={overlap!r}: expected one of {OVERLAPS}.")


def commit_masks(
    state: SessionState, masks: Mapping[Address, Prediction], overlap: Overlap
) -> Iterator[Edit]:
    """Put masks into the labels; their prompts are committed, and open no more.

    A mask of which no pixel is free is left out: its prompts stay open.
    """
    placed: list[Address] = []
    for at, mask in masks.items():
        yield from _put_mask(state, at, mask, overlap, placed)
    if not placed:
        raise SessionError(
            "All of the mask lies on other objects, which stay as they are: choose "
            "to overwrite them, or add prompts to this one."
        )
    for at in placed:
        prompts = state.open_prompts[at]
        committed = state.committed_prompts.get(at)
        yield PromptsEdit(at, "committed", committed, prompts)
        yield PromptsEdit(at, "open", prompts, None)


def relabelled(state: SessionState, at: Address, label: int) -> Iterator[Edit]:
    """Give the pixels of an object in one plane another number."""
    mask = state.labels.mask(at)
    before = state.labels.read(at.frame, mask.region)
    yield from patched(
        at.frame, mask.region, before, np.where(mask.array, np.int64(label), before)
    )


def set_status(state: SessionState, object_id: int, status: Status) -> Iterator[Edit]:
    """Give an object a status, unless it has it."""
    now = state.objects.get(object_id)
    after = ObjectInfo(status=status) if now is None else replace(now, status=status)
    if after != now:
        yield ObjectEdit(object_id, now, after)


def patched(
    frame: int,
    region: Region,
    before: NDArray[np.integer],
    after: NDArray[np.integer],
) -> Iterator[Edit]:
    """Yield the patch between two states of a region, if anything changed."""
    patch = LabelPatch.between(frame, region, before, after)
    if patch is not None:
        yield patch


def forgotten(state: SessionState, object_id: int) -> Iterator[Edit]:
    """Remove the prompts and the track of an object, and all that is known of it."""
    for at in state.open_prompts.of_object(object_id):
        yield PromptsEdit(at, "open", state.open_prompts[at], None)
    for at in state.committed_prompts.of_object(object_id):
        yield PromptsEdit(at, "committed", state.committed_prompts[at], None)
    for at in state.tracked.of_object(object_id):
        yield TrackEdit(at, state.tracked[at], None)
    yield from without_edges_of(state, object_id)
    if object_id in state.objects:
        yield ObjectEdit(object_id, state.objects[object_id], None)


def _put_mask(
    state: SessionState,
    at: Address,
    mask: Prediction,
    overlap: Overlap,
    placed: list[Address],
) -> Iterator[Edit]:
    """Put a mask in place of what the object had there.

    It is added to `placed` unless no pixel of it is free.
    """
    check_mask(at, mask)
    labels = state.labels.read(at.frame, mask.region)
    free = _may_be_taken(state, at.frame, labels, overlap)
    free |= labels == at.object_id
    if not (free & mask.mask).any():
        return
    if at in state.footprints:
        yield from relabelled(state, at, 0)
        labels = state.labels.read(at.frame, mask.region)
    after = np.where(free & mask.mask, np.int64(at.object_id), labels)
    yield from patched(at.frame, mask.region, labels, after)
    yield from set_status(state, at.object_id, "committed")
    placed.append(at)


def check_mask(at: Address, mask: Mask | Prediction) -> None:
    """Refuse a mask without pixels.

    Raises
    ------
    SessionError
        If it is empty.
    """
    if not mask.area:
        raise SessionError(
            f"The mask of object {at.object_id} in frame {at.frame} is empty: add "
            "prompts, or lower the threshold."
        )


def _may_be_taken(
    state: SessionState, frame: int, labels: NDArray[np.integer], overlap: Overlap
) -> NDArray[np.bool_]:
    if overlap == "keep":
        return np.asarray(labels == 0)
    return ~np.isin(labels, list(state.approved_on(frame)))
