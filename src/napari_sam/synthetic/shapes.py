"""Outlines of objects: ``(n, 2)`` row and column offsets from their centre."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    #: Draws an outline of about a radius.
    Outline = Callable[[np.random.Generator, float], NDArray[np.float64]]

__all__ = ["OUTLINES", "amoeba", "disc", "nucleus", "rod", "roof", "rotated"]


def nucleus(rng: np.random.Generator, radius: float) -> NDArray[np.float64]:
    """Return the outline of a nucleus, nearly an ellipse."""
    return _smooth(rng, radius, rng.uniform(0, 0.1), 4)


def amoeba(rng: np.random.Generator, radius: float) -> NDArray[np.float64]:
    """Return the outline of an amoeba, with lobes and bays."""
    return _smooth(rng, radius, rng.uniform(0.12, 0.35), 7)


def disc(rng: np.random.Generator, radius: float) -> NDArray[np.float64]:
    """Return the outline of a smooth disc, seen obliquely."""
    return _smooth(rng, radius, 0.02, 2)


def rod(rng: np.random.Generator, radius: float) -> NDArray[np.float64]:
    """Return the outline of a bent rod, round or blunt at its ends."""
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    blunt = 2 / rng.uniform(2, 5)
    along = radius * np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** blunt
    across = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** blunt
    width, bend = rng.uniform(0.12, 0.4), rng.uniform(-0.3, 0.3)
    return np.stack(
        [radius * (width * across + bend * (along / radius) ** 2), along], -1
    )


def roof(rng: np.random.Generator, radius: float) -> NDArray[np.float64]:
    """Return the outline of a roof: rectangle, L shape or random polygon."""
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


#: Outlines by name; a `Style` has their shares.
OUTLINES: Mapping[str, Outline] = MappingProxyType({
    "nucleus": nucleus,
    "amoeba": amoeba,
    "rod": rod,
    "roof": roof,
    "disc": disc,
})  # fmt: skip


def rotated(outline: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    """Return an outline rotated about its centre, by radians."""
    cos, sin = np.cos(angle), np.sin(angle)
    return outline @ np.array([[cos, sin], [-sin, cos]])


def _smooth(
    rng: np.random.Generator, radius: float, wobble: float, waves: int
) -> NDArray[np.float64]:
    """Return an ellipse whose radius varies at a few low frequencies."""
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    reach = np.ones_like(angle)
    for k in range(2, 2 + waves):
        phase = rng.uniform(0, 2 * np.pi)
        reach += wobble / (k - 1) * rng.standard_normal() * np.cos(k * angle + phase)
    reach = np.clip(reach, 0.3, 1.8) * radius
    flat = rng.uniform(0.5, 1)
    return np.stack([reach * np.sin(angle) * flat, reach * np.cos(angle)], -1)
