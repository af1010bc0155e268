"""A flow field: where each pixel of a window was on another frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from numpy.typing import NDArray

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

    @property
    def region(self) -> Region:
        """The pixels that lie in its cells, or nearly so."""
        rows, cols = self.vectors.shape[1:]
        (top, left), (down, right) = self.start, self.stride
        return Region(
            int(np.floor(top - down / 2)),
            int(np.floor(left - right / 2)),
            int(np.ceil(top + (rows - 0.5) * down)) + 1,
            int(np.ceil(left + (cols - 0.5) * right)) + 1,
        )

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

    def at(
        self, rows: NDArray[np.float64], cols: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Return the flow ``(2, h, w)`` at rows and at columns, both ascending."""
        (top, left), (down, right) = self.start, self.stride
        return _bilinear(self.vectors, (rows - top) / down, (cols - left) / right)

    def sampled(self, region: Region) -> NDArray[np.float32]:
        """Return the flow ``(2, h, w)`` at the pixels of a region."""
        return _bilinear(self.vectors, *self._cells(region))

    def residual_in(self, region: Region) -> NDArray[np.float32]:
        """Return the residual at the pixels of a region."""
        return _bilinear(self.residual, *self._cells(region))

    def led_to(self, region: Region, within: Region) -> Region:
        """Return where pixels may be that were in a region of the other frame.

        Parameters
        ----------
        region
            Of the other frame.
        within
            Region of this frame that is asked about.
        """
        rows, cols = (
            np.arange(max(int(at[0]) - 1, -1), min(int(at[-1]) + 2, count) + 1)
            for at, count in zip(
                self._cells(within), self.vectors.shape[1:], strict=True
            )
        )
        near = self.vectors[
            :,
            rows.clip(0, self.vectors.shape[1] - 1)[:, None],
            cols.clip(0, self.vectors.shape[2] - 1),
        ]
        before = (
            near[0] + (self.start[0] + rows * self.stride[0])[:, None],
            near[1] + (self.start[1] + cols * self.stride[1]),
        )
        sides = (region.top, region.bottom - 1), (region.left, region.right - 1)
        hit = _meets(before[0], *sides[0]) & _meets(before[1], *sides[1])
        found = Region.around(hit)
        if min(found.shape) < 1:
            return Region(within.top, within.left, within.top, within.left)
        down, right = self.stride
        return Region(
            int(np.floor(self.start[0] + (rows[0] + found.top) * down)),
            int(np.floor(self.start[1] + (cols[0] + found.left) * right)),
            int(np.ceil(self.start[0] + (rows[0] + found.bottom) * down)) + 1,
            int(np.ceil(self.start[1] + (cols[0] + found.right) * right)) + 1,
        ).intersection(within)

    def _cells(self, region: Region) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        rows = (np.arange(region.top, region.bottom) - self.start[0]) / self.stride[0]
        cols = (np.arange(region.left, region.right) - self.start[1]) / self.stride[1]
        return np.asarray(rows, np.float64), np.asarray(cols, np.float64)


def _meets(
    values: NDArray[np.float64], lowest: float, highest: float
) -> NDArray[np.bool_]:
    """Whether values from a cell to the next, down and right, meet an interval."""
    least = np.minimum(values[:-1], values[1:])
    most = np.maximum(values[:-1], values[1:])
    low = np.minimum(least[:, :-1], least[:, 1:]) <= highest
    return np.asarray(low & (np.maximum(most[:, :-1], most[:, 1:]) >= lowest))


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
