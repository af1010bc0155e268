"""Rows of objects before and after what a person decided."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_sam.labelling.object_rows import ObjectRow

if TYPE_CHECKING:
    from napari_sam.core.mask import Mask
    from napari_sam.labelling.review_log import Decision

#: Where objects came from that a person drew.
DRAWN = "drawn"


def row_as_found(row: ObjectRow) -> ObjectRow:
    """Return a row before any review.

    What was an example stays accepted; what a person drew is in no label image then.
    """
    if row.source == DRAWN:
        return replace(row, status="rejected", category=row.found_class)
    if row.source == "example":
        return replace(
            row, status="accepted", category=row.found_class, class_score=1.0
        )
    return replace(
        row, status="found", category=row.found_class, class_score=row.found_score
    )


def drawn_row(number: int, frame: int, mask: Mask, category: str) -> ObjectRow:
    """Return the row of an object that a person drew, before that is decided."""
    region = mask.region
    return ObjectRow(
        object=number,
        frame=frame,
        category=category,
        class_score=1.0,
        score=1.0,
        source=DRAWN,
        status="rejected",
        area=mask.area,
        top=region.top,
        left=region.left,
        bottom=region.bottom,
        right=region.right,
        found_class=category,
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
