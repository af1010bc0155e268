"""Perimeters, surfaces and contacts: what lies between an object and what is around."""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from math import pi, prod
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import SphericalVoronoi

if TYPE_CHECKING:
    from numpy.typing import NDArray

    #: Steps along each axis, from a pixel to another.
    Step = tuple[int, ...]


def boundary_sizes(
    labels: NDArray[np.int32], count: int, spacing: tuple[float, ...]
) -> NDArray[np.float64]:
    """Return the perimeter, or the surface, of each object by Crofton's formula.

    A boundary is as large as straight lines cross it often. The lines run through
    neighbouring pixels, in 4 directions of a plane or 13 of a volume, and each stands
    for the directions that are nearer to it than to another. Round objects are right
    within some percent whatever the spacing; those with flat sides along the axes come
    out too small: rectangles by 5 percent, boxes by 10, or 20 where pixels are eight
    times as long as wide.

    Parameters
    ----------
    labels
        ``(y, x)`` or ``(z, y, x)``: objects numbered from 1 to `count`.
    count
        How many objects there are.
    spacing
        Size of a pixel along each axis.

    References
    ----------
    G. Lehmann and D. Legland, "Efficient N-dimensional surface estimation using Crofton
    formula and run-length encoding", Insight Journal, 2012.
    """
    weights = step_weights(spacing)
    padded = np.pad(labels, 1)
    sizes = np.zeros(count + 1)
    for step, weight in weights.items():
        for ends in _crossings(padded, step):
            sizes += weight * np.bincount(ends, minlength=count + 1)
    return sizes[1:]


def count_neighbours(labels: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    """Return how many other objects each object touches, also at a corner."""
    pairs = [np.zeros(0, np.int64)]
    for step in _steps(labels.ndim):
        here, there = _crossings(labels, step)
        both = (here > 0) & (there > 0)
        low, high = np.minimum(here, there)[both], np.maximum(here, there)[both]
        pairs.append(np.unique(low.astype(np.int64) * (count + 1) + high))
    ends = np.divmod(np.unique(np.concatenate(pairs)), count + 1)
    return np.bincount(np.concatenate(ends), minlength=count + 1)[1:]


@lru_cache(maxsize=16)
def step_weights(spacing: tuple[float, ...]) -> dict[Step, float]:
    """Return steps, and the boundary that a crossing of each stands for."""
    steps = _steps(len(spacing))
    vectors = np.array([*steps, *(tuple(-n for n in s) for s in steps)]) * spacing
    norms = np.linalg.norm(vectors, axis=1)
    shares = 2 * _shares_of_directions(vectors / norms[:, None])
    whole = pi / 2 if len(spacing) == 2 else 2
    return {
        step: float(whole * share * prod(spacing) / norm)
        for step, share, norm in zip(steps, shares, norms, strict=False)
    }


def _steps(ndim: int) -> list[Step]:
    """Return the step to each neighbour of a pixel, but not to those opposite."""
    return [s for s in product((-1, 0, 1), repeat=ndim) if s > (0,) * ndim]


def _shares_of_directions(directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of the circle, or the sphere, that is nearest to a direction."""
    if directions.shape[1] == 3:
        areas = SphericalVoronoi(directions).calculate_areas()
        return np.asarray(areas / areas.sum())
    angles = np.arctan2(*directions.T)
    order = np.argsort(angles)
    gaps = np.diff(angles[order], append=angles[order[0]] + 2 * pi)
    shares = np.empty(len(angles))
    shares[order] = (gaps + np.roll(gaps, 1)) / (4 * pi)
    return shares


def _crossings(
    labels: NDArray[np.int32], step: Step
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the labels at both ends of each step from one label to another."""
    here, there = (
        labels[
            tuple(
                slice(max(-sign * one, 0), n - max(sign * one, 0))
                for one, n in zip(step, labels.shape, strict=True)
            )
        ]
        for sign in (1, -1)
    )
    crossed = here != there
    return here[crossed], there[crossed]
