"""Which objects are near each other, in diameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray


def diameter(sizes: NDArray[np.float64], *, volumes: bool = False) -> float:
    """Return the median diameter of discs of some areas, or of balls of volumes."""
    if not len(sizes):
        return 0.0
    size = float(np.median(sizes))
    return float(
        (6 * size / np.pi) ** (1 / 3) if volumes else (4 * size / np.pi) ** 0.5
    )


def near(
    first: NDArray[np.float64], second: NDArray[np.float64], reach: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the rows of places that are within reach of each other, and how far."""
    none = np.zeros(0, np.int64)
    if not len(first) or not len(second):
        return none, none, np.zeros(0)
    found = cKDTree(first).sparse_distance_matrix(
        cKDTree(second), reach, output_type="ndarray"
    )
    return found["i"].astype(np.int64), found["j"].astype(np.int64), found["v"]
