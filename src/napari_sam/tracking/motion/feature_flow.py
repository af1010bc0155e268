"""Flow by matching features of a backend, from a coarse level to a fine one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.tracking.motion.flow import Flow
from napari_sam.tracking.motion.likeness import CONTEXT, best_matches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_sam.core.geometry.region import Region
    from napari_sam.core.protocols import FeatureMap

#: Cells that a match may be away from where it is expected: on the coarsest level, and
#: on finer ones, which only refine it.
_FAR, _NEAR = 4, 2
#: Share of a map above which all of it is normalised at once, and kept.
_MOST = 0.5
#: Cells that are normalised at a time, and numbers that are left between channels.
_CELLS, _APART = 4096, 16
#: Rows of cells that are blended at a time: they stay in a processor's cache.
_BLENDED = 16


class MatchingMap:
    """Features of mean 0 and length 1, so that products are likenesses.

    Those of a window alone are computed, unless most of the map is asked for.

    Parameters
    ----------
    features
        Of a tile, as a backend has them.
    """

    def __init__(self, features: FeatureMap) -> None:
        self._array, self.shape = features.array, features.array.shape[1:]
        mean = np.asarray(self._array.mean((1, 2)), np.float32)
        self._mean = mean[:, None]
        self._whole: NDArray[np.float32] | None = None
        self.stride = features.stride

    def part(self, rows: slice, cols: slice) -> NDArray[np.float32]:
        """Return the features ``(rows, cols, C)`` of a window of cells."""
        cells = (rows.stop - rows.start) * (cols.stop - cols.start)
        if self._whole is None and cells > _MOST * self.shape[0] * self.shape[1]:
            self._whole = self._normalised(*(slice(0, n) for n in self.shape))
        if self._whole is not None:
            return self._whole[rows, cols]
        return self._normalised(rows, cols)

    def _normalised(self, rows: slice, cols: slice) -> NDArray[np.float32]:
        width, step = cols.stop - cols.start, -(-_CELLS // (cols.stop - cols.start))
        out = np.empty((rows.stop - rows.start, width, len(self._mean)), np.float32)
        for first in range(0, len(out), step):
            lines = slice(rows.start + first, min(rows.start + first + step, rows.stop))
            self._fill(out[first : first + step], self._array[:, lines, cols])
        return out

    def _fill(self, out: NDArray[np.float32], part: NDArray[np.float32]) -> None:
        """Normalise some lines ``(C, rows, cols)`` into ``(rows, cols, C)``."""
        channels, cells = len(part), out.shape[0] * out.shape[1]
        # With a few more, no two channels of a cell fall on one line of the cache.
        array = np.empty((channels, cells + _APART), np.float32)[:, :cells]
        np.subtract(part.reshape(channels, cells), self._mean, out=array)
        length = np.sqrt(np.einsum("cn,cn->n", array, array))
        array *= 1 / (length + np.float32(1e-6))
        out[:] = array.T.reshape(out.shape)


def feature_flow(
    target: Sequence[MatchingMap],
    source: Sequence[MatchingMap],
    region: Region,
    expected: tuple[float, float],
    *,
    of: Region | None = None,
) -> Flow:
    """Return where the pixels of a region of the target frame were on the source frame.

    Parameters
    ----------
    target, source
        Features of both frames, coarsest first.
    region
        In pixels of the tile.
    expected
        Flow in rows and columns to begin with, in pixels: minus the drift.
    of
        Region of the source frame: the flow is refined only near to where it went. By
        default, everywhere.
    """
    flow: Flow | None = None
    for new, old in zip(target, source, strict=True):
        if flow is not None and of is not None:
            finer = np.multiply(new.stride, _NEAR + CONTEXT).max()
            region = flow.led_to(of, region).grown(int(finer)).intersection(region)
        window = _window(new, region)
        start = _expected(flow, window, expected)
        reach = _FAR if flow is None else _NEAR
        flow = _matched(window, old, start, reach)
    assert flow is not None
    return flow


class _Cells(NamedTuple):
    """Features ``(rows, cols, C)`` of the cells of a region, and where they lie."""

    array: NDArray[np.float32]
    first: tuple[int, int]
    stride: tuple[float, float]

    @property
    def start(self) -> tuple[float, float]:
        """Row and column of the middle of the first cell, in pixels."""
        (top, left), (down, right) = self.first, self.stride
        return (top + 0.5) * down - 0.5, (left + 0.5) * right - 0.5


def _window(features: MatchingMap, region: Region) -> _Cells:
    down, right = features.stride
    rows, cols = features.shape
    top, left = int(region.top / down), int(region.left / right)
    bottom = min(int(np.ceil(region.bottom / down)), rows)
    after = min(int(np.ceil(region.right / right)), cols)
    top, left = min(top, rows - 1), min(left, cols - 1)
    part = features.part(
        slice(top, max(bottom, top + 1)), slice(left, max(after, left + 1))
    )
    return _Cells(part, (top, left), features.stride)


def _expected(
    flow: Flow | None, window: _Cells, drift: tuple[float, float]
) -> NDArray[np.float32]:
    """Return the expected flow of each cell of a window, in cells."""
    shape = window.array.shape[:2]
    per_cell = np.asarray(window.stride, np.float32)[:, None, None]
    if flow is None:
        both = np.asarray(drift, np.float32)[:, None, None]
        return np.broadcast_to(both / per_cell, (2, *shape)).copy()
    rows, cols = (
        start + np.arange(count) * step
        for start, count, step in zip(window.start, shape, window.stride, strict=True)
    )
    return flow.at(rows, cols) / per_cell


def _matched(
    window: _Cells, source: MatchingMap, expected: NDArray[np.float32], reach: int
) -> Flow:
    """Find the best match of each cell among those near to the expected one."""
    away, unlike = best_matches(window.array, _warped(window, source, expected, reach))
    per_cell = np.asarray(window.stride, np.float32)[:, None, None]
    return Flow((expected + away) * per_cell, window.start, window.stride, unlike)


def _warped(
    window: _Cells,
    source: MatchingMap,
    expected: NDArray[np.float32],
    reach: int,
) -> NDArray[np.float32]:
    """Return the source where it is expected, ``(rows, cols, C)``.

    There are `reach` more cells on each side.
    """
    rows, cols = (np.arange(-reach, n + reach) for n in expected.shape[1:])
    edges = np.ix_(*(at.clip(0, at[-1 - reach]) for at in (rows, cols)))
    at = np.stack([vectors[edges] for vectors in expected])
    at[0] += (rows + window.first[0]).astype(np.float32)[:, None]
    at[1] += (cols + window.first[1]).astype(np.float32)
    limits = [n - 1 for n in source.shape]
    for axis, limit in zip(at, limits, strict=True):
        np.clip(axis, 0, limit, out=axis)
    low = at.astype(np.intp)
    high = np.stack([np.minimum(n + 1, m) for n, m in zip(low, limits, strict=True)])
    down, right = at - low.astype(np.float32)
    first, last = low.min((1, 2)), high.max((1, 2)) + 1
    part = source.part(slice(first[0], last[0]), slice(first[1], last[1]))
    low, high = low - first[:, None, None], high - first[:, None, None]
    corners = [
        (row * part.shape[1] + col, of_row * of_col)
        for row, of_row in ((low[0], 1 - down), (high[0], down))
        for col, of_col in ((low[1], 1 - right), (high[1], right))
    ]
    return _blended(part.reshape(-1, part.shape[2]), corners)


def _blended(
    cells: NDArray[np.float32],
    corners: list[tuple[NDArray[np.intp], NDArray[np.float32]]],
) -> NDArray[np.float32]:
    """Add up cells ``(n, C)`` by number and weight, some rows at a time."""
    corners = [(at, weight) for at, weight in corners if weight.any()]
    rows, cols = corners[0][0].shape
    out = np.zeros((rows, cols, cells.shape[1]), np.float32)
    for first in range(0, rows, _BLENDED):
        lines = slice(first, first + _BLENDED)
        for at, weight in corners:
            corner = cells.take(at[lines], axis=0, mode="clip")
            corner *= weight[lines, :, None]
            out[lines] += corner
    return out
