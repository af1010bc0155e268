"""A synthetic volume of nuclei, with a coarser resolution along the depth."""

from __future__ import annotations

from math import pi
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.core.errors import TrainingError
from napari_sam.synthetic.stack import Stack, camera_counts, place_object

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["draw_volume"]

_LEAST = 64
#: Photons of a voxel of a nucleus, and of the background.
_BRIGHT, _DIM = 260, 20
#: Share of light that is lost from plane to plane.
_LOST = 0.015


def draw_volume(
    seed: int | np.random.Generator = 0,
    *,
    planes: int = 24,
    size: int = 192,
    spacing: float = 4.0,
) -> Stack:
    """Draw a volume of ellipsoid nuclei as in a confocal microscope.

    Parameters
    ----------
    seed
        A number, or a random generator.
    planes
        Number of planes.
    size
        Rows and columns, at least 64.
    spacing
        Distance between planes, in pixels of a plane.

    Returns
    -------
    Stack
        The same for the same seed, planes, size and spacing.

    Raises
    ------
    TrainingError
        If there are no planes, or they are too small, or have no distance.
    """
    if planes < 1 or size < _LEAST or not spacing > 0:
        raise TrainingError(
            f"A volume has a plane at least, {_LEAST} rows and columns, and a positive "
            f"spacing: not planes={planes}, size={size}, spacing={spacing}."
        )
    rng = np.random.default_rng(seed)
    labels = np.zeros((planes, size, size), np.int32)
    depth = np.full(labels.shape, np.inf, np.float32)
    middles = _middles(rng, (planes * spacing, size, size))
    for number, middle in enumerate(middles, start=1):
        _add(rng, labels, depth, middle, number, spacing)
    # Numbers are consecutive, without nuclei that others hide.
    visible = np.unique(labels)
    labels = np.searchsorted(visible, labels).astype(np.int32)
    return Stack(_camera_image(rng, labels, depth), labels)


def _middles(
    rng: np.random.Generator, shape: tuple[float, float, float]
) -> list[NDArray[np.float64]]:
    """Draw the centres of nuclei at a distance, in pixels; some nuclei still touch."""
    found: list[NDArray[np.float64]] = []
    for _ in range(int(np.prod(shape) / 6000)):
        one = rng.uniform((0, 0, 0), shape)
        if all(np.linalg.norm(one - other) > 22 for other in found):
            found.append(one)
    return found


def _add(
    rng: np.random.Generator,
    labels: NDArray[np.int32],
    depth: NDArray[np.float32],
    middle: NDArray[np.float64],
    number: int,
    spacing: float,
) -> None:
    """Draw the label of a nucleus: an ellipsoid, rotated within the plane."""
    high, long, wide = rng.uniform(9, 13) * rng.uniform((0.8, 1, 0.7), (1, 1.25, 1))
    angle = rng.uniform(0, pi)
    reach, steps = (high, long, long), (spacing, 1.0, 1.0)
    window = tuple(
        slice(max(int((m - r) / s), 0), min(int((m + r) / s) + 2, n))
        for m, r, s, n in zip(middle, reach, steps, labels.shape, strict=True)
    )
    plane, row, col = np.ix_(
        *(
            np.arange(w.start, w.stop) * s - m
            for w, s, m in zip(window, steps, middle, strict=True)
        )
    )
    along = row * np.sin(angle) + col * np.cos(angle)
    across = row * np.cos(angle) - col * np.sin(angle)
    inside = np.sqrt((plane / high) ** 2 + (along / long) ** 2 + (across / wide) ** 2)
    place_object(labels, depth, window, inside.astype(np.float32), number)


def _camera_image(
    rng: np.random.Generator, labels: NDArray[np.int32], depth: NDArray[np.float32]
) -> NDArray[np.uint16]:
    """Return the image of labels: clotted inside, and blurred and dimmer in depth."""
    each = rng.uniform(0.55, 1.3, labels.max() + 1)
    each[0] = 0
    clots = ndimage.gaussian_filter(rng.standard_normal(labels.shape), (0.7, 2, 2))
    light = _BRIGHT * each[labels] * (1 + 0.22 * clots / clots.std())
    light *= 1 - 0.25 * np.where(labels > 0, depth, 0) ** 4
    light = ndimage.gaussian_filter(light, (0.9, 1.2, 1.2)) + _DIM
    dimmer = np.exp(-_LOST * np.arange(len(labels)))
    return camera_counts(rng, light * dimmer[:, None, None])
