"""Actions and edits as plain JSON types, and back."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError
from napari_sam.core.prompts import Prompts
from napari_sam.session import actions
from napari_sam.session.edits import Batch, ObjectEdit, QuestionEdit
from napari_sam.session.patch import LabelPatch
from napari_sam.session.values import ObjectInfo, Question

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from napari_sam.session.actions import Action
    from napari_sam.session.edits import Edit

#: Raised when a reader of the old schema could misunderstand the new one.
VERSION = 1


def action_to_dict(action: Action) -> dict[str, Any]:
    """One action as plain JSON types; `action_from_dict` is the exact inverse."""
    match action:
        case actions.Say(said):
            return {"do": "say", "said": _told(said)}
        case actions.Commit(ats, overlap, setup, said):
            places = [_place(at) for at in ats]
            data = {"do": "commit", "at": places, "overlap": overlap, "setup": setup}
            return {**data, "said": _told(said)} if said else data
        case actions.Keep(patches, ids):
            pixels = [patch.to_dict() for patch in patches]
            return {"do": "keep", "patches": pixels, "objects": list(ids)}
        case actions.Paint(patch):
            return {"do": "paint", "patch": patch.to_dict()}
        case actions.Reopen(at):
            return {"do": "reopen", "at": _place(at)}
        case actions.Describe(object_id, info):
            return {"do": "describe", "object": object_id, "info": asdict(info)}
        case actions.Delete(ids):
            return {"do": "delete", "objects": list(ids)}
        case actions.Merge(ids):
            return {"do": "merge", "objects": list(ids)}
        case actions.Split(at, path):
            line = [list(position) for position in path]
            return {"do": "split", "at": _place(at), "path": line}
        case actions.Grow(at, pixels):
            return {"do": "grow", "at": _place(at), "pixels": pixels}
        case actions.Fill(at):
            return {"do": "fill", "at": _place(at)}


def action_from_dict(data: Mapping[str, Any]) -> Action:
    """Inverse of `action_to_dict`.

    Raises
    ------
    SessionError
        If it is no action, or one of a later version.
    """
    match data:
        case {"do": "say", "said": told}:
            return actions.Say(_said_of(told))
        case {"do": "commit", "at": places, "overlap": overlap, "setup": setup}:
            ats = tuple(Address(*place) for place in places)
            said = _said_of(data.get("said", ()))
            return actions.Commit(ats, overlap, setup, said)
        case {"do": "keep", "patches": patches, "objects": ids}:
            pixels = tuple(LabelPatch.from_dict(patch) for patch in patches)
            return actions.Keep(pixels, tuple(ids))
        case {"do": "paint", "patch": patch}:
            return actions.Paint(LabelPatch.from_dict(patch))
        case {"do": "reopen", "at": place}:
            return actions.Reopen(Address(*place))
        case {"do": "describe", "object": object_id, "info": info}:
            return actions.Describe(object_id, _info_of(info))
        case {"do": "delete", "objects": ids}:
            return actions.Delete(tuple(ids))
        case {"do": "merge", "objects": ids}:
            return actions.Merge(tuple(ids))
        case {"do": "split", "at": place, "path": path}:
            line = tuple((float(row), float(col)) for row, col in path)
            return actions.Split(Address(*place), line)
        case {"do": "grow", "at": place, "pixels": pixels}:
            return actions.Grow(Address(*place), pixels)
        case {"do": "fill", "at": place}:
            return actions.Fill(Address(*place))
    raise SessionError(
        f"{data.get('do')!r} is no step that this napari-sam knows. The file may have "
        "been written by a later version."
    )


def edit_to_dict(edit: Edit) -> dict[str, Any]:
    """One edit as plain JSON types; `edit_from_dict` is the exact inverse."""
    match edit:
        case Batch(edits):
            return {"batch": [edit_to_dict(inner) for inner in edits]}
        case LabelPatch():
            return {"patch": edit.to_dict()}
        case ObjectEdit(object_id, before, after):
            infos = [info and asdict(info) for info in (before, after)]
            return {"object": object_id, "infos": infos}
        case QuestionEdit(at, where, before, after):
            told = [None if q is None else _question(q) for q in (before, after)]
            return {"question": _place(at), "where": where, "told": told}


def edit_from_dict(data: Mapping[str, Any]) -> Edit:
    """Inverse of `edit_to_dict`."""
    match data:
        case {"batch": edits}:
            return Batch(tuple(edit_from_dict(inner) for inner in edits))
        case {"patch": patch}:
            return LabelPatch.from_dict(patch)
        case {"object": object_id, "infos": [before, after]}:
            return ObjectEdit(
                object_id, before and _info_of(before), after and _info_of(after)
            )
        case {"question": place, "where": where, "told": [before, after]}:
            first, then = (q and _question_of(q) for q in (before, after))
            return QuestionEdit(Address(*place), where, first, then)
    raise SessionError(f"{sorted(data)} is no edit that this napari-sam knows.")


def plain(value: Any) -> Any:
    """Return a number of numpy as one of Python, for `json.dumps`.

    Raises
    ------
    TypeError
        If it is anything else.
    """
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{value!r} is no plain JSON type.")


def _told(said: Iterable[tuple[Address, Question]]) -> list[list[Any]]:
    return [[*_place(at), _question(question)] for at, question in said]


def _said_of(told: Iterable[Any]) -> tuple[tuple[Address, Question], ...]:
    return tuple((Address(f, i), _question_of(q)) for f, i, q in told)


def _place(at: Address) -> list[int]:
    return [at.frame, at.object_id]


def _question(question: Question) -> dict[str, Any]:
    return {"prompts": question.prompts.to_dict(), "threshold": question.threshold}


def _question_of(data: Mapping[str, Any]) -> Question:
    return Question(Prompts.from_dict(data["prompts"]), data["threshold"])


def _info_of(data: Mapping[str, Any]) -> ObjectInfo:
    color = data["color"]
    return ObjectInfo(**{**data, "color": None if color is None else tuple(color)})
