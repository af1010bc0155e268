"""Labels of branching neurites that grow until they meet another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from skimage.draw import polygon

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["trees"]

#: Pixels from one point of a path to the next.
_STEP = 2.0
#: Points of a polygon that is filled at once.
_STRETCH = 6
#: Branches of branches of branches are too thin to see.
_DEEPEST = 2


def trees(rng: np.random.Generator, size: int, widest: float) -> NDArray[np.int32]:
    """Return labels of branched trees, each grown in the space that is left.

    In some scenes later ones grow over earlier ones instead.
    """
    labels = np.zeros((size, size), np.int32)
    overgrow = rng.uniform() < 0.25
    bend = rng.uniform(0.05, 0.2)
    n_objects = max(2, int(rng.uniform(8, 40) * (size / 256) ** 2))
    for number in range(1, n_objects + 1):
        start, angle = rng.uniform(0, size, 2), rng.uniform(0, 2 * np.pi)
        own = widest * rng.uniform(0.5, 1)
        # A trunk grows both ways from where it was begun.
        for way in (angle, angle + np.pi):
            _grow(rng, labels, number, start, way, own, bend, overgrow=overgrow)
    return labels


def _grow(
    rng: np.random.Generator,
    labels: NDArray[np.int32],
    number: int,
    start: NDArray[np.float64],
    angle: float,
    width: float,
    bend: float,
    *,
    overgrow: bool,
    depth: int = 0,
) -> None:
    """Draw the label of a branch, then of those that start from it."""
    reach = rng.uniform(0.3, 1) * len(labels) / (1 + depth)
    angles = _bent(rng, angle, max(int(reach / _STEP), 4), bend)
    steps = _STEP * np.stack([np.sin(angles), np.cos(angles)], -1)
    points = start + np.cumsum(steps, 0) - steps[0]
    points = points[: _free(labels, points, number, overgrow=overgrow)]
    if len(points) < 4:
        return
    widths = width * np.linspace(1, 0.6, len(angles)) * _beaded(rng, len(angles))
    widths = widths[: len(points)].clip(2, 12)
    _draw(labels, points, angles[: len(points)], widths, number, overgrow=overgrow)
    if depth == _DEEPEST:
        return
    for _ in range(rng.integers(3)):
        at = int(rng.integers(len(points)))
        branch_angle = rng.choice([-1, 1]) * rng.uniform(0.4, 1.1)
        thinner = widths[at] * rng.uniform(0.6, 0.9)
        _grow(
            rng, labels, number, points[at], angles[at] + branch_angle, thinner, bend,
            overgrow=overgrow, depth=depth + 1,
        )  # fmt: skip


def _bent(
    rng: np.random.Generator, angle: float, n: int, bend: float
) -> NDArray[np.float64]:
    """Return the angles of a path that bends a little at each step."""
    turns = ndimage.gaussian_filter1d(np.cumsum(bend * rng.standard_normal(n)), 2)
    return angle + turns - turns[0]


def _beaded(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    """Return the factor of the width along a branch with beads."""
    waves = np.sin(np.arange(n) * rng.uniform(0.1, 0.5) + rng.uniform(0, 2 * np.pi))
    return 1 + rng.uniform(0, 0.35) * waves


def _free(
    labels: NDArray[np.int32],
    points: NDArray[np.float64],
    number: int,
    *,
    overgrow: bool,
) -> int:
    """Return the number of points that lie in the plane, and not in another tree."""
    rows, cols = points.round().astype(np.intp).T
    size = len(labels)
    stopped = (rows < 0) | (cols < 0) | (rows >= size) | (cols >= size)
    there = labels[rows.clip(0, size - 1), cols.clip(0, size - 1)]
    if not overgrow:
        stopped |= (there > 0) & (there != number)
    return int(stopped.argmax()) if stopped.any() else len(points)


def _draw(
    labels: NDArray[np.int32],
    points: NDArray[np.float64],
    angles: NDArray[np.float64],
    widths: NDArray[np.float64],
    number: int,
    *,
    overgrow: bool,
) -> None:
    side = np.stack([np.cos(angles), -np.sin(angles)], -1) * widths[:, None] / 2
    left, right = points + side, points - side
    # Short stretches are filled faster than one long polygon, which may cross itself.
    for first in range(0, len(points) - 1, _STRETCH):
        part = slice(first, first + _STRETCH + 1)
        corners = np.concatenate([left[part], right[part][::-1]])
        rows, cols = polygon(corners[:, 0], corners[:, 1], labels.shape)
        if not overgrow:
            free = labels[rows, cols] == 0
            rows, cols = rows[free], cols[free]
        labels[rows, cols] = number
