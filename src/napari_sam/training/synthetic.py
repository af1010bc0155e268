"""Images of things that look like cells, roofs and fibres, with their labels.

Seeded and made up from nothing: a scene is a handful of random choices (what shape the
objects have, how dense they are, how the light falls, what the sensor adds), so that a
small network meets far more variety than any one collection of real images has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage, spatial
from skimage.draw import polygon

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Outline = Callable[["np.random.Generator", float], NDArray[np.float64]]

__all__ = ["Scene", "draw_scene"]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One image and what is in it.

    Attributes
    ----------
    image
        ``(rows, cols, 3)`` uint8.
    labels
        ``(rows, cols)`` int32; 0 is background.
    """

    image: NDArray[np.uint8]
    labels: NDArray[np.int32]


def draw_scene(seed: int | np.random.Generator, *, size: int = 256) -> Scene:
    """Draw one scene.

    Parameters
    ----------
    seed
        A number, or a generator to go on with.
    size
        Rows and columns.

    Returns
    -------
    Scene
        The same for the same seed and size.
    """
    rng = np.random.default_rng(seed)
    radius = float(np.exp(rng.uniform(np.log(6), np.log(size * 0.28))))
    if rng.uniform() < 0.2:
        labels = _tissue(rng, size, radius)
    else:
        labels = _scattered(rng, size, radius)
    grey = _light(rng, labels, radius)
    grey = _sensor(rng, grey)
    return Scene(_colour(rng, grey, labels), labels)


# Outlines: (n, 2) row and column offsets from the centre of an object of `radius`.


def _smooth(
    rng: np.random.Generator, radius: float, wobble: float, waves: int
) -> NDArray[np.float64]:
    """Ellipse whose radius wobbles in a few low frequencies."""
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    reach = np.ones_like(angle)
    for k in range(2, 2 + waves):
        phase = rng.uniform(0, 2 * np.pi)
        reach += wobble / (k - 1) * rng.standard_normal() * np.cos(k * angle + phase)
    reach = np.clip(reach, 0.3, 1.8) * radius
    flat = rng.uniform(0.5, 1)
    return np.stack([reach * np.sin(angle) * flat, reach * np.cos(angle)], -1)


def _nucleus(rng: np.random.Generator, radius: float) -> NDArray[np.float64]:
    return _smooth(rng, radius, rng.uniform(0, 0.1), 4)


def _amoeba(rng: np.random.Generator, radius: float) -> NDArray[np.float64]:
    return _smooth(rng, radius, rng.uniform(0.12, 0.35), 7)


def _rod(rng: np.random.Generator, radius: float) -> NDArray[np.float64]:
    """Long and bent, round or blunt at its ends."""
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    blunt = 2 / rng.uniform(2, 5)
    along = radius * np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** blunt
    across = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** blunt
    width, bend = rng.uniform(0.12, 0.4), rng.uniform(-0.3, 0.3)
    return np.stack(
        [radius * (width * across + bend * (along / radius) ** 2), along], -1
    )


def _roof(rng: np.random.Generator, radius: float) -> NDArray[np.float64]:
    """Rectangle, L shape or random polygon."""
    kind = rng.integers(3)
    if kind == 2:
        corners = int(rng.integers(3, 8))
        angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
        reach = rng.uniform(0.7, 1.1, corners) * radius
        return np.stack([reach * np.sin(angle), reach * np.cos(angle)], -1)
    h, w = radius * rng.uniform(0.4, 1), radius
    if kind == 0:
        return np.array([[-h, -w], [-h, w], [h, w], [h, -w]])
    cut_h, cut_w = rng.uniform(-0.5, 0.5, 2) * (h, w)
    return np.array(
        [[-h, -w], [-h, w], [cut_h, w], [cut_h, cut_w], [h, cut_w], [h, -w]]
    )


def _disc(rng: np.random.Generator, radius: float) -> NDArray[np.float64]:
    return _smooth(rng, radius, 0.02, 2)


_OUTLINES: tuple[Outline, ...] = (_nucleus, _amoeba, _rod, _roof, _disc)


