"""Flow by matching features of a backend, from a coarse level to a fine one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from scipy import ndimage

from napari_sam.tracking.motion.flow import Flow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_sam.core.geometry.region import Region
    from napari_sam.core.protocols import FeatureMap

#: Cells that a match may be away from where it is expected: on the coarsest level, and
#: on finer ones, which only refine it.
_FAR, _NEAR = 4, 2
#: Cells whose likenesses are averaged: single ones are ambiguous.
_WINDOW = 5
#: Likeness that a match of one cell farther away must have more.
_PENALTY = 0.01
#: Softness of the choice between matches.
_TEMPERATURE = 0.02
#: Cells of a row that are compared in one product with all that are near to them.
_TOGETHER = 12
#: Share of a map above which all of it is normalised at once, and kept.
_MOST = 0.5


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
        self._mean = mean[:, None, None]
        self._whole: NDArray[np.float32] | None = None
        self.stride = features.stride

    def part(self, rows: slice, cols: slice) -> NDArray[np.float32]:
        """Return the features ``(rows, cols, C)`` of a window of cells."""
        cells = (rows.stop - rows.start) * (cols.stop - cols.start)
        if self._whole is None and cells > _MOST * self.shape[0] * self.shape[1]:
            self._whole = self._normalised(slice(None), slice(None))
        if self._whole is not None:
            return self._whole[rows, cols]
        return self._normalised(rows, cols)

    def _normalised(self, rows: slice, cols: slice) -> NDArray[np.float32]:
        part = np.asarray(self._array[:, rows, cols], np.float32)
        array = np.ascontiguousarray(np.moveaxis(part - self._mean, 0, -1))
        length = np.sqrt(np.einsum("hwc,hwc->hw", array, array))
        array /= (length + np.float32(1e-6))[..., None]
        return np.asarray(array, np.float32)


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
            finer = np.multiply(new.stride, _NEAR + _WINDOW // 2).max()
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
    axes = [
        (start + np.arange(n) * step - first) / coarse
        for start, n, step, first, coarse in zip(
            window.start, shape, window.stride, flow.start, flow.stride, strict=True
        )
    ]
    at = np.stack(np.meshgrid(*axes, indexing="ij"))
    coarser = [
        ndimage.map_coordinates(v, at, order=1, mode="nearest") for v in flow.vectors
    ]
    return np.asarray(np.stack(coarser) / per_cell, np.float32)


def _matched(
    window: _Cells, source: MatchingMap, expected: NDArray[np.float32], reach: int
) -> Flow:
    """Find the best match of each cell among those near to the expected one."""
    warped = _warped(window, source, expected, reach)
    offsets = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1)
    alike = _averaged(_averaged(likeness(window.array, warped), 1), 2)
    away = _PENALTY * np.hypot(*offsets).astype(np.float32)
    # Of likenesses, from -1 to 1, no power is too large for single precision.
    weight = alike - away[:, None, None]
    weight *= 1 / _TEMPERATURE
    np.exp(weight, out=weight)
    total = weight.sum(0)
    found = expected + np.tensordot(offsets.astype(np.float32), weight, 1) / total
    unlike = 1 - np.einsum("nhw,nhw->hw", alike, weight) / total
    in_pixels = found * np.asarray(window.stride, np.float32)[:, None, None]
    return Flow(in_pixels.astype(np.float32), window.start, window.stride, unlike)


def likeness(
    window: NDArray[np.float32], warped: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the products ``(n, rows, cols)`` of cells with those around their place.

    Parameters
    ----------
    window
        ``(rows, cols, C)``.
    warped
        The same with more cells on each side: n is the number of places of the first in
        the second, row by row.
    """
    rows, cols = window.shape[:2]
    side = len(warped) - rows + 1
    out = np.empty((side, side, rows, cols), np.float32)
    for left in range(0, cols, _TOGETHER):
        cells = window[:, None, left : left + _TOGETHER]
        count = cells.shape[2]
        around = sliding_window_view(warped[:, left : left + count + side - 1], side, 0)
        # Each row of cells with all of some rows: more than is wanted, in one product.
        every = cells @ around.transpose(0, 3, 2, 1)
        row, down, cell, right = every.strides
        out[..., left : left + count] = as_strided(
            every, (side, side, rows, count), (down, right, row, cell + right)
        )
    return out.reshape(side * side, rows, cols)


def _averaged(likeness: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Average cells and their neighbours along an axis; those at the edges repeat."""
    reach, size = _WINDOW // 2, likeness.shape[axis]
    sides = [(reach, reach) if n == axis else (0, 0) for n in range(3)]
    padded = np.moveaxis(np.pad(likeness, sides, mode="edge"), axis, 0)
    total = padded[:size] + padded[1 : size + 1]
    for first in range(2, _WINDOW):
        total += padded[first : first + size]
    total *= np.float32(1 / _WINDOW)
    return np.moveaxis(total, 0, axis)


def _warped(
    window: _Cells,
    source: MatchingMap,
    expected: NDArray[np.float32],
    reach: int,
) -> NDArray[np.float32]:
    """Return the source where it is expected, ``(rows, cols, C)``.

    There are `reach` more cells on each side.
    """
    side = ((0, 0), (reach, reach), (reach, reach))
    flow = np.pad(expected, side, mode="edge")
    rows, cols = flow.shape[1:]
    grid = np.mgrid[:rows, :cols] - reach + np.reshape(window.first, (2, 1, 1))
    at = grid + flow
    limits = np.reshape(source.shape, (2, 1, 1)) - 1
    low = np.clip(np.floor(at).astype(np.intp), 0, limits)
    high = np.minimum(low + 1, limits)
    down, right = np.clip(at - low, 0, 1).astype(np.float32)
    first, last = low.min((1, 2)), high.max((1, 2)) + 1
    part = source.part(slice(first[0], last[0]), slice(first[1], last[1]))
    low, high = low - first[:, None, None], high - first[:, None, None]
    flat, width = part.reshape(-1, part.shape[2]), part.shape[1]
    out = np.zeros((*down.shape, part.shape[2]), np.float32)
    corner = np.empty_like(out)
    for row, of_row in ((low[0], 1 - down), (high[0], down)):
        for col, of_col in ((low[1], 1 - right), (high[1], right)):
            weight = of_row * of_col
            if weight.any():
                np.take(flat, row * width + col, axis=0, out=corner, mode="clip")
                corner *= weight[..., None]
                out += corner
    return out
