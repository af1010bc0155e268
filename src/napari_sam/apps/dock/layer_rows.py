"""Prompts as rows of layers: positions, corners and features. Pure functions."""

from __future__ import annotations

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
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_sam.apps.dock.plane_geometry import PlaneGeometry
    from napari_sam.core.address import Address
    from napari_sam.core.prompts.items import Path, Prompt

#: Columns of our layers: the object, the sign, and the place among its prompts.
COLUMNS = ("object", "positive", "order")
_KINDS = (np.int64, bool, np.int64)
#: Prompts that a layer of shapes shows.
_SHAPES = (Box, Polygon, Scribble)


@dataclass(frozen=True, slots=True)
class Row:
    """One prompt, as one row of a layer.

    Attributes
    ----------
    at
        The object and frame that it is about.
    order
        Its place among all prompts there, those that no layer shows included.
    prompt
        The prompt.
    """

    at: Address
    order: int
    prompt: Prompt


def rows_of(prompts: Mapping[Address, Prompts], *, points: bool) -> list[Row]:
    """Return the rows of prompts in a layer of points, or in one of shapes."""
    kinds = (Point,) if points else _SHAPES
    return [
        Row(at, order, prompt)
        for at in sorted(prompts)
        for order, prompt in enumerate(prompts[at].items)
        if isinstance(prompt, kinds)
    ]


def features_of(rows: Sequence[Row | None]) -> dict[str, NDArray[Any]]:
    """Return the features of prompts; those of a row without one are zeros."""
    known = [
        (0, False, 0)
        if row is None
        else (row.at.object_id, row.prompt.positive, row.order)
        for row in rows
    ]
    columns = zip(*known, strict=True) if known else ((), (), ())
    return {
        name: np.array(column, kind)
        for name, column, kind in zip(COLUMNS, columns, _KINDS, strict=True)
    }


def point_positions(
    rows: Sequence[Row], geometry: PlaneGeometry
) -> NDArray[np.float64]:
    """Return the positions of points in data coordinates, ``(n, ndim)``."""
    found = np.zeros((len(rows), geometry.ndim))
    for i, row in enumerate(rows):
        assert isinstance(row.prompt, Point)
        here = (row.prompt.row, row.prompt.col)
        found[i] = geometry.to_data(row.at.frame, here)[0]
    return found


def shape_corners(
    rows: Sequence[Row], geometry: PlaneGeometry
) -> list[tuple[NDArray[np.float64], str]]:
    """Return the corners of each shape in data coordinates, and its type."""
    return [_corners(row, geometry) for row in rows]


def merge_rows(before: Prompts, rows: Iterable[Row]) -> Prompts:
    """Put the prompts that layers show now in the place of those they showed.

    Other prompts keep their place; a choice of a candidate only as long as as many
    prompts are shown before it.
    """
    shown = sorted(rows, key=lambda row: row.order)
    items: list[Prompt] = []
    so_far = 0
    for order, prompt in enumerate(before.items):
        if isinstance(prompt, Point | Box | Polygon | Scribble):
            so_far += 1
            continue
        earlier = [row for row in shown if row.order < order]
        items += [row.prompt for row in earlier]
        shown = shown[len(earlier) :]
        count = sum(isinstance(s, Point | Box | Polygon | Scribble) for s in items)
        still_meant = count == so_far and any(item.positive for item in items)
        if still_meant or not isinstance(prompt, Candidate):
            items.append(prompt)
    return Prompts((*items, *(row.prompt for row in shown)))


def _corners(row: Row, geometry: PlaneGeometry) -> tuple[NDArray[np.float64], str]:
    path: Path
    match row.prompt:
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
    return geometry.to_data(row.at.frame, path), kind
