"""Rows of labelled objects, and the tables that lie beside label images."""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Literal, TypeAlias

from napari_sam.core.atomic_write import replacing
from napari_sam.core.errors import ImageError
from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

#: What became of an object: as it was found, or what a person decided.
ReviewStatus: TypeAlias = Literal["found", "accepted", "rejected", "corrected"]
_STATUSES = ("found", "accepted", "rejected", "corrected")
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """What is known of one object of an image.

    Attributes
    ----------
    object
        Its number in the label image.
    frame
        The plane.
    category
        Its class; ``""`` for none. The column is called ``class``.
    class_score
        How probable the class is, from 0 to 1.
    score
        How good the model thinks the mask is, from 0 to 1.
    source
        Where it came from: ``"instances"``, ``"grid"``, ``"example"``, ``"words"``,
        or ``"drawn"`` by a person in the review.
    status
        ``"found"``, or what a person decided: ``"accepted"``, ``"rejected"``,
        ``"corrected"``.
    area
        Pixels.
    top, left, bottom, right
        Its box, half-open.
    found_class, found_score
        Class and its score as they were found, before any review.
    """

    object: int
    frame: int
    category: str
    class_score: float
    score: float
    source: str
    status: ReviewStatus
    area: int
    top: int
    left: int
    bottom: int
    right: int
    found_class: str = ""
    found_score: float = 1.0

    @property
    def region(self) -> Region:
        """Its box."""
        return Region(self.top, self.left, self.bottom, self.right)


_NAMES = tuple(one.name for one in fields(ObjectRow))
_COLUMNS = tuple("class" if name == "category" else name for name in _NAMES)
_WHOLE = ("object", "frame", "area", "top", "left", "bottom", "right")
_FLOATS = ("class_score", "score", "found_score")


def write_rows(path: Path, rows: Iterable[ObjectRow]) -> None:
    """Write a table with commas; it appears whole or not at all."""
    with (
        replacing(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        table = csv.writer(file, lineterminator="\n")
        table.writerow(_COLUMNS)
        table.writerows(_cells(row) for row in rows)


def read_rows(path: Path) -> list[ObjectRow]:
    """Read what `write_rows` wrote; further columns are passed over.

    Raises
    ------
    ImageError
        If it cannot be read, or a column is missing or holds what it should not.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [_row(cells) for cells in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, ValueError) as wrong:
        raise ImageError(
            f"{path} cannot be read as a table of labelled objects: {wrong!r}."
        ) from None


def _cells(row: ObjectRow) -> list[object]:
    known = asdict(row)
    return [
        round(known[name], _DIGITS) if name in _FLOATS else known[name]
        for name in _NAMES
    ]


def _row(cells: dict[str, str]) -> ObjectRow:
    whole = [int(cells[name]) for name in _WHOLE]
    sure, score, found_score = (float(cells[name]) for name in _FLOATS)
    status = cells["status"]
    if status not in _STATUSES:
        raise ValueError(f"status {status!r}: expected one of {_STATUSES}")
    number, frame, area, top, left, bottom, right = whole
    return ObjectRow(
        number,
        frame,
        cells["class"],
        sure,
        score,
        cells["source"],
        status,  # type: ignore[arg-type]
        area,
        top,
        left,
        bottom,
        right,
        found_class=cells["found_class"],
        found_score=found_score,
    )
