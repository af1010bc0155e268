"""Affine transforms between pixel corners and map coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import ImageError
from napari_sam.io.optional_packages import import_optional

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: ``(a, b, c, d, e, f)``, as of `Image.transform`.
Transform = tuple[float, float, float, float, float, float]

#: Longitude and latitude, the reference system of GeoJSON (RFC 7946).
LON_LAT = "OGC:CRS84"


def to_map(corners: ArrayLike, transform: Transform | None) -> NDArray[np.float64]:
    """Return ``(x, y)`` of corners ``(row, col)``; without a transform, ``(col, row)``.

    Parameters
    ----------
    corners
        ``(n, 2)``; ``(0, 0)`` is the corner of the image, not the middle of a pixel.
    transform
        Transform of the image.
    """
    row, col = np.asarray(corners, np.float64).T
    if transform is None:
        return np.column_stack([col, row])
    a, b, c, d, e, f = transform
    return np.column_stack([a * col + b * row + c, d * col + e * row + f])


def to_corners(points: ArrayLike, transform: Transform | None) -> NDArray[np.float64]:
    """Return the corners ``(row, col)`` of map coordinates; the inverse of `to_map`."""
    x, y = np.asarray(points, np.float64).T
    if transform is None:
        return np.column_stack([y, x])
    a, b, c, d, e, f = transform
    size = a * e - b * d
    if size == 0:
        raise ImageError(f"The transform {transform} of the image has no inverse.")
    col = (e * (x - c) - b * (y - f)) / size
    row = (a * (y - f) - d * (x - c)) / size
    return np.column_stack([row, col])


def reprojected(points: NDArray[np.generic], crs: str, to: str) -> NDArray[np.float64]:
    """Return points ``(x, y)`` reprojected to another reference system.

    Longitude always comes before latitude, whatever the authority's order.

    Raises
    ------
    MissingPackageError
        If rasterio is not installed.
    ImageError
        If a reference system is not known, or a point is outside of it.
    """
    if crs == to or not len(points):
        return np.asarray(points, np.float64)
    warp = import_optional("rasterio.warp", "Changing the reference system")
    try:
        xs, ys = warp.transform(crs, to, points[:, 0].tolist(), points[:, 1].tolist())
    except Exception as wrong:  # its errors of reference systems have no common class
        reason = " ".join(str(wrong).split())[:200]
        raise ImageError(
            f"Coordinates cannot be brought from {crs[:60]} to {to[:60]}: {reason}"
        ) from wrong
    found = np.column_stack([xs, ys])
    if not np.isfinite(found).all():
        raise ImageError(f"Some points of {crs[:60]} have no coordinates in {to[:60]}.")
    return found
