"""Areas of objects in units of the map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.io.geo_transform import reprojected, to_map
from napari_sam.io.optional_packages import import_optional
from napari_sam.io.writers.outlines import area

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam.io.readers.image import Image
    from napari_sam.io.writers.outlines import Outline

#: Digits of an area.
_DIGITS = 12


def map_area(parts: Sequence[Outline], pixels: int, like: Image | None) -> float:
    """Return the area of an object.

    In the units of its reference system or its transform, squared; in square metres
    where these are degrees; of an image with sizes of pixels, in their unit; or else in
    pixels.
    """
    if like is None:
        return pixels
    if like.transform:
        if like.crs and _is_in_degrees(like.crs):
            return _rounded(_area_on_earth(parts, like))
        a, b, _, d, e, _ = like.transform
        return _rounded(pixels * abs(a * e - b * d))
    if {"y", "x"} <= set(like.scale):
        return _rounded(pixels * like.scale["y"] * like.scale["x"])
    return pixels


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _is_in_degrees(crs: str) -> bool:
    systems = import_optional("rasterio.crs", "Areas on the map")
    return bool(systems.CRS.from_user_input(crs).is_geographic)


def _area_on_earth(parts: Sequence[Outline], like: Image) -> float:
    """Return square metres, in a projection of equal areas around the object."""
    rings = [ring for part in parts for ring in (part.shell, *part.holes)]
    points = to_map(np.concatenate(rings), like.transform)
    lon, lat = points.mean(0)
    there = f"+proj=laea +lat_0={lat} +lon_0={lon} +datum=WGS84 +units=m"
    flat = reprojected(points, str(like.crs), there)
    ends = np.cumsum([len(ring) for ring in rings])[:-1]
    return abs(sum(area(ring) for ring in np.split(flat, ends)))
