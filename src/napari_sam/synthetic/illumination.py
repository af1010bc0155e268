"""Illumination of objects, before the sensor: filled, outlined, textured, haloed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from skimage.draw import polygon

from napari_sam.synthetic.noise import cloud
from napari_sam.synthetic.placement import scattered
from napari_sam.synthetic.shapes import nucleus

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.synthetic.style import Style

__all__ = ["edges", "illuminate", "out_of_focus", "uneven"]


def illuminate(
    rng: np.random.Generator, labels: NDArray[np.int32], radius: float, style: Style
) -> NDArray[np.float32]:
    """Return the brightness of a scene, in a random lighting of its style.

    Lightings are ``filled``, ``outlined`` (a line around each object), ``both``,
    ``textured`` (as bright as the background), ``phase`` (filled, with a rim inside and
    one of the other sign outside), and ``haloed`` (a bright ring around a dull object).
    """
    image = uneven(rng, len(labels), rng.uniform())
    contrast = rng.uniform(*style.contrast) * rng.choice(style.signs)
    lighting = rng.choice(list(style.styles), p=list(style.styles.values()))
    grain = cloud(rng, len(labels), rng.uniform(1.5, 10))
    edge = edges(labels)
    if lighting in ("filled", "both", "phase", "haloed"):
        _fill(rng, image, labels, contrast, grain)
        if rng.uniform() < 0.4:
            depth = ndimage.distance_transform_edt((labels > 0) & ~edge)
            image += contrast * 0.6 * np.minimum(depth / (radius + 1), 1)
    if lighting in ("outlined", "both"):
        _wall(rng, image, edge, contrast)
    if lighting == "textured":
        image += np.where(labels > 0, grain * rng.uniform(0.1, 0.3), 0)
    if lighting == "phase":
        _rim(rng, image, labels, contrast)
    if lighting == "haloed":
        _halo(rng, image, labels)
    if rng.uniform() < 0.3:
        _spots(rng, image, radius)
    return image


def out_of_focus(
    rng: np.random.Generator, labels: NDArray[np.int32], radius: float, style: Style
) -> NDArray[np.float32]:
    """Return the light of other objects, above and below the plane of the labels."""
    others = scattered(rng, len(labels), radius, style.outlines) > 0
    blur = radius * rng.uniform(0.25, 0.7)
    light = ndimage.gaussian_filter(others.astype(np.float32), blur)
    strength = rng.uniform(0.2, 0.7) * rng.uniform(*style.contrast)
    return light * np.float32(strength * rng.choice(style.signs))


def uneven(rng: np.random.Generator, size: int, level: float) -> NDArray[np.float32]:
    """Return a background of uneven brightness, with a fine grain."""
    image = np.full((size, size), level, np.float32)
    image += cloud(rng, size, rng.uniform(20, 200)) * rng.uniform(0, 0.15)
    image += cloud(rng, size, rng.uniform(2, 12)) * rng.uniform(0, 0.08)
    return image


def edges(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return the pixels of labels that border on another object or the background."""
    return ndimage.grey_dilation(labels, 3) != ndimage.grey_erosion(labels, 3)


def _fill(
    rng: np.random.Generator,
    image: NDArray[np.float32],
    labels: NDArray[np.int32],
    contrast: float,
    grain: NDArray[np.float32],
) -> None:
    """Add the brightness of each object, with a random texture."""
    each = np.exp(rng.uniform(0, 0.5) * rng.standard_normal(labels.max() + 1))
    each[0] = 0
    fill = contrast * each.astype(np.float32)[labels]
    image += fill * (1 + grain * rng.uniform(0, 0.4))


def _wall(
    rng: np.random.Generator,
    image: NDArray[np.float32],
    edge: NDArray[np.bool_],
    contrast: float,
) -> None:
    width = rng.uniform(0.5, 2.5)
    wall = ndimage.gaussian_filter(edge.astype(np.float32), width) * width
    image += wall * rng.uniform(0.5, 2) * contrast * rng.choice([-1, 1])


def _rim(
    rng: np.random.Generator,
    image: NDArray[np.float32],
    labels: NDArray[np.int32],
    contrast: float,
) -> None:
    """Add phase-contrast rims: the difference of a wide and a narrow blur."""
    near, far = rng.uniform(1, 3), rng.uniform(4, 9)
    solid = (labels > 0).astype(np.float32)
    narrow = ndimage.gaussian_filter(solid, near)
    wide = ndimage.gaussian_filter(solid, far)
    image -= contrast * rng.uniform(1, 3) * (narrow - wide)


def _halo(
    rng: np.random.Generator, image: NDArray[np.float32], labels: NDArray[np.int32]
) -> None:
    """Add a bright halo around objects, and granules inside."""
    solid = (labels > 0).astype(np.float32)
    outside = ndimage.gaussian_filter(solid, rng.uniform(1.5, 4)) * (1 - solid)
    image += outside * rng.uniform(1.5, 3.5)
    mottled = cloud(rng, len(labels), rng.uniform(2, 4)) * solid
    image += mottled * rng.uniform(0.03, 0.12)


def _spots(rng: np.random.Generator, image: NDArray[np.float32], radius: float) -> None:
    """Add small spots without a label, as distractors."""
    for _ in range(int(rng.integers(1, 60))):
        spot = nucleus(rng, radius * rng.uniform(0.08, 0.35))
        spot += rng.uniform(0, len(image), 2)
        rows, cols = polygon(spot[:, 0], spot[:, 1], image.shape)
        image[rows, cols] += rng.uniform(-0.4, 0.4)
