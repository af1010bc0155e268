"""Scenes of houses from above: roofs on their plots, with shadows and streets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.synthetic.noise import cloud, grid, log_uniform
from napari_sam.synthetic.parcels import cut_parcels
from napari_sam.synthetic.placement import paint, renumbered
from napari_sam.synthetic.scene import Scene
from napari_sam.synthetic.sensor import apply_sensor, eight_bits
from napari_sam.synthetic.shapes import roof, rotated

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.synthetic.parcels import Parcels

__all__ = ["draw_roofs"]

#: Tiles new and old, slate, tar, metal.
_ROOFS = np.array(
    [
        (0.66, 0.42, 0.34), (0.52, 0.36, 0.30), (0.44, 0.40, 0.40),
        (0.30, 0.30, 0.33), (0.72, 0.72, 0.74),
    ],
    np.float32,
)  # fmt: skip
_GREEN, _DRY, _STREET = (0.34, 0.44, 0.24), (0.58, 0.54, 0.44), (0.52, 0.52, 0.54)


def draw_roofs(rng: np.random.Generator, size: int) -> Scene:
    """Draw a scene of roofs in a town."""
    side = log_uniform(rng, size * 0.1, size * 0.25)
    parcels = cut_parcels(rng, size, side, (rng.uniform(6, 14), 0))
    labels, angles = _built(rng, parcels)
    image = _ground(rng, parcels)
    sun = rng.uniform(0, 2 * np.pi)
    shadow = _shadow(labels, sun, rng.uniform(1, 1 + 0.15 * side))
    image *= np.where(shadow, rng.uniform(0.35, 0.7), 1).astype(np.float32)[..., None]
    covers = _covers(rng, labels, angles, sun)
    image = np.where(labels[..., None] > 0, covers, image)
    image += cloud(rng, size, 2)[..., None] * rng.uniform(0.005, 0.03)
    return Scene(
        eight_bits(apply_sensor(rng, image, noise=(0.003, 0.04))), renumbered(labels)
    )


def _built(
    rng: np.random.Generator, parcels: Parcels
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return labels of houses on most plots, and their angles."""
    labels = np.zeros(parcels.index.shape, np.int32)
    angles = [0.0]
    areas = np.bincount(parcels.index[~parcels.path], minlength=len(parcels.angles))
    rows, cols = (
        np.bincount(parcels.index[~parcels.path], at, len(areas)) / (areas + 1e-6)
        for at in np.nonzero(~parcels.path)
    )
    for k in np.flatnonzero((areas > 100) & (rng.uniform(size=len(areas)) < 0.9)):
        radius = rng.uniform(0.4, 0.62) * np.sqrt(areas[k])
        outline = rotated(roof(rng, radius), parcels.angles[k] + np.pi / 2)
        centre = np.array([rows[k], cols[k]])
        if paint(labels, outline + centre, len(angles), overlap=False):
            angles.append(parcels.angles[k])
    labels[parcels.path] = 0
    return _shared(rng, labels, np.array(angles))


def _shared(
    rng: np.random.Generator, labels: NDArray[np.int32], angles: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return labels with a few houses split into two that touch."""
    n = len(angles)
    two = rng.uniform(size=n) < 0.25
    two[0] = False
    second = two[labels] & (_from_middle(labels, angles + np.pi / 2) > 0)
    return np.where(second, labels + n, labels), np.tile(angles, 2)


def _from_middle(
    labels: NDArray[np.int32], angles: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return the distance of pixels from the middle of their object, along an angle."""
    rows, cols = grid(len(labels))
    sin, cos = np.sin(angles, dtype=np.float32), np.cos(angles, dtype=np.float32)
    along = rows * sin[labels] + cols * cos[labels]
    areas = np.maximum(np.bincount(labels.ravel(), minlength=len(angles)), 1)
    middle = np.bincount(labels.ravel(), along.ravel(), len(angles)) / areas
    return along - middle[labels].astype(np.float32)


def _ground(rng: np.random.Generator, parcels: Parcels) -> NDArray[np.float32]:
    """Return the image of the ground: gardens and streets."""
    n, size = len(parcels.angles), len(parcels.index)
    green = rng.uniform(0, 1, (n, 1)).astype(np.float32)
    plots = green * np.array(_GREEN, np.float32) + (1 - green) * np.array(
        _DRY, np.float32
    )
    ground = plots[parcels.index]
    ground += cloud(rng, size, rng.uniform(3, 9))[..., None] * rng.uniform(0.02, 0.07)
    trees = cloud(rng, size, rng.uniform(6, 12)) > rng.uniform(1.2, 3)
    ground[trees] *= np.float32(0.55)
    return np.where(parcels.path[..., None], np.array(_STREET, np.float32), ground)


def _shadow(labels: NDArray[np.int32], sun: float, length: float) -> NDArray[np.bool_]:
    """Return the shadow of houses."""
    shadow, size = np.zeros(labels.shape, bool), len(labels)
    for step in np.arange(1, length + 1, 2):
        down, right = round(step * np.sin(sun)), round(step * np.cos(sun))
        to = tuple(slice(max(d, 0), size + min(d, 0)) for d in (down, right))
        of = tuple(slice(max(-d, 0), size + min(-d, 0)) for d in (down, right))
        shadow[to] |= labels[of] > 0
    return shadow


def _covers(
    rng: np.random.Generator,
    labels: NDArray[np.int32],
    angles: NDArray[np.float64],
    sun: float,
) -> NDArray[np.float32]:
    """Return the colours of roofs: bright towards the sun, dark on the other slope."""
    n = len(angles)
    colours = _ROOFS[rng.integers(len(_ROOFS), size=n)]
    colours = colours + rng.normal(0, 0.04, (n, 3)).astype(np.float32)
    slope = np.where(rng.uniform(size=n) < 0.75, rng.uniform(0.05, 0.25, n), 0)
    facing = (slope * -np.cos(angles - sun)).astype(np.float32)
    shade = np.sign(_from_middle(labels, angles)) * facing[labels]
    return np.asarray(colours[labels] * (1 + shade[..., None]), np.float32)
