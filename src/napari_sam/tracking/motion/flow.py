"""A flow field: where each pixel of a window was on another frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.geometry.region import Region
    from napari_sam.core.geometry.tiles import Tile


class Flow(NamedTuple):
    """Backward flow on a grid of cells: a pixel was at its own place plus the flow.

    Attributes
    ----------
    vectors
        ``(2, rows, cols)``: rows and columns, in pixels.
    start
        Row and column of the middle of the first cell.
    stride
        Rows and columns from one cell to the next, in pixels.
    residual
        ``(rows, cols)``: how unlike the two places look, from 0.
    """

    vectors: NDArray[np.float32]
    start: tuple[float, float]
    stride: tuple[float, float]
    residual: NDArray[np.float32]

    def on_plane(self, tile: Tile) -> Flow:
        """Return the flow of a tile in pixels of its plane."""
        scale = tile.scale
        first = (
            (at + 0.5) * scale - 0.5 + window * scale
            for at, window in zip(
                self.start, (tile.window.top, tile.window.left), strict=True
            )
        )
        top, left = first
        down, right = self.stride
        stride = down * scale, right * scale
        return Flow(self.vectors * scale, (top, left), stride, self.residual)

    def sampled(self, region: Region) -> NDArray[np.float32]:
        """Return the flow ``(2, h, w)`` at the pixels of a region."""
        return _bilinear(self.vectors, *self._cells(region))

    def residual_in(self, region: Region) -> NDArray[np.float32]:
        """Return the residual at the pixels of a region."""
        return _bilinear(self.residual, *self._cells(region))

    def _cells(self, region: Region) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        rows = (np.arange(region.top, region.bottom) - self.start[0]) / self.stride[0]
        cols = (np.arange(region.left, region.right) - self.start[1]) / self.stride[1]
        return np.asarray(rows, np.float64), np.asarray(cols, np.float64)


def still_flow(region: Region, vector: tuple[float, float]) -> Flow:
    """Return the flow of a region that moves as one, of which nothing else is known."""
    rows, cols = region.shape
    return Flow(
        np.tile(np.asarray(vector, np.float32)[:, None, None], (1, 2, 2)),
        (float(region.top), float(region.left)),
        (float(max(rows - 1, 1)), float(max(cols - 1, 1))),
        np.ones((2, 2), np.float32),
    )


def _bilinear(
    grid: NDArray[np.float32], rows: NDArray[np.float64], cols: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Sample the last two axes at ``rows x cols``, one after the other."""
    low, high, down = _taps(rows, grid.shape[-2])
    left, right, across = _taps(cols, grid.shape[-1])
    part = grid[..., left[0] : right[-1] + 1]
    upper = part[..., low, :]
    lines = upper + (part[..., high, :] - upper) * down[:, None]
    first = lines[..., left - left[0]]
    return np.asarray(first + (lines[..., right - left[0]] - first) * across)


def _taps(
    at: NDArray[np.float64], cells: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """For ascending positions: the two cells to blend, and the second's weight."""
    inside = np.clip(at, 0, cells - 1)
    low = inside.astype(np.intp)
    return low, np.minimum(low + 1, cells - 1), (inside - low).astype(np.float32)
