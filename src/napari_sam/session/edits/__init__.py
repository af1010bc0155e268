"""Edits: what changes, as values with inverses; those of a step are a compound edit."""

from napari_sam.session.edits.edit import (
    CompoundEdit,
    Edit,
    LineageEdit,
    ObjectEdit,
    PromptsEdit,
    TrackEdit,
    apply,
    apply_all,
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
]