def _turned(
    rng: np.random.Generator, outline: NDArray[np.float64]
) -> NDArray[np.float64]:
    a = rng.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    return outline @ turn.T


def _scattered(rng: np.random.Generator, size: int, radius: float) -> NDArray[np.int32]:
    """Objects strewn about; sometimes crowded into clusters, sometimes overlapping."""
    labels = np.zeros((size, size), np.int32)
    favourite = _OUTLINES[rng.choice(5, p=[0.45, 0.2, 0.12, 0.13, 0.1])]
    wanted = rng.uniform(0.1, 1) * size**2 / (np.pi * radius**2)
    wanted = int(np.clip(wanted, 1, 160))
    spread, overlap = rng.uniform(0.05, 0.45), rng.uniform() < 0.3
    crowd = rng.uniform(0, size, (3, 2)) if rng.uniform() < 0.4 else None
    for _ in range(2 * wanted):
        if labels.max() >= wanted:
            break
        centre = rng.uniform(-0.1 * size, 1.1 * size, 2)
        if crowd is not None:
            centre = crowd[rng.integers(3)] + rng.normal(0, 2.5 * radius, 2)
        outline = favourite if rng.uniform() < 0.85 else _OUTLINES[rng.integers(5)]
        own = radius * np.exp(spread * rng.standard_normal())
        corners = _turned(rng, outline(rng, own)) + centre
        _place(labels, corners, overlap=overlap)
    return _renumbered(labels)


def _place(
    labels: NDArray[np.int32], corners: NDArray[np.float64], *, overlap: bool
) -> None:
    """Draw one object on top, or beside the others if there is room."""
    rows, cols = polygon(corners[:, 0], corners[:, 1], labels.shape)
    if len(rows) < 16:
        return
    taken = labels[rows, cols] > 0
    if overlap:
        taken[:] = False
    elif taken.mean() > 0.1:
        return
    labels[rows[~taken], cols[~taken]] = labels.max() + 1


def _tissue(rng: np.random.Generator, size: int, radius: float) -> NDArray[np.int32]:
    """Cells that fill the plane wall to wall, with or without gaps."""
    n = int(np.clip(size**2 / (np.pi * radius**2), 4, 200))
    seeds = rng.uniform(0, size, (n, 2))
    where = np.moveaxis(np.indices((size, size), dtype=np.float32), 0, -1)
    bent = [_cloud(rng, size, radius) * radius * 0.15 for _ in range(2)]
    distance, nearest = spatial.cKDTree(seeds).query(where + np.stack(bent, -1), k=2)
    labels = nearest[..., 0].astype(np.int32) + 1
    if rng.uniform() < 0.5:
        labels[distance[..., 1] - distance[..., 0] < rng.uniform(0.5, 4)] = 0
    if rng.uniform() < 0.3:
        gone = rng.uniform(size=n + 1) < rng.uniform(0.1, 0.6)
        labels[gone[labels]] = 0
    return _renumbered(labels)


