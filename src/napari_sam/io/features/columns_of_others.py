"""Columns of coordinates that other programs write, as those of points and boxes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from napari_sam.core.errors import PromptError

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMBERED = re.compile(r"(axis|centroid|bbox)-(\d)")
_SIZE = ("width", "height")
_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_EDGES = ("top", "left", "bottom", "right")


def plain_names(columns: Sequence[str]) -> tuple[str, ...]:
    """Return the names of columns, with our own for those that are numbered.

    ``axis-0, axis-1`` are of napari's tables of points, with the frame in front where
    there are three; ``centroid-0, centroid-1`` and ``bbox-0`` to ``bbox-3`` of
    scikit-image.

    Raises
    ------
    PromptError
        If it is a table of napari's shapes, which has a row for each corner.
    """
    if "vertex-index" in columns:
        raise PromptError(
            "This is a table of napari's shapes. Open it in napari, whose shapes "
            "become prompts there, or save them as GeoJSON."
        )
    axes = [c for c in columns if _NUMBERED.fullmatch(c)]
    ours = {
        ("axis-0", "axis-1"): ("row", "col"),
        ("axis-0", "axis-1", "axis-2"): ("frame", "row", "col"),
        ("centroid-0", "centroid-1"): ("row", "col"),
        ("bbox-0", "bbox-1", "bbox-2", "bbox-3"): _EDGES,
    }
    named: dict[str, str] = {}
    for theirs, names in ours.items():
        kind = theirs[0].partition("-")[0]
        if tuple(a for a in axes if a.startswith(kind)) == theirs and not named:
            named = dict(zip(theirs, names, strict=True))
    taken = set(named.values()) & set(columns)
    return tuple(columns) if taken else tuple(named.get(c, c) for c in columns)


def with_corners(
    columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], str]:
    """Return a table with the corners of boxes that have a corner and a size.

    Its columns are ``x, y`` or, of ImageJ, ``bx, by``, and ``width, height``. Where
    both pairs are there, ``x, y`` is the middle of an object, and stays a point.

    Returns
    -------
    The columns, the rows, and what is said of it; "" where nothing changed.
    """
    lower = [c.lower() for c in columns]
    sized = [next((lower.index(n) for n in (s, s[0]) if n in lower), -1) for s in _SIZE]
    corners = [("bx", "by"), ("x", "y")]
    placed = [all(n in lower for n in pair) for pair in corners]
    if -1 in sized or sum(placed) != 1 or set(_CORNERS) & set(columns):
        return columns, tuple(rows), ""
    x, y = corners[placed.index(True)]
    at = [lower.index(x), lower.index(y), *sized]
    kept = [i for i in range(len(columns)) if i not in at]
    made = tuple((*(row[i] for i in kept), *_box([row[i] for i in at])) for row in rows)
    *some, last = [columns[i] for i in at]
    said = f"{', '.join(some)} and {last} are taken for boxes, from their first corner."
    return (*(columns[i] for i in kept), *_CORNERS), made, said


def _box(cells: Sequence[str]) -> tuple[str, ...]:
    """Return the corners of one box, as text; what is no number is left as it is."""
    try:
        x, y, width, height = map(float, cells)
    except ValueError:
        return tuple(cells)
    return tuple(f"{value:.17g}" for value in (x, y, x + width, y + height))
