"""Scenes of bacteria in colonies: rods and cocci that touch, in phase or glowing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.synthetic.illumination import edges, uneven
from napari_sam.synthetic.noise import cloud, log_uniform
from napari_sam.synthetic.placement import renumbered
from napari_sam.synthetic.scene import Scene
from napari_sam.synthetic.sensor import apply_sensor, colour

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["draw_colonies"]

#: Limits of half the width of a bacterium, in pixels.
_HALF_WIDTH = 2.5, 8.0
#: Share of a bacterium that may lie on those that are there already.
_MOST_TAKEN = 0.4


def draw_colonies(rng: np.random.Generator, size: int) -> Scene:
    """Draw a scene of bacteria side by side, in colonies and alone.

    Neighbours lie along each other, touch, and are divided by a thin line at the most.
    They are dark with a halo around the colony, as in phase contrast, or bright.
    """
    labels = renumbered(_packed(rng, size))
    light = _lit(rng, labels)
    grey = apply_sensor(rng, light, noise=(0.005, 0.1))
    return Scene(colour(rng, grey, labels, plain=0.9), labels)


def _packed(rng: np.random.Generator, size: int) -> NDArray[np.int32]:
    """Return labels of bacteria; each pixel is of the one it lies deepest in."""
    half_width = log_uniform(rng, *_HALF_WIDTH)
    ratio = 1.0 if rng.uniform() < 0.2 else rng.uniform(1.5, 5)  # cocci, or rods
    turn = cloud(rng, size, rng.uniform(20, 80)) * rng.uniform(0.2, 1.5)
    colony = cloud(rng, size, rng.uniform(0.2, 0.5) * size, smooth=True)
    chance = (colony > rng.uniform(-0.5, 1.2)) + rng.uniform(0, 0.08)
    count = int(min(1500, 4 * size**2 / (np.pi * half_width**2 * ratio)))
    labels = np.zeros((size, size), np.int32)
    nearest = np.ones((size, size), np.float32)
    for number in range(1, max(count, 2)):
        row, col = rng.integers(size, size=2)
        if rng.uniform() < chance[row, col] or number == 1:
            length = half_width * ratio * rng.uniform(0.6, 1.2)
            angle = float(turn[row, col] + rng.normal(0, 0.15))
            _add_rod(labels, nearest, number, (row, col, angle), (half_width, length))
    return labels


def _add_rod(
    labels: NDArray[np.int32],
    nearest: NDArray[np.float32],
    number: int,
    place: tuple[int, int, float],
    half: tuple[float, float],
) -> None:
    """Add a rod of a half width and length, if there is room for the most of it.

    Of a pixel that two rods cover, the one whose axis is nearer has it.
    """
    (row, col, angle), (across, along) = place, half
    reach = int(along + across) + 1
    window = tuple(
        slice(max(0, at - reach), min(length, at + reach + 1))
        for at, length in zip((row, col), labels.shape, strict=True)
    )
    rows, cols = np.mgrid[window].astype(np.float32)
    down, right = rows - row, cols - col
    lengthwise = np.abs(down * np.sin(angle) + right * np.cos(angle))
    sidewise = down * np.cos(angle) - right * np.sin(angle)
    beyond = np.maximum(lengthwise - (along - across), 0)  # the ends are round
    distance = np.hypot(beyond, sidewise) / across
    rod = distance < 1
    if np.count_nonzero(labels[window][rod]) > _MOST_TAKEN * np.count_nonzero(rod):
        return
    inside = distance < nearest[window]
    labels[window][inside] = number
    nearest[window][inside] = distance[inside]


def _lit(rng: np.random.Generator, labels: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return the light: dark in a bright halo, or bright, with lines between."""
    solid = (labels > 0).astype(np.float32)
    sign = -1 if rng.uniform() < 0.7 else 1
    each = 1 + rng.uniform(0, 0.25) * rng.standard_normal(labels.max() + 1)
    body = solid * each.astype(np.float32)[labels] * np.float32(rng.uniform(0.2, 0.7))
    line = ndimage.gaussian_filter((edges(labels) * solid).astype(np.float32), 0.6)
    body *= 1 - line * np.float32(rng.uniform(0.2, 0.9))
    light = uneven(rng, len(labels), 0.5) + sign * body
    if sign < 0:
        halo = ndimage.gaussian_filter(solid, rng.uniform(1.5, 5)) * (1 - solid)
        light += halo * np.float32(rng.uniform(0, 0.8))
    return light
