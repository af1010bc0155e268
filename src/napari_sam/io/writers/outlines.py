"""Outlines of labels along the edges of their pixels, with holes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames

#: Steps of one pixel: right, down, left, up, as (row, col).
_STEPS = ((0, 1), (1, 0), (0, -1), (-1, 0))
#: More columns than any plane has.
_WIDEST = 2**31
#: Pixels of a plane that are looked at together.
_STRIP = 2**22


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


class Edges(NamedTuple):
    """Edges of pixels between an object and what is not: where each starts, and goes.

    Attributes
    ----------
    numbers
        The object on the right of each edge.
    rows, cols
        The corner of pixels that it starts at.
    directions
        Its index in `_STEPS`.
    """

    numbers: NDArray[np.generic]
    rows: NDArray[np.generic]
    cols: NDArray[np.generic]
    directions: NDArray[np.generic]


def outlines(labels: NDArray[np.generic]) -> Iterator[tuple[int, list[Outline]]]:
    """Yield each object of a label image with its outlines, in order of numbers.

    Pixels that touch only at a corner are separate parts, and rings never cross nor
    touch themselves, so that the polygons are valid for every program.
    """
    yield from _objects([_edges(np.pad(labels, 1), (0, 0))])


def outlines_of_plane(
    frames: Frames, plane: int
) -> Iterator[tuple[int, list[Outline]]]:
    """Yield the objects of a plane of labels, which is read strip by strip.

    Memory holds a strip, and the edges of the objects.
    """
    rows, cols = frames.plane_shape
    height = max(1, _STRIP // cols)
    found = []
    for top in range(0, rows, height):
        strip = Region(top, 0, min(top + height, rows), cols)
        if not frames.may_hold(plane, strip):
            continue
        above, below = min(top, 1), min(rows - strip.bottom, 1)
        around = Region(top - above, 0, strip.bottom + below, cols)
        rim = ((1 - above, 1 - below), (1, 1))
        found.append(_edges(np.pad(frames.read(plane, around), rim), (top, 0)))
    yield from _objects(found)


def outlines_of_mask(mask: NDArray[np.bool_], region: Region) -> list[Outline]:
    """Return the outlines of the mask of a region."""
    edges = _edges(np.pad(mask, 1), (region.top, region.left))
    return next((parts for _, parts in _objects([edges])), [])


def _objects(found: Sequence[Edges]) -> Iterator[tuple[int, list[Outline]]]:
    if not found:
        return
    edges = Edges(*(np.concatenate(parts) for parts in zip(*found, strict=True)))
    order = np.argsort(edges.numbers, kind="stable")
    numbers, starts = np.unique(edges.numbers[order], return_index=True)
    for number, own in zip(
        numbers.tolist(), np.split(order, starts[1:]), strict=bool(len(numbers))
    ):
        yield number, _outlines(Edges(*(part[own] for part in edges)))


def _outlines(edges: Edges) -> list[Outline]:
    """Return the parts of one object: each hole goes with the ring around it."""
    rings = _rings(edges)
    is_shell = [area(ring) > 0 for ring in rings]
    holes: dict[int, list[NDArray[np.int64]]] = {
        i: [] for i, shell in enumerate(is_shell) if shell
    }
    for ring, owner, shell in zip(
        rings, _shells(rings, is_shell), is_shell, strict=True
    ):
        if not shell:
            holes[owner].append(ring)
    return [Outline(rings[i], tuple(inner)) for i, inner in holes.items()]


def _shells(rings: Sequence[NDArray[np.int64]], is_shell: Sequence[bool]) -> list[int]:
    """Return the shell of each ring, by its index; rings are in order of first corners.

    The pixel above the first corner of a hole is of the part that the hole is in, and
    so is the side to its left. That belongs to a ring that begins further up.
    """
    shells = list(range(len(rings)))
    if all(is_shell):
        return shells
    sides, owners = _left_sides(rings)
    for i, ring in enumerate(rings):
        if not is_shell[i]:
            above = (int(ring[0, 0]) - 1) * _WIDEST + int(ring[0, 1])
            shells[i] = shells[owners[int(sides.searchsorted(above, "right")) - 1]]
    return shells


def _left_sides(
    rings: Sequence[NDArray[np.int64]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the left sides of pixels, by rows and columns, and the ring of each."""
    begin = np.concatenate([ring[:-1] for ring in rings])
    end = np.concatenate([ring[1:] for ring in rings])
    ring_of = np.repeat(np.arange(len(rings)), [len(ring) - 1 for ring in rings])
    height = np.maximum(begin[:, 0] - end[:, 0], 0)  # those to the left go up
    first = np.repeat(end[:, 0] - (np.cumsum(height) - height), height)
    rows = first + np.arange(int(height.sum()))
    keys = rows * _WIDEST + np.repeat(begin[:, 1], height)
    order = np.argsort(keys)
    return keys[order], np.repeat(ring_of, height)[order]


