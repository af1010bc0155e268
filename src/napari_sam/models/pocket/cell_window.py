"""Windows of stride-16 cells: the part of a tile that masks are decoded in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from napari_sam.models.pocket.config import BOTTOM_RIGHT, POSITIVE, TOP_LEFT

if TYPE_CHECKING:
    from collections.abc import Sequence


class CellWindow(NamedTuple):
    """Half-open rectangle of stride-16 cells."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def around(cls, cells: Tensor) -> CellWindow:
        """Smallest window that holds every true cell of ``(H, W)``, of one at least."""
        rows, cols = cells.any(1).nonzero(), cells.any(0).nonzero()
        return cls(int(rows[0]), int(cols[0]), int(rows[-1]) + 1, int(cols[-1]) + 1)

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

    def around_by(self, cells: int, grid: Sequence[int]) -> CellWindow:
        """Grow on every side, to a multiple of `STEP` cells, within the grid.

        Prompts whose windows have one shape are decoded together: so few shapes are
        better. At an edge of the grid the window is moved, not cut.
        """
        rows = _side(self.bottom - self.top + 2 * cells, grid[0])
        cols = _side(self.right - self.left + 2 * cells, grid[1])
        top = min(max((self.top + self.bottom - rows) // 2, 0), grid[0] - rows)
        left = min(max((self.left + self.right - cols) // 2, 0), grid[1] - cols)
        return CellWindow(top, left, top + rows, left + cols)


#: Sides of windows are multiples of so many cells.
STEP = 4


def _side(cells: int, most: int) -> int:
    return min(-(-cells // STEP) * STEP, most)


#: Cells that share an edge or a corner hang together.
_NEIGHBOURS = np.ones((3, 3), bool)
#: Cells where the first map is above this may belong to the object. Lower takes in more
#: of the view and up to twice the time, for less than 0.001 of mean IoU.
POSSIBLE = -1.0


def object_cells(where: Tensor, xy: Tensor, kinds: Tensor) -> Tensor:
    """Return which cells may belong to an object, ``(H, W)``.

    Its masks at stride 16 are ``(M, H, W)``, its points ``(P, 2)`` of kinds ``(P,)``.
    These are the cells pointed at, those of the box, the cells above `POSSIBLE` that
    hang together with them, and two more all around. A likeness elsewhere in the
    image is not this object.
    """
    cells = (where > POSSIBLE).any(0)
    found = _pointed_at(cells.shape, xy, kinds)
    # A few thousand cells: to follow them step by step takes a hundred calls of torch,
    # and on a GPU as many waits.
    together = ndimage.binary_propagation(
        found.cpu().numpy(), _NEIGHBOURS, mask=(cells | found).cpu().numpy()
    )
    near = ndimage.binary_dilation(together, _NEIGHBOURS, iterations=2)
    return torch.from_numpy(near).to(where.device)


def cells_at(xy: Tensor, grid: Sequence[int]) -> Tensor:
    """Column and row of the cell that each point ``(P, 2)`` lies in, or is nearest."""
    limits = xy.new_tensor([grid[1] - 1, grid[0] - 1])
    return torch.minimum((xy / 16).floor().clamp(min=0), limits).long()


def _pointed_at(grid: Sequence[int], xy: Tensor, kinds: Tensor) -> Tensor:
    """Cells of positive points and boxes, of all points if there are none."""
    at = cells_at(xy, grid)
    found = torch.zeros(*grid, dtype=torch.bool, device=xy.device)
    positive = at[kinds == POSITIVE]
    found[positive[:, 1], positive[:, 0]] = True
    corners = at[(kinds == TOP_LEFT) | (kinds == BOTTOM_RIGHT)]
    if len(corners):
        (left, top), (right, bottom) = corners.amin(0), corners.amax(0)
        found[top : bottom + 1, left : right + 1] = True
    elif not len(positive):
        found[at[:, 1], at[:, 0]] = True
    return found
