"""Outlines of labels along the edges of their pixels, with holes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

#: Steps of one pixel: right, down, left, up, as (row, col).
_STEPS = ((0, 1), (1, 0), (0, -1), (-1, 0))


class Outline(NamedTuple):
    """Outline of one connected part of an object.

    Attributes
    ----------
    shell
        Its outer ring: corners of pixels ``(n, 2)`` as ``(row, col)``, the first
        repeated at the end; ``(0, 0)`` is the corner of the image. On the screen it
        runs clockwise.
    holes
        Inner rings, counter-clockwise.
    """

    shell: NDArray[np.int64]
    holes: tuple[NDArray[np.int64], ...]


def outlines(labels: NDArray[np.generic]) -> Iterator[tuple[int, list[Outline]]]:
    """Yield each object of a label image with its outlines, in order of numbers.

    Pixels that touch only at a corner are separate parts, and rings never cross nor
    touch themselves, so that the polygons are valid for every program.
    """
    numbers, dense = np.unique(labels, return_inverse=True)
    dense = dense.reshape(labels.shape) + 1
    for number, where in zip(numbers, ndimage.find_objects(dense), strict=True):
        if number == 0 or where is None:
            continue
        mask = labels[where] == number
        origin = np.array([where[0].start, where[1].start])
        yield int(number), [_moved(part, origin) for part in _connected_parts(mask)]


def _moved(part: Outline, by: NDArray[np.int64]) -> Outline:
    return Outline(part.shell + by, tuple(hole + by for hole in part.holes))


def _connected_parts(mask: NDArray[np.bool_]) -> Iterator[Outline]:
    parts, _ = ndimage.label(mask)
    for number, where in enumerate(ndimage.find_objects(parts), start=1):
        rings = _rings(parts[where] == number)
        rings.sort(key=area, reverse=True)
        origin = np.array([where[0].start, where[1].start])
        yield _moved(Outline(rings[0], tuple(rings[1:])), origin)


def area(ring: NDArray[np.int64] | NDArray[np.float64]) -> float:
    """Return the area in a ring; positive if, on the screen, it runs clockwise."""
    row, col = ring[:, 0], ring[:, 1]
    return float(np.sum(col[:-1] * row[1:] - col[1:] * row[:-1])) / 2


def _rings(mask: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Return the closed rings of edges of a mask; the object is on their right."""
    outgoing = _edges(mask)
    rings = []
    while outgoing:
        start = min(outgoing)
        here, direction = start, outgoing[start][0]
        corners: list[tuple[int, int]] = []
        while True:
            options = outgoing[here]
            sharpest = direction if len(options) == 1 else (direction - 1) % 4
            step = options[0] if len(options) == 1 else sharpest
            if not corners or step != direction:
                corners.append(here)
            options.remove(step)
            if not options:
                del outgoing[here]
            direction = step
            here = (here[0] + _STEPS[step][0], here[1] + _STEPS[step][1])
            if here == start:
                break
        rings.append(np.array([*corners, corners[0]], np.int64))
    return rings


def _edges(mask: NDArray[np.bool_]) -> dict[tuple[int, int], list[int]]:
    """Return the directions of the edges that start at each corner."""
    padded = np.pad(mask, 1)
    inside = padded[1:-1, 1:-1]
    outward = (padded[:-2, 1:-1], padded[1:-1, 2:], padded[2:, 1:-1], padded[1:-1, :-2])
    begin = ((0, 0), (0, 1), (1, 1), (1, 0))
    outgoing: dict[tuple[int, int], list[int]] = {}
    for direction, (beyond, (down, right)) in enumerate(
        zip(outward, begin, strict=True)
    ):
        rows, cols = np.nonzero(inside & ~beyond)
        for at in zip((rows + down).tolist(), (cols + right).tolist(), strict=True):
            outgoing.setdefault(at, []).append(direction)
    return outgoing
