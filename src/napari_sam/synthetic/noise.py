"""Smooth noise for uneven light, stains and bends; random sizes; pixel coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["cloud", "grid", "log_uniform"]


def cloud(
    rng: np.random.Generator, size: int, grain: float, *, smooth: bool = False
) -> NDArray[np.float32]:
    """Draw noise of unit standard deviation with features `grain` pixels wide.

    Parameters
    ----------
    rng
        Random generator.
    size
        Rows and columns.
    grain
        Pixels.
    smooth
        Cubic interpolation, which is slower: for contour lines.

    Returns
    -------
    numpy.ndarray
        ``(size, size)`` float32.
    """
    n = max(4, int(size / max(grain, 1)))
    small = rng.standard_normal((n, n)).astype(np.float32)
    big = ndimage.zoom(small, size / n, order=3 if smooth else 1)[:size, :size]
    big = np.pad(big, [(0, size - s) for s in big.shape], mode="edge")
    return big / (big.std() + 1e-6)


def log_uniform(rng: np.random.Generator, least: float, most: float) -> float:
    """Draw a number whose logarithm is uniform; `most` is at least `least`."""
    most = max(most, least)
    return float(np.exp(rng.uniform(np.log(least), np.log(most))))


def grid(size: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return row and column of each pixel of a square."""
    rows, cols = np.indices((size, size), dtype=np.float32)
    return np.asarray(rows), np.asarray(cols)
