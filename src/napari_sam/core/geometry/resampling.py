"""Grids upsampled, pixels averaged in blocks, cells framed and dilated. numpy only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.images.pixels import Pixels


def upsample(
    grid: NDArray[np.float32],
    window: tuple[slice, slice],
    stride: tuple[float, float],
    start: tuple[float, float] = (0, 0),
    step: int = 1,
) -> NDArray[np.float32]:
    """Bilinear values of a grid at the middles of pixels, one axis after the other.

    Parameters
    ----------
    grid
        Values in cells.
    window
        Rows and columns of the pixels to return.
    stride
        Rows and columns of the plane per cell.
    start
        Where on the plane the grid starts.
    step
        Rows and columns of the plane per pixel returned.
    """
    rows, cols = window
    plain = stride == (1.0, 1.0) and start == (0, 0) and step == 1
    if plain and rows.stop <= grid.shape[0] and cols.stop <= grid.shape[1]:
        return grid[window]
    low, high, weight = _taps(rows, stride[0], grid.shape[0], start[0], step)
    left, right, across = _taps(cols, stride[1], grid.shape[1], start[1], step)
    first, last = left[0], right[-1] + 1
    part = grid[:, first:last].astype(np.float32, copy=False)
    down = part[low] + (part[high] - part[low]) * weight[:, None]
    down_T = np.ascontiguousarray(down.T)
    left, right = left - first, right - first
    out = down_T[left] + (down_T[right] - down_T[left]) * across[:, None]
    return np.asarray(out.T)


def bordered(cells: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    """Return cells with `by` more around them that are not set.

    Of few cells, in a tenth of the time of `numpy.pad`.
    """
    rows, cols = cells.shape
    out = np.zeros((rows + 2 * by, cols + 2 * by), bool)
    out[by : by + rows, by : by + cols] = cells
    return out


def dilate(cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Set also the eight neighbours of every cell that is set."""
    padded = bordered(cells, 1)
    tall = padded[:-2] | padded[1:-1] | padded[2:]
    return np.asarray(tall[:, :-2] | tall[:, 1:-1] | tall[:, 2:])


def downsample(pixels: Pixels, by: int) -> Pixels:
    """Downsample ``(y, x)`` or ``(y, x, c)`` by a factor: the mean of each block.

    At the far edges, blocks may be of fewer pixels. Integers are rounded; of floats,
    NaN is left out where there are other numbers.
    """
    kind = pixels.dtype
    if kind.kind != "f":
        counts = _summed(np.ones(pixels.shape, bool), by)
        mean = _summed(pixels, by) / counts
        return np.asarray(np.rint(mean).astype(kind) if kind.kind in "iu" else mean)
    known = np.isfinite(pixels)
    count = _summed(known, by)
    total = _summed(np.where(known, pixels, 0), by)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total / count)


def _summed(pixels: Pixels, by: int) -> NDArray[np.float32]:
    down = np.arange(0, pixels.shape[0], by)
    across = np.arange(0, pixels.shape[1], by)
    rows = np.add.reduceat(pixels, down, axis=0, dtype=np.float32)
    return np.asarray(np.add.reduceat(rows, across, axis=1))


def _taps(
    window: slice, stride: float, cells: int, start: float, step: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """For pixels along one side: the two cells to blend, and the second's weight."""
    middles = (np.arange(window.start, window.stop) + 0.5) * step - start
    at = np.clip(middles / stride - 0.5, 0, cells - 1)
    low = at.astype(np.intp)
    high = np.minimum(low + 1, cells - 1)
    return low, high, (at - low).astype(np.float32)
