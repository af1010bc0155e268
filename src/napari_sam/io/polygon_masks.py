"""Polygons of formats that know no holes, and the masks of polygons.

A pixel belongs to a polygon if its centre is inside, by the even-odd rule, where
``(0, 0)`` is the corner of the image. Polygons along edges of pixels are then exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from napari_sam.core.mask import Mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_sam.io.writers.outlines import Outline

__all__ = ["mask_of_rings", "single_ring"]


def single_ring(parts: Sequence[Outline]) -> NDArray[np.int64]:
    """Join all rings of an object to one, for formats that have one for each object.

    Rings are joined by bridges without width, there and back between their nearest
    corners, so that the pixels inside are the same: holes stay, and so do parts.

    Parameters
    ----------
    parts
        Outlines of the object, as `outlines_of_mask` returns them.

    Returns
    -------
    ndarray
        Corners ``(n, 2)`` as ``(row, col)``; the first is not repeated at the end.
    """
    rings = [ring[:-1] for part in parts for ring in (part.shell, *part.holes)]
    joined = rings[0]
    for ring in rings[1:]:
        distances, nearest = cKDTree(ring).query(joined)
        here = int(np.argmin(distances))
        around = np.roll(ring, -int(nearest[here]), axis=0)
        joined = np.concatenate([joined[: here + 1], around, around[:1], joined[here:]])
    return joined


def mask_of_rings(rings: Sequence[NDArray[np.generic]], shape: tuple[int, int]) -> Mask:
    """Return the pixels whose centres are inside of closed rings, by the even-odd rule.

    Parameters
    ----------
    rings
        Corners ``(n, 2)`` as ``(row, col)`` from the corner of the image; the first
        may be repeated at the end.
    shape
        Rows and columns of the plane; what lies outside of it is cut off.
    """
    top, bottom, rows, cols = _crossings(rings, shape)
    if bottom <= top:
        return Mask.empty()
    left = int(cols.min())
    changes = np.zeros((bottom - top, int(cols.max()) - left + 1), np.uint8)
    np.bitwise_xor.at(changes, (rows - top, cols - left), np.uint8(1))
    inside = np.bitwise_xor.accumulate(changes, axis=1)
    return Mask.from_array(inside, top=top, left=left)


def _crossings(
    rings: Sequence[NDArray[np.generic]], shape: tuple[int, int]
) -> tuple[int, int, NDArray[np.int64], NDArray[np.int64]]:
    """Return where edges cross the centres of rows: rows, and first columns after.

    Ends are put in order first: an edge there and back crosses at the same place.
    """
    points = [np.asarray(ring, float) for ring in rings if len(ring) > 2]
    if not points:
        return 0, 0, np.zeros(0, np.int64), np.zeros(0, np.int64)
    begin = np.concatenate(points)
    end = np.concatenate([np.roll(ring, -1, axis=0) for ring in points])
    down = (begin[:, 0] < end[:, 0])[:, None]
    upper, lower = np.where(down, begin, end), np.where(down, end, begin)
    first = np.ceil(upper[:, 0] - 0.5).clip(0, shape[0]).astype(np.int64)
    after = np.ceil(lower[:, 0] - 0.5).clip(0, shape[0]).astype(np.int64)
    count = np.maximum(after - first, 0)
    edge = np.repeat(np.arange(len(count)), count)
    rows = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    rows = rows + first[edge]
    slope = (lower[edge] - upper[edge])[:, 1] / (lower[edge] - upper[edge])[:, 0]
    at = upper[edge, 1] + (rows + 0.5 - upper[edge, 0]) * slope
    cols = np.ceil(at - 0.5).clip(0, shape[1]).astype(np.int64)
    if not len(rows):
        return 0, 0, rows, cols
    return int(rows.min()), int(rows.max()) + 1, rows, cols