def area(ring: NDArray[np.int64] | NDArray[np.float64]) -> float:
    """Return the area in a ring; positive if, on the screen, it runs clockwise."""
    row, col = ring[:, 0], ring[:, 1]
    return float(np.sum(col[:-1] * row[1:] - col[1:] * row[:-1])) / 2


def _rings(edges: Edges) -> list[NDArray[np.int64]]:
    """Return the simple closed rings of an object, each from its first corner.

    Where two pixels touch at a corner, a ring stays with its pixel: it is then of one
    connected part. Where it comes to a corner again, a hole touches the outside.
    """
    outgoing: dict[tuple[int, int], list[int]] = {}
    corners = zip(edges.rows.tolist(), edges.cols.tolist(), strict=True)
    for at, direction in zip(corners, edges.directions.tolist(), strict=True):
        outgoing.setdefault(at, []).append(direction)
    rings = []
    for start in sorted(outgoing):
        while start in outgoing:
            rings += _split(_ring(outgoing, start))
    return [np.array(ring, np.int64) for ring in sorted(rings)]


def _ring(
    outgoing: dict[tuple[int, int], list[int]], start: tuple[int, int]
) -> list[tuple[int, int]]:
    """Take the corners of a ring of edges out of those there are."""
    here, direction = start, outgoing[start][0]
    corners: list[tuple[int, int]] = []
    while True:
        options = outgoing[here]
        step = options[0] if len(options) == 1 else (direction + 1) % 4
        if not corners or step != direction:
            corners.append(here)
        options.remove(step)
        if not options:
            del outgoing[here]
        direction = step
        here = (here[0] + _STEPS[step][0], here[1] + _STEPS[step][1])
        if here == start:
            return corners


def _split(corners: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Return simple closed rings of one that comes to some corners twice."""
    rings, path = [], list[tuple[int, int]]()
    at: dict[tuple[int, int], int] = {}
    for corner in corners:
        if corner in at:
            begin = at[corner]
            rings.append(path[begin:])
            for gone in path[begin:]:
                del at[gone]
            del path[begin:]
        at[corner] = len(path)
        path.append(corner)
    rings.append(path)
    return [_from_first(ring) for ring in rings]


def _from_first(ring: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Close a ring, beginning at its first corner."""
    first = ring.index(min(ring))
    return [*ring[first:], *ring[: first + 1]]


def _edges(padded: NDArray[np.generic], origin: tuple[int, int]) -> Edges:
    """Return the edges of a window of labels, which has one more pixel on each side."""
    inside = padded[1:-1, 1:-1]
    outward = (padded[:-2, 1:-1], padded[1:-1, 2:], padded[2:, 1:-1], padded[1:-1, :-2])
    begin = ((0, 0), (0, 1), (1, 1), (1, 0))
    found = []
    for direction, (beyond, (down, right)) in enumerate(
        zip(outward, begin, strict=True)
    ):
        rows, cols = np.nonzero((inside != beyond) & (inside != 0))
        numbers = inside[rows, cols].astype(np.int64)
        rows, cols = rows + (down + origin[0]), cols + (right + origin[1])
        turned = np.full(len(rows), direction, np.int8)
        found.append(
            Edges(numbers, rows.astype(np.int32), cols.astype(np.int32), turned)
        )
    return Edges(*(np.concatenate(parts) for parts in zip(*found, strict=True)))
