"""Scenes of neurites in electron microscopy and in fluorescence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage, spatial
from skimage.draw import polygon

from napari_sam.synthetic.fibres import fibres
from napari_sam.synthetic.illumination import edges, uneven
from napari_sam.synthetic.noise import cloud, grid
from napari_sam.synthetic.placement import renumbered
from napari_sam.synthetic.scene import Scene
from napari_sam.synthetic.sensor import apply_sensor, colour
from napari_sam.synthetic.shapes import disc
from napari_sam.synthetic.trees import trees

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["draw_neurites"]


def draw_neurites(rng: np.random.Generator, size: int) -> Scene:
    """Draw a scene of a section through neurites, or of fluorescent neurites."""
    section = rng.uniform() < 0.65
    # Between the membranes of a section, a thin one would show no inside.
    widest = rng.uniform(9 if section else 4, 12)
    grown = fibres(rng, size) if rng.uniform() < 0.5 else trees(rng, size, widest)
    labels = renumbered(grown)
    light = _section(rng, labels) if section else _glowing(rng, labels)
    grey = apply_sensor(rng, light, noise=(0.01, 0.1))
    return Scene(colour(rng, grey, labels, plain=1 if section else 0.6), labels)


def _section(
    rng: np.random.Generator, labels: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Return the image of a section: cytoplasm between membranes, also of no object."""
    size = len(labels)
    profiles = np.where(labels > 0, labels, -1 - _others(rng, size))
    image = uneven(rng, size, 0.7) * np.float32(0.5)
    each = rng.normal(0, rng.uniform(0, 0.06), labels.max() + 1).astype(np.float32)
    image += each[labels]
    _mitochondria(rng, image, labels)
    sign = -1 if rng.uniform() < 0.8 else 1
    wall = ndimage.gaussian_filter(
        edges(profiles).astype(np.float32), rng.uniform(0.4, 1)
    )
    return image + wall * np.float32(sign * rng.uniform(0.3, 0.6))


def _others(rng: np.random.Generator, size: int) -> NDArray[np.int32]:
    """Return labels of other neurites, cut across, that fill the plane."""
    # No label needs them to be exact: half the resolution will do.
    half = -(-size // 2)
    n = max(4, int(half**2 / (np.pi * rng.uniform(2.5, 6) ** 2)))
    where = np.stack(grid(half), -1)
    bent = [cloud(rng, half, 10) * rng.uniform(0.5, 1.5) for _ in range(2)]
    tree = spatial.cKDTree(rng.uniform(0, half, (n, 2)))
    nearest = tree.query(where + np.stack(bent, -1))[1].astype(np.int32)
    return nearest.repeat(2, 0).repeat(2, 1)[:size, :size]


def _mitochondria(
    rng: np.random.Generator, image: NDArray[np.float32], labels: NDArray[np.int32]
) -> None:
    """Add mitochondria: dark, long bodies within the neurites."""
    size = len(labels)
    for _ in range(int(rng.integers(0, 40) * (size / 256) ** 2)):
        row, col = rng.integers(size, size=2)
        body = disc(rng, rng.uniform(2, 7)) + np.array([row, col])
        rows, cols = polygon(body[:, 0], body[:, 1], labels.shape)
        same = labels[rows, cols] == labels[row, col]
        image[rows[same], cols[same]] -= rng.uniform(0.1, 0.25)


def _glowing(
    rng: np.random.Generator, labels: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Return a fluorescence image: beaded neurites of varied brightness, and haze."""
    size = len(labels)
    each = np.exp(rng.uniform(0.1, 0.5) * rng.standard_normal(labels.max() + 1))
    each[0] = 0
    beads = 1 + cloud(rng, size, rng.uniform(3, 8)) * rng.uniform(0.05, 0.3)
    bright = each.astype(np.float32)[labels] * beads
    haze = ndimage.gaussian_filter(bright, 6) * np.float32(rng.uniform(0, 0.3))
    dark_between = edges(labels) * np.float32(rng.uniform(0, 0.5))
    return bright * (1 - dark_between) + haze
