"""Edits: what changes, as values, each with its inverse; a batch is one step."""

from napari_sam.session.edits.edit import (
    CompoundEdit,
    Edit,
    LineageEdit,
    ObjectEdit,
    PromptsEdit,
    TrackEdit,
    apply,
    apply_all,
    parts,
)

__all__ = [
    "CompoundEdit",
    "Edit",
    "LineageEdit",
    "ObjectEdit",
    "PromptsEdit",
    "TrackEdit",
    "apply",
    "apply_all",
    "parts",
]
