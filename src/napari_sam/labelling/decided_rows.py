"""Rows of objects before and after what a person decided."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_sam.labelling.object_rows import ObjectRow
    from napari_sam.labelling.review_log import Decision


def row_as_found(row: ObjectRow) -> ObjectRow:
    """Return a row before any review; what was an example stays accepted."""
    if row.source == "example":
        return replace(
            row, status="accepted", category=row.found_class, class_score=1.0
        )
    return replace(
        row, status="found", category=row.found_class, class_score=row.found_score
    )


def row_after(row: ObjectRow, decision: Decision) -> ObjectRow:
    """Return a row after a decision."""
    row = replace(
        row, status=decision.status, category=decision.category, class_score=1.0
    )
    mask = decision.after
    if mask is None:
        return row
    region = mask.region
    return replace(
        row,
        area=mask.area,
        top=region.top,
        left=region.left,
        bottom=region.bottom,
        right=region.right,
    )
