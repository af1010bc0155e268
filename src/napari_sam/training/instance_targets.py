"""Target maps of the instance head: foreground, boundary and centre distance."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from napari_sam.training.example_sources import Crop

__all__ = [
    "InstanceBatch",
    "InstanceTargets",
    "instance_targets",
    "padded_targets",
]


class InstanceBatch(NamedTuple):
    """The batch of one training step: B images and their target maps at stride 2."""

    images: torch.Tensor  # (B, 3, size, size) uint8
    shapes: torch.Tensor  # (B, 2) rows and columns before padding
    maps: torch.Tensor  # (B, 3, size / 2, size / 2) float
    weights: torch.Tensor  # (B, size / 2, size / 2) float; 0 on what is padding

    def to(self, device: torch.device) -> InstanceBatch:
        """Return the batch on a device."""
        return InstanceBatch(*(t.to(device) for t in self))


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


def padded_targets(
    crop: Crop, size: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the target maps of a crop at stride 2, and the weights of their pixels.

    Returns
    -------
    maps
        ``(3, size / 2, size / 2)``, as in `InstanceTargets`.
    weights
        ``(size / 2, size / 2)``: 0 on what is padding, more where objects touch.
    """
    rows, cols = (n // 2 for n in crop.labels.shape)
    targets = instance_targets(crop.labels[::2, ::2][:rows, :cols])
    maps = np.zeros((3, size // 2, size // 2), np.float32)
    weights = np.zeros((size // 2, size // 2), np.float32)
    maps[:, :rows, :cols] = targets.maps
    weights[:rows, :cols] = 1 + 2 * targets.touching
    return maps, weights


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
