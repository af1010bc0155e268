"""Likeness of cells of one frame to those of another, and the best match of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import as_strided

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Cells on each side whose likenesses are averaged: single ones are ambiguous.
CONTEXT = 2
#: Likeness that a match of one cell farther away must have more.
_PENALTY = 0.01
#: Softness of the choice between matches.
_TEMPERATURE = 0.02
#: Cells of a row that are compared in one product with all that are near to them.
_TOGETHER = 8
#: Rows that are matched at a time: what they take stays in a processor's cache.
_ROWS = 32


def best_matches(
    cells: NDArray[np.float32], around: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return where cells match best, and how unlike they are there.

    Parameters
    ----------
    cells
        Features ``(rows, cols, C)`` of length 1.
    around
        The same of the other frame, with as many more cells on each side as a match
        may be away.

    Returns
    -------
    tuple
        How far away the matches are ``(2, rows, cols)``, in rows and columns of cells:
        the mean of all places, weighted by their likeness. And how unlike they are
        ``(rows, cols)``, from 0.
    """
    count, reach = len(cells), (len(around) - len(cells)) // 2
    away = np.empty((2, *cells.shape[:2]), np.float32)
    unlike = np.empty(cells.shape[:2], np.float32)
    for top in range(0, count, _ROWS):
        bottom = min(top + _ROWS, count)
        first, last = max(top - CONTEXT, 0), min(bottom + CONTEXT, count)
        near = around[first : last + 2 * reach]
        alike = _sums(likeness(cells[first:last], near, sides=CONTEXT), 2)
        # The first and the last rows of all repeat.
        rows = np.arange(top - CONTEXT, bottom + CONTEXT).clip(0, count - 1) - first
        alike = _sums(alike[:, rows], 1)
        alike *= np.float32(1 / (2 * CONTEXT + 1) ** 2)
        away[:, top:bottom], unlike[top:bottom] = _chosen(alike, reach)
    return away, unlike


def _chosen(
    alike: NDArray[np.float32], reach: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Choose among places softly, by likenesses ``(n, rows, cols)``."""
    offsets = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1)
    offsets = offsets.astype(np.float32)
    penalty = (_PENALTY / _TEMPERATURE) * np.hypot(*offsets)
    # Of likenesses, from -1 to 1, no power is too large for single precision.
    weight = alike * np.float32(1 / _TEMPERATURE)
    weight -= penalty[:, None, None]
    np.exp(weight, out=weight)
    total = weight.sum(0)
    away = np.tensordot(offsets, weight, 1) / total
    weight *= alike
    return away, 1 - weight.sum(0) / total


def likeness(
    cells: NDArray[np.float32], around: NDArray[np.float32], *, sides: int = 0
) -> NDArray[np.float32]:
    """Return the products ``(n, rows, cols)`` of cells with those around their place.

    Parameters
    ----------
    cells
        ``(rows, cols, C)``.
    around
        The same with more cells on each side: n is the number of places of the first in
        the second, row by row.
    sides
        How often to repeat the first and the last column.
    """
    rows, cols, channels = cells.shape
    side = len(around) - rows + 1
    out = np.empty((side, side, rows, cols + 2 * sides), np.float32)
    for left in range(0, cols, _TOGETHER):
        some = cells[:, left : left + _TOGETHER]
        count = some.shape[1]
        wide = count + side - 1
        near = np.ascontiguousarray(around[:, left : left + wide])
        line, cell, channel = near.strides
        lines = as_strided(near, (rows, channels, side * wide), (line, channel, cell))
        # Each row of cells with all of some rows: more than is wanted, in one product.
        every = some @ lines
        row, cell, right = every.strides
        out[..., sides + left : sides + left + count] = as_strided(
            every, (side, side, rows, count), (wide * right, right, row, cell + right)
        )
    out[..., :sides] = out[..., sides : sides + 1]
    out[..., sides + cols :] = out[..., sides + cols - 1 : sides + cols]
    return out.reshape(side * side, rows, cols + 2 * sides)


def _sums(alike: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Add up windows along an axis: there are as many fewer as a window has more."""
    lines = np.moveaxis(alike, axis, 0)
    count = len(lines) - 2 * CONTEXT
    total = lines[:count] + lines[1 : count + 1]
    for first in range(2, 2 * CONTEXT + 1):
        total += lines[first : first + count]
    return np.moveaxis(total, 0, axis)
