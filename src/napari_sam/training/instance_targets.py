"""Target maps of the instance head: foreground, boundary and centre distance."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["InstanceTargets", "instance_targets"]


class InstanceTargets(NamedTuple):
    """The maps that an instance head learns to draw.

    Attributes
    ----------
    maps
        ``(3, h, w)`` float32 in [0, 1]: foreground, distance to the object's boundary
        and closeness to its centre, both as a share of the object's largest.
    touching
        ``(h, w)`` bool: pixels next to another object, where it matters most.
    """

    maps: NDArray[np.float32]
    touching: NDArray[np.bool_]


def instance_targets(labels: NDArray[np.int32]) -> InstanceTargets:
    """Return the target maps of labels ``(h, w)``; 0 is background."""
    edge, touching = _edges(labels)
    foreground = labels > 0
    depth = ndimage.distance_transform_edt(np.pad(foreground & ~edge, 1, mode="edge"))
    depth = (depth[1:-1, 1:-1] + 0.5) * foreground
    maps = np.zeros((3, *labels.shape), np.float32)
    maps[0] = foreground
    for k, window in enumerate(ndimage.find_objects(labels), 1):
        if window is None:
            continue
        inside = labels[window] == k
        maps[1][window][inside], maps[2][window][inside] = _distances(
            inside, depth[window]
        )
    return InstanceTargets(maps, touching)


def _edges(
    labels: NDArray[np.int32],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Pixels with a neighbour of another label; those where that is an object."""
    padded = np.pad(labels, 1, mode="edge")
    rows, cols = labels.shape
    edge, touching = np.zeros((2, rows, cols), bool)
    for down, right in ((0, 1), (2, 1), (1, 0), (1, 2)):
        other = padded[down : down + rows, right : right + cols]
        differs = (other != labels) & (labels > 0)
        edge |= differs
        touching |= differs & (other > 0)
    return edge, ndimage.binary_dilation(touching, iterations=2)


def _distances(
    inside: NDArray[np.bool_], depth: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of the largest depth, and closeness to the centre, of an object's pixels.

    The centre is a deep pixel near the centroid, so that it lies inside of a bent
    object too.
    """
    share = depth / depth[inside].max()
    rows, cols = np.nonzero(inside)
    away = np.hypot(rows - rows.mean(), cols - cols.mean()) / np.sqrt(len(rows))
    central = int((share[inside] - 0.5 * away).argmax())
    distance = np.hypot(rows - rows[central], cols - cols[central])
    return share[inside], 1 - distance / max(float(distance.max()), 1.0)
