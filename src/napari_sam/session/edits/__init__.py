"""What changes, as values: each edit has an inverse, and a batch is one step."""

from napari_sam.session.edits.kinds import (
    Batch,
    Edit,
    ObjectEdit,
    QuestionEdit,
    apply,
    parts,
)

__all__ = ["Batch", "Edit", "ObjectEdit", "QuestionEdit", "apply", "parts"]
