"""Flow by matching features of a backend, from a coarse level to a fine one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
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


def normalised(features: FeatureMap) -> FeatureMap:
    """Return features of mean 0 and length 1, so that products are likenesses."""
    array = np.asarray(features.array, np.float32)
    array = array - array.mean((1, 2), keepdims=True)
    length = np.sqrt(np.einsum("chw,chw->hw", array, array))
    return features._replace(array=array / (length + 1e-6))


def feature_flow(
    target: Sequence[FeatureMap],
    source: Sequence[FeatureMap],
    region: Region,
    expected: tuple[float, float],
) -> Flow:
    """Return where the pixels of a region of the target frame were on the source frame.

    Parameters
    ----------
    target, source
        Features of both frames as `normalised` returns them, coarsest first.
    region
        In pixels of the tile.
    expected
        Flow in rows and columns to begin with, in pixels: minus the drift.
    """
    flow: Flow | None = None
    for new, old in zip(target, source, strict=True):
        window = _window(new, region)
        start = _expected(flow, window, expected)
        reach = _FAR if flow is None else _NEAR
        flow = _matched(window, old, start, reach)
    assert flow is not None
    return flow


class _Cells(NamedTuple):
    """The cells of a region, and where they lie."""

    array: NDArray[np.float32]
    first: tuple[int, int]
    stride: tuple[float, float]

    @property
    def start(self) -> tuple[float, float]:
        """Row and column of the middle of the first cell, in pixels."""
        (top, left), (down, right) = self.first, self.stride
        return (top + 0.5) * down - 0.5, (left + 0.5) * right - 0.5


def _window(features: FeatureMap, region: Region) -> _Cells:
    down, right = features.stride
    rows, cols = features.array.shape[1:]
    top, left = int(region.top / down), int(region.left / right)
    bottom = min(int(np.ceil(region.bottom / down)), rows)
    after = min(int(np.ceil(region.right / right)), cols)
    top, left = min(top, rows - 1), min(left, cols - 1)
    part = features.array[:, top : max(bottom, top + 1), left : max(after, left + 1)]
    return _Cells(part, (top, left), features.stride)


def _expected(
    flow: Flow | None, window: _Cells, drift: tuple[float, float]
) -> NDArray[np.float32]:
    """Return the expected flow of each cell of a window, in cells."""
    shape = window.array.shape[1:]
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
    window: _Cells, source: FeatureMap, expected: NDArray[np.float32], reach: int
) -> Flow:
    """Find the best match of each cell among those near to the expected one."""
    rows, cols = window.array.shape[1:]
    warped = _warped(window, source.array, expected, reach)
    offsets = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1)
    likeness = np.empty((offsets.shape[1], rows, cols), np.float32)
    for i, (down, right) in enumerate((offsets + reach).T):
        shifted = warped[:, down : down + rows, right : right + cols]
        np.einsum("chw,chw->hw", window.array, shifted, out=likeness[i])
    for axis in (1, 2):
        ndimage.uniform_filter1d(
            likeness, _WINDOW, axis, output=likeness, mode="nearest"
        )
    away = np.hypot(*offsets).astype(np.float32)
    weight = likeness - _PENALTY * away[:, None, None]
    weight -= weight.max(0)
    weight *= 1 / _TEMPERATURE
    np.exp(weight, out=weight)
    weight /= weight.sum(0)
    found = expected + np.tensordot(offsets.astype(np.float32), weight, 1)
    unlike = 1 - np.einsum("nhw,nhw->hw", likeness, weight)
    in_pixels = found * np.asarray(window.stride, np.float32)[:, None, None]
    return Flow(in_pixels.astype(np.float32), window.start, window.stride, unlike)


def _warped(
    window: _Cells,
    source: NDArray[np.float32],
    expected: NDArray[np.float32],
    reach: int,
) -> NDArray[np.float32]:
    """Return the source where it is expected, with `reach` more cells on each side."""
    side = ((0, 0), (reach, reach), (reach, reach))
    flow = np.pad(expected, side, mode="edge")
    rows, cols = flow.shape[1:]
    grid = np.mgrid[:rows, :cols] - reach + np.reshape(window.first, (2, 1, 1))
    at = grid + flow
    limits = np.reshape(source.shape[1:], (2, 1, 1)) - 1
    low = np.clip(np.floor(at).astype(np.intp), 0, limits)
    high = np.minimum(low + 1, limits)
    down, right = np.clip(at - low, 0, 1).astype(np.float32)
    flat, width = source.reshape(len(source), -1), source.shape[2]
    out = np.zeros((len(source), *down.shape), np.float32)
    for row, of_row in ((low[0], 1 - down), (high[0], down)):
        for col, of_col in ((low[1], 1 - right), (high[1], right)):
            weight = of_row * of_col
            if weight.any():
                corner = np.take(flat, row * width + col, axis=1)
                corner *= weight
                out += corner
    return out
