"""Where on earth a raster lies: its reference system, transform and pixel sizes."""

from __future__ import annotations

import logging
from math import hypot
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from napari_sam.io.geo_transform import to_map
from napari_sam.io.readers.units import unit_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rasterio import DatasetReader
    from rasterio.control import GroundControlPoint
    from rasterio.crs import CRS

    from napari_sam.io.geo_transform import Transform

logger = logging.getLogger(__name__)

#: Control points that are missed by more pixels are no grid.
_CLOSE = 0.5


class Placement(TypedDict, total=False):
    """Fields of an `Image` that say where it lies."""

    crs: str | None
    transform: Transform | None
    scale: dict[str, float]
    units: dict[str, str]


def placement_of(found: DatasetReader, path: Path | str) -> Placement:
    """Return where a raster lies: its transform and reference system.

    Where it has ground control points instead of a transform, the transform is the one
    that fits them best; if it misses them, that is said.
    """
    crs: CRS | None = found.crs
    transform: Transform | None = tuple(found.transform)[:6]
    if found.transform.is_identity:
        transform = None
        points, crs_of_points = found.gcps
        if points:
            crs = crs_of_points
            transform = _fitted(points, path)
        elif crs or found.rpcs:
            logger.warning(
                "%s has no transform: where its pixels lie on earth is not known.", path
            )
    return {"crs": _name(crs), "transform": transform, **sizes_of(transform, crs)}


def _fitted(points: Sequence[GroundControlPoint], path: Path | str) -> Transform | None:
    """Return the transform that fits ground control points best."""
    corners = np.array([(p.row, p.col) for p in points], float)
    there = np.array([(p.x, p.y) for p in points], float)
    design = np.column_stack([corners[:, 1], corners[:, 0], np.ones(len(points))])
    if np.linalg.matrix_rank(design) < 3:
        logger.warning(
            "%s has %d ground control points, which are too few, or in a line: it is "
            "read without coordinates.",
            path,
            len(points),
        )
        return None
    (a, d), (b, e), (c, f) = np.linalg.lstsq(design, there, rcond=None)[0].tolist()
    transform = (a, b, c, d, e, f)
    missed = np.abs(to_map(corners, transform) - there).max(0)
    pixels = float(max(missed / (hypot(a, b), hypot(d, e))))
    if pixels > _CLOSE:
        logger.warning(
            "%s lies by ground control points, which no straight grid fits: "
            "coordinates are off by up to %.1f pixels. Warp it first (gdalwarp).",
            path,
            pixels,
        )
    return transform


def _name(crs: CRS | None) -> str | None:
    """Return the EPSG code of a reference system, or all of it as WKT."""
    if not crs:
        return None
    authority = crs.to_authority(confidence_threshold=100)
    return ":".join(authority) if authority else str(crs.to_wkt())


def sizes_of(transform: Transform | None, crs: CRS | None) -> Placement:
    """Return pixel sizes and their unit, where the reference system has one."""
    if not crs or transform is None:
        return {}
    a, b, _, d, e, _ = transform
    along = {"y": hypot(b, e), "x": hypot(a, d)}
    unit = "degree" if crs.is_geographic else unit_name(str(crs.units_factor[0]))
    return {"scale": along, "units": dict.fromkeys("yx", unit) if unit else {}}
