"""Scenes of tissue whose cell walls or membranes are stained, seen in depth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.synthetic.illumination import edges
from napari_sam.synthetic.noise import cloud, log_uniform
from napari_sam.synthetic.placement import confluent
from napari_sam.synthetic.scene import Scene
from napari_sam.synthetic.sensor import apply_sensor, colour

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["draw_cell_walls"]

#: Least radius of cells in pixels, and the largest as a fraction of the plane.
_RADIUS = 7, 0.17


def draw_cell_walls(rng: np.random.Generator, size: int) -> Scene:
    """Draw a scene of cells wall to wall: thick and faint walls, others out of focus.

    The cells are dark or dimly filled; walls of the planes above and below shine
    through, so that not all that is bright bounds a cell.
    """
    least, most = _RADIUS
    radius = log_uniform(rng, least, size * most)
    labels = confluent(rng, size, radius, missing=0.3)
    thick = rng.uniform(0.04, 0.14) * radius + 0.4
    light = _walls(rng, labels, thick) + _cytoplasm(rng, labels)
    if rng.uniform() < 0.7:
        beneath = confluent(rng, size, radius * rng.uniform(0.8, 1.2), missing=0)
        blur = thick + radius * rng.uniform(0.1, 0.3)
        light += _walls(rng, beneath, blur) * np.float32(rng.uniform(0.1, 0.6))
    if rng.uniform() < 0.15:  # a bright field: walls take light away
        light = -light
    grey = apply_sensor(rng, light, noise=(0.003, 0.1))
    return Scene(colour(rng, grey, labels, plain=0.85), labels)


def _walls(
    rng: np.random.Generator, labels: NDArray[np.int32], blur: float
) -> NDArray[np.float32]:
    """Return the light of walls: about 1 at the brightest, faint in places."""
    wall = ndimage.gaussian_filter(edges(labels).astype(np.float32), blur)
    faint = 1 + cloud(rng, len(labels), rng.uniform(8, 40)) * rng.uniform(0, 0.35)
    return (wall / max(float(np.percentile(wall, 99)), 1e-3) * faint.clip(0.1)).astype(
        np.float32
    )


def _cytoplasm(
    rng: np.random.Generator, labels: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Return the light of the inside of cells, dim and different in each."""
    each = rng.exponential(rng.uniform(0.02, 0.25), labels.max() + 1)
    grain = 1 + cloud(rng, len(labels), rng.uniform(2, 6)) * rng.uniform(0, 0.3)
    haze = cloud(rng, len(labels), rng.uniform(20, 80)) * rng.uniform(0, 0.1)
    return (each[labels] * grain + haze).astype(np.float32)
