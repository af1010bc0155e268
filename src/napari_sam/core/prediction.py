"""An answer: a mask kept as low-resolution logits until somebody looks at it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import PromptError
from napari_sam.core.tiling import Region

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Prediction:
    """One mask, still as logits, and how sure the model is of it.

    The grid of logits starts at the top-left edge of `tile`, and each of its cells
    spans `stride` pixels. Pixel ``(r, c)`` of the tile reads the grid bilinearly at
    ``((r + 0.5) / stride - 0.5, ...)``, and belongs to the object where that exceeds
    `threshold`. Only the part of the tile that holds the mask is ever upsampled.

    Attributes
    ----------
    logits
        Low-resolution logits, float32.
    score
        The model's own estimate of the mask's IoU.
    tile
        What the grid covers, in pixels of the plane. It may end before the grid does.
    stride
        Rows and columns of the plane per cell.
    threshold
        Logits above this are the object.
    others
        Further candidates, best first.
    """

    logits: NDArray[np.float32]
    score: float
    tile: Region
    stride: tuple[float, float] = (1.0, 1.0)
    threshold: float = 0.0
    others: tuple[Prediction, ...] = ()

    def __repr__(self) -> str:
        if not self.area:
            return f"Prediction(empty, score={self.score:.2f})"
        return f"Prediction({self.area} pixels in {self.region}, {self.score:.2f})"

    @property
    def mask(self) -> NDArray[np.bool_]:
        """True inside the object; covers `region`, not the whole plane."""
        return self._found[1]

    @property
    def region(self) -> Region:
        """The smallest rectangle that holds the mask, in pixels of the plane."""
        return self._found[0]

    @cached_property
    def area(self) -> int:
        """Pixels in the mask."""
        return int(np.count_nonzero(self.mask))

    @property
    def candidates(self) -> tuple[Prediction, ...]:
        """Itself and the others, best first."""
        return (self, *self.others)

    def chosen(self, index: int) -> Prediction:
        """Put the `index`-th candidate first."""
        if not 0 <= index < len(self.candidates):
            raise PromptError(
                f"Candidate {index} was chosen, but there are {len(self.candidates)}, "
                "counted from 0. Only a single click has several."
            )
        best = replace(self.candidates[index], others=())
        rest = (c for i, c in enumerate(self.candidates) if i != index)
        return replace(best, others=tuple(replace(c, others=()) for c in rest))

    def placed(self, rows: int, cols: int) -> Prediction:
        """Move from tile to plane coordinates."""
        others = tuple(o.placed(rows, cols) for o in self.others)
        return replace(self, tile=self.tile.shifted(rows, cols), others=others)

    def with_threshold(self, threshold: float) -> Prediction:
        """Ask for more (lower) or less (higher) of the object."""
        others = tuple(o.with_threshold(threshold) for o in self.others)
        return replace(self, threshold=threshold, others=others)

    def full(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Return the mask on a whole plane of `shape`."""
        plane = np.zeros(shape, bool)
        plane[self.region.slices] = self.mask
        return plane

    @cached_property
    def _found(self) -> tuple[Region, NDArray[np.bool_]]:
        near = self._neighbourhood()
        if near is not None:
            mask = _upsample(self.logits, near, self.stride) > self.threshold
            rows, cols = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            if rows.size:
                tight = Region(
                    int(rows[0]), int(cols[0]), int(rows[-1]) + 1, int(cols[-1]) + 1
                )
                mask = np.ascontiguousarray(mask[tight.slices])
                region = tight.shifted(near.top, near.left)
                return region.shifted(self.tile.top, self.tile.left), mask
        top, left = self.tile.top, self.tile.left
        return Region(top, left, top, left), np.zeros((0, 0), bool)

    def _neighbourhood(self) -> Region | None:
        """Pixels of the tile that can reach a cell above the threshold."""
        above = self.logits > self.threshold
        rows, cols = np.flatnonzero(above.any(1)), np.flatnonzero(above.any(0))
        if not rows.size:
            return None
        (height, width), (down, right) = self.tile.shape, self.stride
        near = Region(
            max(int((rows[0] - 0.5) * down) - 1, 0),
            max(int((cols[0] - 0.5) * right) - 1, 0),
            min(int((rows[-1] + 1.5) * down) + 2, height),
            min(int((cols[-1] + 1.5) * right) + 2, width),
        )
        near = _up_to_edges(near, above.shape, rows, cols, (height, width))
        return near if min(near.shape) > 0 else None


def _up_to_edges(
    near: Region,
    grid: tuple[int, ...],
    rows: NDArray[np.intp],
    cols: NDArray[np.intp],
    tile: tuple[int, int],
) -> Region:
    """Where the grid ends before the tile does, its last cells reach to the edge."""
    return replace(
        near,
        bottom=tile[0] if rows[-1] == grid[0] - 1 else near.bottom,
        right=tile[1] if cols[-1] == grid[1] - 1 else near.right,
    )


def _taps(
    start: int, stop: int, stride: float, cells: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """For pixels along one side: the two cells to blend, and the second's weight."""
    at = (np.arange(start, stop) + 0.5) / stride - 0.5
    at = np.clip(at, 0, cells - 1)
    low = at.astype(np.intp)
    high = np.minimum(low + 1, cells - 1)
    return low, high, (at - low).astype(np.float32)


def _upsample(
    grid: NDArray[np.float32], region: Region, stride: tuple[float, float]
) -> NDArray[np.float32]:
    """Bilinear values of `grid` at the pixels of `region`, one axis after the other."""
    if stride == (1.0, 1.0) and grid.shape >= (region.bottom, region.right):
        return grid[region.slices]
    low, high, weight = _taps(region.top, region.bottom, stride[0], grid.shape[0])
    left, right, across = _taps(region.left, region.right, stride[1], grid.shape[1])
    first, last = left[0], right[-1] + 1
    part = grid[:, first:last].astype(np.float32, copy=False)
    down = part[low] + (part[high] - part[low]) * weight[:, None]
    down_T = np.ascontiguousarray(down.T)
    left, right = left - first, right - first
    out = down_T[left] + (down_T[right] - down_T[left]) * across[:, None]
    return np.asarray(out.T)
