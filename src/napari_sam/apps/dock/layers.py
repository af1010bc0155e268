"""Tables of points and shapes <-> what was said. Pure: arrays in, values out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam.core.prompts import Prompts
from napari_sam.core.prompts.items import (
    Box,
    Candidate,
    Point,
    Polygon,
    Scribble,
    is_positive,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_sam.apps.dock.geometry import PlaneGeometry
    from napari_sam.core.address import Address
    from napari_sam.core.prompts.items import Path, Prompt

#: Columns of our layers: which object, what for, and the place in what was said.
COLUMNS = ("object", "positive", "order")
#: What is drawn, and not only said.
_SHAPES = (Box, Polygon, Scribble)


@dataclass(frozen=True, slots=True)
class Row:
    """One statement, as one row of a layer.

    Attributes
    ----------
    at
        What it is about.
    order
        Its place among all that was said there, those that are not drawn included.
    statement
        What was said.
    """

    at: Address
    order: int
    statement: Prompt


def rows_of(prompts: Mapping[Address, Prompts], *, points: bool) -> list[Row]:
    """Return what a layer of points, or one of shapes, shows of what was said."""
    kinds = (Point,) if points else _SHAPES
    return [
        Row(at, order, statement)
        for at in sorted(prompts)
        for order, statement in enumerate(prompts[at].items)
        if isinstance(statement, kinds)
    ]


def features_of(rows: Sequence[Row]) -> dict[str, NDArray[Any]]:
    """Return the table beside the rows."""
    return {
        "object": np.array([row.at.object_id for row in rows], np.int64),
        "positive": np.array([_is_positive(row.statement) for row in rows], bool),
        "order": np.array([row.order for row in rows], np.int64),
    }


def point_positions(
    rows: Sequence[Row], geometry: PlaneGeometry
) -> NDArray[np.float64]:
    """Return the positions of points in data coordinates, ``(n, ndim)``."""
    found = np.zeros((len(rows), geometry.ndim))
    for i, row in enumerate(rows):
        assert isinstance(row.statement, Point)
        here = (row.statement.row, row.statement.col)
        found[i] = geometry.place(row.at.frame, here)[0]
    return found


def shapes_drawn(
    rows: Sequence[Row], geometry: PlaneGeometry
) -> list[tuple[NDArray[np.float64], str]]:
    """Return the corners of each shape in data coordinates, and its type."""
    return [_drawn(row, geometry) for row in rows]


def merged(before: Prompts, rows: Iterable[Row]) -> Prompts:
    """Put what is drawn now in the place of what was.

    What is not drawn keeps its place; a choice of a candidate only as long as as much
    is drawn before it.
    """
    drawn = sorted(rows, key=lambda row: row.order)
    said: list[Prompt] = []
    so_far = 0
    for order, statement in enumerate(before.items):
        if isinstance(statement, Point | Box | Polygon | Scribble):
            so_far += 1
            continue
        earlier = [row for row in drawn if row.order < order]
        said += [row.statement for row in earlier]
        drawn = drawn[len(earlier) :]
        count = sum(isinstance(s, Point | Box | Polygon | Scribble) for s in said)
        still_meant = count == so_far and any(map(is_positive, said))
        if still_meant or not isinstance(statement, Candidate):
            said.append(statement)
    return Prompts((*said, *(row.statement for row in drawn)))


def by_address(rows: Iterable[Row]) -> dict[Address, list[Row]]:
    """Sort rows by what they are about."""
    found: defaultdict[Address, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.at].append(row)
    return dict(found)


def _drawn(row: Row, geometry: PlaneGeometry) -> tuple[NDArray[np.float64], str]:
    path: Path
    match row.statement:
        case Box(top, left, bottom, right):
            t, le, b, r = top - 0.5, left - 0.5, bottom - 0.5, right - 0.5
            path, kind = ((t, le), (b, le), (b, r), (t, r)), "rectangle"
        case Polygon(vertices):
            path, kind = vertices, "polygon"
        case Scribble(vertices):
            # A path of napari has two positions at least.
            path, kind = (vertices * 2)[: max(2, len(vertices))], "path"
        case other:
            raise TypeError(f"{other} is no shape.")
    return geometry.place(row.at.frame, path), kind


def _is_positive(statement: Prompt) -> bool:
    return bool(getattr(statement, "positive", True))
