"""Basins of a watershed, merged where the dip between them is not deep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Steps to half of the eight neighbours of a pixel: the others are the same pairs.
_STEPS = ((0, 1), (1, 0), (1, 1), (1, -1))


def saddles(basins: NDArray[np.int32], levels: NDArray[np.int16]) -> NDArray[np.int64]:
    """Return where basins that touch meet: the highest level on the way across.

    Parameters
    ----------
    basins
        Labels ``(y, x)``; 0 is no basin.
    levels
        Height of each pixel.

    Returns
    -------
    array
        ``(n, 3)``: the level, and the labels of both, the highest first.
    """
    found = [np.zeros((0, 3), np.int64)]
    for down, right in _STEPS:
        here, there = _shifted(down, right)
        one, other = basins[here], basins[there]
        at = np.nonzero((one != other) & (one > 0) & (other > 0))
        level = np.minimum(levels[here][at], levels[there][at])
        pair = np.sort([one[at], other[at]], axis=0)
        found.append(np.column_stack([level, *pair]).astype(np.int64))
    every = np.concatenate(found)
    every = every[np.lexsort((every[:, 2], every[:, 1], -every[:, 0]))]
    _, first = np.unique(every[:, 1:], axis=0, return_index=True)
    return every[np.sort(first)]


def merged_basins(
    peaks: NDArray[np.int16], meeting: NDArray[np.int64], step: int
) -> NDArray[np.int32]:
    """Merge basins whose peak is at most a step above where they meet a higher one.

    Parameters
    ----------
    peaks
        Highest level of each basin, by its label.
    meeting
        As `saddles` gives it.
    step
        In levels.

    Returns
    -------
    array
        The label of what each basin becomes part of, by its label.
    """
    height = [int(peak) for peak in peaks]
    parts, islands = list(range(len(peaks))), list(range(len(peaks)))
    for level, one, other in meeting.tolist():
        low, high = _root(islands, one), _root(islands, other)
        if low == high:
            continue
        if height[low] > height[high]:
            low, high, one, other = high, low, other, one
        # An island of several parts rises above all its own saddles by more.
        if height[low] - level <= step:
            parts[_root(parts, one)] = _root(parts, other)
        islands[low] = high
    return np.array([_root(parts, k) for k in range(len(parts))], np.int32)


def _shifted(down: int, right: int) -> tuple[tuple[slice, slice], ...]:
    """Return slices of all pixels with a neighbour, and of these neighbours."""
    above, below = slice(None, -down or None), slice(down, None)
    before, after = slice(None, -abs(right) or None), slice(abs(right), None)
    if right < 0:
        before, after = after, before
    return (above, before), (below, after)


def _root(above: list[int], k: int) -> int:
    """Follow a tree up to its root, and halve the way for the next."""
    while above[k] != k:
        above[k] = k = above[above[k]]
    return k