def _renumbered(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Give the visible objects numbers from 1, dropping slivers."""
    areas = np.bincount(labels.ravel())
    keep = areas >= 16
    keep[0] = False
    number = np.where(keep, np.cumsum(keep), 0).astype(np.int32)
    return number[labels]


# Light and sensor.


def _cloud(rng: np.random.Generator, size: int, grain: float) -> NDArray[np.float32]:
    """Smooth noise of unit deviation whose features are `grain` pixels wide."""
    n = max(4, int(size / max(grain, 1)))
    small = rng.standard_normal((n, n)).astype(np.float32)
    big = ndimage.zoom(small, size / n, order=1)[:size, :size]
    big = np.pad(big, [(0, size - s) for s in big.shape], mode="edge")
    return big / (big.std() + 1e-6)


def _edges(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    return ndimage.grey_dilation(labels, 3) != ndimage.grey_erosion(labels, 3)


def _light(
    rng: np.random.Generator, labels: NDArray[np.int32], radius: float
) -> NDArray[np.float32]:
    """Brightness of the scene before the sensor."""
    size, inside = len(labels), labels > 0
    image = np.full(labels.shape, rng.uniform(), np.float32)
    image += _cloud(rng, size, rng.uniform(20, 200)) * rng.uniform(0, 0.15)
    image += _cloud(rng, size, rng.uniform(2, 12)) * rng.uniform(0, 0.08)
    contrast = rng.uniform(0.08, 0.9) * rng.choice([-1, 1])
    style = rng.choice(["filled", "walled", "both", "textured", "phase"],
                       p=[0.42, 0.14, 0.16, 0.08, 0.2])  # fmt: skip
    grain = _cloud(rng, size, rng.uniform(1.5, 10))
    edge = _edges(labels)
    if style in ("filled", "both", "phase"):
        each = np.exp(rng.uniform(0, 0.5) * rng.standard_normal(labels.max() + 1))
        each[0] = 0
        fill = contrast * each.astype(np.float32)[labels]
        image += fill * (1 + grain * rng.uniform(0, 0.4))
        if rng.uniform() < 0.4:
            depth = ndimage.distance_transform_edt(inside & ~edge)
            image += contrast * 0.6 * np.minimum(depth / (radius + 1), 1)
    if style in ("walled", "both"):
        width = rng.uniform(0.5, 2.5)
        wall = ndimage.gaussian_filter(edge.astype(np.float32), width) * width
        image += wall * rng.uniform(0.5, 2) * contrast * rng.choice([-1, 1])
    if style == "textured":
        image += np.where(inside, grain * rng.uniform(0.1, 0.3), 0)
    if style == "phase":
        near, far = rng.uniform(1, 3), rng.uniform(4, 9)
        solid = inside.astype(np.float32)
        halo = ndimage.gaussian_filter(solid, near) - ndimage.gaussian_filter(
            solid, far
        )
        image -= contrast * rng.uniform(1, 3) * halo
    if rng.uniform() < 0.3:
        _organelles(rng, image, radius)
    return image


def _organelles(
    rng: np.random.Generator, image: NDArray[np.float32], radius: float
) -> None:
    """Strew small spots that are nobody's label: what a model must see past."""
    for _ in range(int(rng.integers(1, 60))):
        spot = _nucleus(rng, radius * rng.uniform(0.08, 0.35))
        spot += rng.uniform(0, len(image), 2)
        rows, cols = polygon(spot[:, 0], spot[:, 1], image.shape)
        image[rows, cols] += rng.uniform(-0.4, 0.4)


def _sensor(
    rng: np.random.Generator, image: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Blur, noise, then the limits and gamma somebody chose; in [0, 1]."""
    if (blur := rng.uniform(0, 2.2)) > 0.3:
        image = ndimage.gaussian_filter(image, blur)
    noise = rng.standard_normal(image.shape).astype(np.float32)
    if rng.uniform() < 0.5:
        noise = ndimage.gaussian_filter(noise, g := rng.uniform(0.3, 1)) * (1 + 2 * g)
    image = image + noise * np.exp(rng.uniform(np.log(0.003), np.log(0.15)))
    low, high = np.percentile(image, [0.1, 99.9])
    image = np.clip((image - low) / (high - low + 1e-6), 0, 1)
    return image ** np.exp(rng.uniform(-0.6, 0.6))


def _colour(
    rng: np.random.Generator, grey: NDArray[np.float32], labels: NDArray[np.int32]
) -> NDArray[np.uint8]:
    """Grey three times, or two random colours with stains and a tint per object."""
    if rng.uniform() < 0.65:
        rgb = np.repeat(grey[..., None], 3, -1)
    else:
        first, second = rng.uniform(0, 1, (2, 3))
        rgb = first * (1 - grey[..., None]) + second * grey[..., None]
        stain = [_cloud(rng, len(grey), rng.uniform(2, 40)) for _ in range(3)]
        rgb = rgb + np.stack(stain, -1) * rng.uniform(0, 0.06)
        tint = rng.normal(0, rng.uniform(0, 0.15), (labels.max() + 1, 3))
        tint[0] = 0
        rgb = rgb + tint[labels]
        low, high = rgb.min(), rgb.max()
        rgb = (rgb - low) / (high - low + 1e-6)
    return (np.clip(rgb, 0, 1) * 255).round().astype(np.uint8)
