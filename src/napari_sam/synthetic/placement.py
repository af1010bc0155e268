"""Placement of objects: scattered, or confluent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import spatial
from skimage.draw import polygon

from napari_sam.synthetic.noise import cloud
from napari_sam.synthetic.shapes import OUTLINES, rotated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["confluent", "paint", "renumbered", "scattered"]

#: Fewer pixels than this are a sliver, not an object.
_SLIVER = 16


def scattered(
    rng: np.random.Generator, size: int, radius: float, shares: Mapping[str, float]
) -> NDArray[np.int32]:
    """Return labels of scattered objects; sometimes in clusters, or overlapping."""
    labels = np.zeros((size, size), np.int32)
    outlines = [OUTLINES[name] for name in shares]
    favourite = outlines[rng.choice(len(outlines), p=list(shares.values()))]
    n_objects = rng.uniform(0.1, 1) * size**2 / (np.pi * radius**2)
    n_objects = int(np.clip(n_objects, 1, 160))
    deviation, overlap = rng.uniform(0.05, 0.45), rng.uniform() < 0.3
    crowd = rng.uniform(0, size, (3, 2)) if rng.uniform() < 0.4 else None
    number = 0
    for _ in range(2 * n_objects):
        if number >= n_objects:
            break
        centre = rng.uniform(-0.1 * size, 1.1 * size, 2)
        if crowd is not None:
            centre = crowd[rng.integers(3)] + rng.normal(0, 2.5 * radius, 2)
        outline = favourite
        if rng.uniform() >= 0.85:
            outline = outlines[rng.integers(len(outlines))]
        own = radius * np.exp(deviation * rng.standard_normal())
        corners = rotated(outline(rng, own), rng.uniform(0, 2 * np.pi)) + centre
        number += paint(labels, corners, number + 1, overlap=overlap)
    return renumbered(labels)


def paint(
    labels: NDArray[np.int32],
    corners: NDArray[np.float64],
    number: int,
    *,
    overlap: bool,
) -> bool:
    """Draw the label of an object, over others or not; False if there is no room."""
    rows, cols = polygon(corners[:, 0], corners[:, 1], labels.shape)
    if len(rows) < _SLIVER:
        return False
    if overlap:
        labels[rows, cols] = number
        return True
    taken = labels[rows, cols] > 0
    if taken.mean() > 0.1:
        return False
    labels[rows[~taken], cols[~taken]] = number
    return True


def confluent(
    rng: np.random.Generator, size: int, radius: float, missing: float
) -> NDArray[np.int32]:
    """Return labels of confluent cells, some left out with probability `missing`."""
    n = int(np.clip(size**2 / (np.pi * radius**2), 4, 200))
    seeds = rng.uniform(0, size, (n, 2))
    where = np.moveaxis(np.indices((size, size), dtype=np.float32), 0, -1)
    bent = [cloud(rng, size, radius) * radius * 0.15 for _ in range(2)]
    distance, nearest = spatial.cKDTree(seeds).query(where + np.stack(bent, -1), k=2)
    labels = nearest[..., 0].astype(np.int32) + 1
    if rng.uniform() < 0.5:
        labels[distance[..., 1] - distance[..., 0] < rng.uniform(0.5, 4)] = 0
    if rng.uniform() < missing:
        gone = rng.uniform(size=n + 1) < rng.uniform(0.1, 0.6)
        labels[gone[labels]] = 0
    return renumbered(labels)


def renumbered(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return labels with consecutive numbers from 1, without slivers."""
    areas = np.bincount(labels.ravel())
    keep = areas >= _SLIVER
    keep[0] = False
    number = np.where(keep, np.cumsum(keep), 0).astype(np.int32)
    return number[labels]
