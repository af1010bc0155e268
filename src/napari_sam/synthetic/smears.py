"""Scenes of stained smears in bright field, with labels of nuclei."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from skimage.draw import polygon

from napari_sam.synthetic.noise import cloud, log_uniform
from napari_sam.synthetic.placement import paint, renumbered
from napari_sam.synthetic.scene import Scene
from napari_sam.synthetic.sensor import apply_sensor, colour
from napari_sam.synthetic.shapes import amoeba, nucleus, rotated

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["draw_smear"]


def draw_smear(rng: np.random.Generator, size: int) -> Scene:
    """Draw a scene of pale, thin cells that overlap, each with a dark nucleus.

    Light is absorbed, so that cells on top of each other are darker; cells are folded,
    granular, or stripped of their nucleus. Between them lie small cells with lobed
    nuclei, each lobe of which is an object.
    """
    radius = log_uniform(rng, 4, max(size * 0.08, 5))
    labels = np.zeros((size, size), np.int32)
    density = np.zeros((size, size), np.float32)
    for _ in range(1 + rng.poisson(rng.uniform(1, 8))):
        _add_cell(rng, labels, density, radius)
    for _ in range(rng.poisson(rng.uniform(0, 6))):
        _add_lobed_cell(rng, labels, density, radius * rng.uniform(0.5, 0.9))
    density += cloud(rng, size, rng.uniform(20, 100)) * rng.uniform(0, 0.03)
    light = np.exp(-density - _nuclear_density(rng, labels))
    grey = apply_sensor(rng, light, noise=(0.003, 0.06))
    return Scene(colour(rng, grey, labels, plain=0.85), renumbered(labels))


def _add_cell(
    rng: np.random.Generator,
    labels: NDArray[np.int32],
    density: NDArray[np.float32],
    radius: float,
) -> None:
    """Add a cell several nuclei wide, and most often its nucleus."""
    size = len(labels)
    centre = rng.uniform(-0.1 * size, 1.1 * size, 2)
    outline = amoeba(rng, radius * rng.uniform(2, 6)) + centre
    inside = _filled(outline, size)
    grain = 1 + cloud(rng, size, rng.uniform(2, 8)) * rng.uniform(0, 0.2)
    body = inside * grain * rng.uniform(0.05, 0.4)
    rim = inside - ndimage.gaussian_filter(inside, rng.uniform(1, 3))
    folds = rim.clip(0) * (cloud(rng, size, 20) > rng.uniform(0, 1.5))
    density += (body + folds * rng.uniform(0, 0.8)).astype(np.float32)
    if rng.uniform() < 0.85:
        own = nucleus(rng, radius * np.exp(rng.normal(0, 0.25)))
        at = centre + rng.normal(0, radius, 2)
        turned = rotated(own, rng.uniform(0, 2 * np.pi)) + at
        paint(labels, turned, int(labels.max()) + 1, overlap=False)


def _add_lobed_cell(
    rng: np.random.Generator,
    labels: NDArray[np.int32],
    density: NDArray[np.float32],
    radius: float,
) -> None:
    """Add a small pale cell whose nucleus has two to four lobes side by side."""
    size = len(labels)
    centre = rng.uniform(0, size, 2)
    around = _filled(nucleus(rng, 2.2 * radius) + centre, size)
    density += np.float32(rng.uniform(0.02, 0.2)) * around
    turn = rng.uniform(0, 2 * np.pi)
    for k in range(int(rng.integers(2, 5))):
        angle = turn + k * rng.uniform(1.2, 2)
        at = centre + radius * np.array([np.sin(angle), np.cos(angle)])
        lobe = nucleus(rng, radius * rng.uniform(0.6, 0.9))
        paint(labels, lobe + at, int(labels.max()) + 1, overlap=True)


def _nuclear_density(
    rng: np.random.Generator, labels: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Return how much light nuclei absorb: each its own, mottled, some faint."""
    each = rng.uniform(0.2, 1, labels.max() + 1) * rng.uniform(0.6, 1.2)
    each[0] = 0
    mottled = 1 + cloud(rng, len(labels), rng.uniform(2, 4)) * rng.uniform(0.05, 0.3)
    return (each[labels] * mottled.clip(0.2)).astype(np.float32)


def _filled(outline: NDArray[np.float64], size: int) -> NDArray[np.float32]:
    inside = np.zeros((size, size), np.float32)
    rows, cols = polygon(outline[:, 0], outline[:, 1], inside.shape)
    inside[rows, cols] = 1
    return inside
