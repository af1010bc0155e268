"""What changes, as values: each edit has an inverse, and a batch is one step."""

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
