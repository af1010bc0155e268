"""Windows of stride-16 cells: the part of a tile that masks are decoded in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage

from napari_sam.core.geometry.region import Region
from napari_sam.models.pocket.config import BOTTOM_RIGHT, POSITIVE, TOP_LEFT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor


#: Sides of windows are multiples of so many cells.
STEP = 4


class CellWindow(NamedTuple):
    """Half-open rectangle of stride-16 cells."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def around(cls, cells: NDArray[np.bool_], per: int = 1) -> CellWindow:
        """Smallest window that holds every true cell of ``(H, W)``, of one at least.

        The cells may be `per` times as fine as those of the window.
        """
        fine = Region.around(cells)
        first = fine.top // per, fine.left // per
        return cls(*first, -(-fine.bottom // per), -(-fine.right // per))

    def at(self, factor: int) -> tuple[slice, slice]:
        """Slices of an array `factor` times as fine."""
        return (
            slice(self.top * factor, self.bottom * factor),
            slice(self.left * factor, self.right * factor),
        )

    def shifted(self, rows: int, cols: int) -> CellWindow:
        """Move, e.g. to count from a larger window's corner."""
        return CellWindow(
            self.top + rows, self.left + cols, self.bottom + rows, self.right + cols
        )

    def around_by(
        self, cells: int, grid: Sequence[int], step: int = STEP
    ) -> CellWindow:
        """Grow on every side, to a multiple of `step` cells, within the grid.

        Prompts whose windows have one shape are decoded together: so few shapes are
        better. At an edge of the grid the window is moved, not cut.
        """
        rows = _side(self.bottom - self.top + 2 * cells, grid[0], step)
        cols = _side(self.right - self.left + 2 * cells, grid[1], step)
        top = min(max((self.top + self.bottom - rows) // 2, 0), grid[0] - rows)
        left = min(max((self.left + self.right - cols) // 2, 0), grid[1] - cols)
        return CellWindow(top, left, top + rows, left + cols)


def _side(cells: int, most: int, step: int) -> int:
    return min(-(-cells // step) * step, most)


#: Cells that share an edge or a corner hang together.
_NEIGHBOURS = np.ones((3, 3), bool)
#: Cells where the first map is above this may belong to the object. Lower takes in more
#: of the view and up to twice the time, for less than 0.001 of mean IoU.
POSSIBLE = -1.0


def object_cells(where: Tensor, xy: Tensor, kinds: Tensor) -> NDArray[np.bool_]:
    """Return which cells may belong to an object, ``(H, W)``.

    Its masks at stride 16 are ``(M, H, W)``, its points ``(P, 2)`` of kinds ``(P,)``.
    These are the cells pointed at, those of the box, the cells above `POSSIBLE` that
    hang together with them, and two more all around. A likeness elsewhere in the
    image is not this object.
    """
    # A few hundred cells: a step of torch takes longer than all of them, and a wait on
    # a GPU.
    possible = (where.cpu().numpy() > POSSIBLE).any(0)
    found = _pointed_at(possible.shape, xy.cpu().numpy(), kinds.cpu().numpy())
    labels, count = ndimage.label(possible | found, _NEIGHBOURS)
    hit = np.zeros(count + 1, bool)
    hit[labels[found]] = True
    return _grown(hit[labels])


def _grown(cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the cells, and those up to two away."""
    near = cells.copy()
    for n in (1, 2):
        near[n:] |= cells[:-n]
        near[:-n] |= cells[n:]
    found = near.copy()
    for n in (1, 2):
        found[:, n:] |= near[:, :-n]
        found[:, :-n] |= near[:, n:]
    return found


def cells_at(xy: NDArray[np.float32], grid: Sequence[int]) -> NDArray[np.intp]:
    """Column and row of the cell that each point ``(P, 2)`` lies in, or is nearest."""
    return np.clip(np.floor(xy / 16), 0, (grid[1] - 1, grid[0] - 1)).astype(np.intp)


def _pointed_at(
    grid: Sequence[int], xy: NDArray[np.float32], kinds: NDArray[np.integer]
) -> NDArray[np.bool_]:
    """Cells of positive points and boxes, of all points if there are none."""
    at = cells_at(xy, grid)
    found = np.zeros(grid, bool)
    positive = at[kinds == POSITIVE]
    found[positive[:, 1], positive[:, 0]] = True
    corners = at[(kinds == TOP_LEFT) | (kinds == BOTTOM_RIGHT)]
    if len(corners):
        (left, top), (right, bottom) = corners.min(0), corners.max(0)
        found[top : bottom + 1, left : right + 1] = True
    elif not len(positive):
        found[at[:, 1], at[:, 0]] = True
    return found
