"""Edits as plain JSON types, and back: what a journal holds of each step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError
from napari_sam.core.prompts import Prompts
from napari_sam.core.propagation import Edge, ObjectState
from napari_sam.session.codec import from_plain, to_plain
from napari_sam.session.edits.edit import (
    CompoundEdit,
    LineageEdit,
    ObjectEdit,
    PromptsEdit,
    TrackEdit,
)
from napari_sam.session.labels.patch import LabelPatch
from napari_sam.session.object_table import ObjectInfo

if TYPE_CHECKING:
    from napari_sam.core.json_values import JsonDict, JsonObject
    from napari_sam.session.edits.edit import Edit, Table

#: The words of version 1 for where prompts are.
_WRITTEN = {"open": "asked", "committed": "kept"}


def compound_to_dict(compound: CompoundEdit) -> JsonDict:
    """Return the edits of a step as plain JSON types; see `compound_from_dict`."""
    return {"batch": [edit_to_dict(edit) for edit in compound.edits]}


def compound_from_dict(data: JsonObject) -> CompoundEdit:
    """Inverse of `compound_to_dict`.

    Raises
    ------
    SessionError
        If one of them is no edit, or one of a later version.
    """
    return CompoundEdit(tuple(edit_from_dict(edit) for edit in data["batch"]))


def edit_to_dict(edit: Edit) -> JsonDict:
    """One edit as plain JSON types; `edit_from_dict` is the exact inverse."""
    match edit:
        case LabelPatch():
            return {"patch": edit.to_dict()}
        case ObjectEdit(object_id, before, after):
            infos = [to_plain(info) for info in (before, after)]
            return {"object": object_id, "infos": infos}
        case TrackEdit(at, known, then):
            return {"track": to_plain(at), "known": to_plain((known, then))}
        case LineageEdit(removed, added):
            return {"removed": to_plain(removed), "added": to_plain(added)}
        case PromptsEdit(at, where, before, after):
            told = [to_plain(prompts) for prompts in (before, after)]
            return {"question": to_plain(at), "where": _WRITTEN[where], "told": told}


def edit_from_dict(data: JsonObject) -> Edit:
    """Inverse of `edit_to_dict`.

    Raises
    ------
    SessionError
        If it is no edit, or one of a later version.
    """
    match data:
        case {"patch": patch}:
            return LabelPatch.from_dict(patch)
        case {"object": object_id, "infos": infos}:
            before, after = (from_plain(ObjectInfo | None, info) for info in infos)
            return ObjectEdit(object_id, before, after)
        case {"track": place, "known": known}:
            was, now = (from_plain(ObjectState | None, state) for state in known)
            return TrackEdit(Address(*place), was, now)
        case {"removed": removed, "added": added}:
            edges = tuple[Edge, ...]
            return LineageEdit(from_plain(edges, removed), from_plain(edges, added))
        case {"question": place, "where": "asked" | "kept" as where, "told": told}:
            first, then = (from_plain(Prompts | None, prompts) for prompts in told)
            table: Table = "open" if where == "asked" else "committed"
            return PromptsEdit(Address(*place), table, first, then)
    raise SessionError(f"{sorted(data)} is no edit that this napari-sam knows.")
