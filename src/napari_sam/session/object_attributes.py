"""Attributes of objects: what a session knows of them besides pixels, for files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.address import Address
from napari_sam.session.labels.patch import LabelPatch
from napari_sam.session.object_table import ObjectInfo

if TYPE_CHECKING:
    from napari_sam.core.json_values import JsonValue
    from napari_sam.session.document import Document

#: Digits of a score.
_DIGITS = 4


def object_attributes(document: Document) -> dict[Address, dict[str, JsonValue]]:
    """Return score, name, class and status of objects, as far as they are known.

    Scores are those of the model, of masks that are as it predicted them.
    """
    state, scores = document.state, _scores(document)
    found: dict[Address, dict[str, JsonValue]] = {}
    for at in list(state.footprints):
        known = dict(_described(state.objects.get(at.object_id, ObjectInfo())))
        if at in scores:
            known["score"] = round(scores[at], _DIGITS)
        if known:
            found[at] = known
    return found


def _scores(document: Document) -> dict[Address, float]:
    """Return the scores of masks that are in the labels as they were committed.

    What was corrected since, by whatever action, has none, until an undo brings the
    mask back.
    """
    found: dict[Address, float] = {}
    for step in list(document.history.done):
        patches = (one for one in step.edit.edits if isinstance(one, LabelPatch))
        for at in {Address(one.frame, i) for one in patches for i in one.objects}:
            found.pop(at, None)
            if at in step.scores:
                found[at] = step.scores[at]
    return found


def _described(info: ObjectInfo) -> dict[str, JsonValue]:
    said: dict[str, JsonValue] = {"name": info.name, "class": info.category}
    if info.category_score is not None:
        said["class_score"] = round(info.category_score, _DIGITS)
    if info.status in ("approved", "rejected"):
        said["status"] = info.status
    return {name: text for name, text in said.items() if text}
