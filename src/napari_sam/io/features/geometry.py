"""Geometries of GeoJSON as simple kinds with their points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import PromptError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.core.json_values import UncheckedJson

_KINDS = ("Point", "LineString", "Polygon")


def simple_geometries(
    path: Path, geometry: UncheckedJson, number: int
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield simple kinds with their points ``(n, 2)``; holes are left out."""
    if geometry is None:
        return
    try:
        kind = geometry["type"]
        if kind == "GeometryCollection":
            for part in geometry["geometries"]:
                yield from simple_geometries(path, part, number)
            return
        parts = geometry["coordinates"] or []
        single = kind.removeprefix("Multi")
        if single not in _KINDS:
            expected = ", ".join(_KINDS)
            raise ValueError(f"its type is {kind!r}; expected {expected}, or several")
        for one in [parts] if kind == single else parts:
            points = _points(single, one)
            if len(points):
                yield single, points
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as wrong:
        reason = str(wrong) if type(wrong) is ValueError else repr(wrong)
        raise PromptError(
            f"{path}: the geometry of feature {number} cannot be understood: {reason}."
        ) from None


def _points(kind: str, part: UncheckedJson) -> NDArray[np.float64]:
    """Return the points of a part; none of an empty one."""
    if not part:
        return np.empty((0, 2))
    flat = [part] if kind == "Point" else part[0] if kind == "Polygon" else part
    points = np.array([p[:2] for p in flat], np.float64).reshape(-1, 2)
    finite: NDArray[np.float64] = points[np.isfinite(points).all(1)]
    return finite
