"""Parcels of land cut by straight lines, for fields and building plots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.synthetic.noise import cloud, grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Parcels", "cut_parcels"]


@dataclass(frozen=True, slots=True, eq=False)
class Parcels:
    """Parcels that fill a plane, and the paths between them.

    Attributes
    ----------
    parts
        ``(rows, cols)`` intp: the number of the parcel at each pixel, from 0.
    path
        ``(rows, cols)`` bool: pixels of paths.
    angles
        ``(N,)`` radians: the direction across the last cut that each parcel had.
    """

    index: NDArray[np.intp]
    path: NDArray[np.bool_]
    angles: NDArray[np.float64]

    def across(self, rotation: float = 0) -> NDArray[np.float32]:
        """Return pixel positions along the angle of their parcel plus `rotation`."""
        rows, cols = grid(len(self.index))
        return _along(rows, cols, self.index, self.angles + rotation)


def cut_parcels(
    rng: np.random.Generator, size: int, side: float, widths: tuple[float, float]
) -> Parcels:
    """Cut a plane into parcels of about a side, by halving them again and again.

    Parameters
    ----------
    rng
        Random generator.
    size
        Rows and columns.
    side
        Pixels of the side of a parcel.
    widths
        Of the path at the first cut and at the last; below 1 there is none.
    """
    rows, cols = grid(size)
    if rng.uniform() < 0.5:
        rows += cloud(rng, size, size / 3, smooth=True) * rng.uniform(0, 4)
        cols += cloud(rng, size, size / 3, smooth=True) * rng.uniform(0, 4)
    index, path = np.zeros((size, size), np.intp), np.zeros((size, size), bool)
    angles = rng.uniform(0, 2 * np.pi, 1)
    levels = max(2, round(2 * np.log2(size / side)))
    for level, width in enumerate(np.linspace(*widths, levels)):
        angles = angles + np.pi / 2 + rng.normal(0, 0.08, len(angles))
        along = _along(rows, cols, index, angles)
        cut = along - _middles(rng, index, along, len(angles))[index]
        # Some parcels are not cut, and are larger than their neighbours.
        uncut = (rng.uniform(size=len(angles)) < 0.15) & (level > 1)
        cut = np.where(uncut[index], -np.inf, cut)
        path |= np.abs(cut) < width / 2
        index = 2 * index + (cut > 0)
        angles = np.repeat(angles, 2)
    return Parcels(index, path, angles)


def _along(
    rows: NDArray[np.float32],
    cols: NDArray[np.float32],
    index: NDArray[np.intp],
    angles: NDArray[np.float64],
) -> NDArray[np.float32]:
    sin, cos = np.sin(angles, dtype=np.float32), np.cos(angles, dtype=np.float32)
    return rows * sin[index] + cols * cos[index]


def _middles(
    rng: np.random.Generator,
    index: NDArray[np.intp],
    along: NDArray[np.float32],
    n: int,
) -> NDArray[np.float32]:
    """Draw the position of the cut of each parcel, near its middle."""
    flat, values = index.ravel(), along.ravel()
    areas = np.maximum(np.bincount(flat, minlength=n), 1)
    mean = np.bincount(flat, values, n) / areas
    deviation = np.bincount(flat, np.abs(values - mean[flat]), n) / areas
    return (mean + deviation * rng.uniform(-0.6, 0.6, n)).astype(np.float32)
