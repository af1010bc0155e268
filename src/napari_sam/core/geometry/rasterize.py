"""Rasterizing prompts: what polygons, masks and scribbles cover. numpy only."""

from __future__ import annotations

from math import ceil, hypot
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.geometry.resampling import bordered, dilate
from napari_sam.core.prompts.items import (
    Box,
    MaskPrompt,
    Point,
    Polygon,
    Scribble,
    bounds,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.prompts.items import Path, Prompt

#: Inside a polygon or a mask, at most this many points are sampled.
_MAX_POINTS_INSIDE = 5
#: Along a scribble, at most this many.
_MAX_POINTS_ALONG = 8
#: A shape is sampled on a grid of at most this many cells a side.
_SAMPLES = 32
#: A cell of a mask input is sampled at this many positions a side.
_SUBCELLS = 3


def inside(
    shape: Polygon | MaskPrompt, rows: NDArray[np.float64], cols: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether the positions ``rows x cols`` lie in a shape (even-odd rule)."""
    if isinstance(shape, MaskPrompt):
        region = shape.mask.region
        i = np.floor(rows + 0.5).astype(int) - region.top
        j = np.floor(cols + 0.5).astype(int) - region.left
        height, width = region.shape
        index = np.ix_(np.clip(i, 0, height - 1), np.clip(j, 0, width - 1))
        on = ((i >= 0) & (i < height))[:, None] & (j >= 0) & (j < width)
        return np.asarray(shape.array[index] & on)
    start = np.asarray(shape.vertices)
    stop = np.roll(start, -1, axis=0)
    out = np.zeros((len(rows), len(cols)), bool)
    for line, row in zip(out, rows, strict=True):
        cut = (start[:, 0] > row) != (stop[:, 0] > row)
        a, b = start[cut], stop[cut]
        at = a[:, 1] + (row - a[:, 0]) / (b[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])
        line[:] = np.searchsorted(np.sort(at), cols) % 2 == 1
    return out


def coverage(
    shape: Polygon | MaskPrompt, plane: tuple[int, int], grid: tuple[int, int]
) -> tuple[tuple[slice, slice], NDArray[np.float64]]:
    """Share of each cell of a grid spanning the plane that a shape covers.

    Returns
    -------
    tuple
        Rows and columns of cells, of which others are not covered, and their shares.
    """
    if isinstance(shape, MaskPrompt):
        region = shape.mask.region
        tall, down = _overlap(region.top, region.shape[0], plane[0], grid[0])
        wide, across = _overlap(region.left, region.shape[1], plane[1], grid[1])
        return (tall, wide), down @ shape.array @ across.T
    return (slice(0, grid[0]), slice(0, grid[1])), _sampled(shape, plane, grid)


def _sampled(
    shape: Polygon, plane: tuple[int, int], grid: tuple[int, int]
) -> NDArray[np.float64]:
    """Share of each cell that a polygon covers, by positions in it."""
    rows, cols = (
        _centres(0, p, g * _SUBCELLS) for p, g in zip(plane, grid, strict=True)
    )
    fine = inside(shape, rows, cols).reshape(grid[0], _SUBCELLS, grid[1], _SUBCELLS)
    share = fine.mean((1, 3))
    if not share.any():
        at = np.add(_middle(shape), 0.5) * grid / plane
        if (at >= 0).all() and (at < grid).all():
            share[tuple(at.astype(int))] = 1 / _SUBCELLS**2
    return np.asarray(share)


def rasterize_line(
    path: Path, plane: tuple[int, int], grid: tuple[int, int]
) -> NDArray[np.bool_]:
    """Cells of a grid spanning the plane under a line three cells wide."""
    out = np.zeros((grid[0] + 4, grid[1] + 4), bool)
    pieces = _on_plane(path, plane)
    scale = grid[0] / plane[0], grid[1] / plane[1]
    steps = ceil(2 * _length(pieces, scale)) + 1 if len(pieces) else 0
    at = _along(pieces, np.linspace(0, 1, steps))
    cells = np.floor((at + 0.5) * scale).astype(int)
    i, j = cells.T + 2
    for di in (-1, 0, 1):
        for dj in (-1, 0, 1):
            out[i + di, j + dj] = True
    return out[2:-2, 2:-2]


def _on_plane(path: Path, plane: tuple[int, int]) -> NDArray[np.float64]:
    """Pieces of a line that lie on a plane, ``(n, 2, 2)``: from and to, row and col."""
    nodes = np.asarray(path if len(path) > 1 else path * 2, float)
    start, stop = nodes[:-1], nodes[1:]
    direction, low, high = stop - start, -0.5, np.subtract(plane, 0.5)
    with np.errstate(divide="ignore", invalid="ignore"):
        cuts = np.stack([(low - start) / direction, (high - start) / direction])
    outside = (start < low) | (start > high)
    still = np.where(outside, np.inf, -np.inf)
    enter = np.where(direction == 0, still, cuts.min(0)).max(1).clip(0, None)
    leave = np.where(direction == 0, -still, cuts.max(0)).min(1).clip(None, 1)
    on = enter <= leave
    start, stop, direction = start[on], stop[on], direction[on]
    enter, leave = enter[on, None], leave[on, None]
    ends = np.where(leave == 1, stop, start + direction * leave)
    return np.stack([start + direction * enter, ends], axis=1)


def _along(
    pieces: NDArray[np.float64], fractions: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Positions at fractions of a line's length, as an array ``(n, 2)``."""
    nodes = pieces.reshape(-1, 2)
    steps = np.hypot(*np.diff(nodes, axis=0).T)
    steps[1::2] = 0  # from one piece to the next
    lengths = np.r_[0, np.cumsum(steps)]
    if not len(nodes) or lengths[-1] == 0:
        return np.repeat(nodes[:1], len(fractions), axis=0)
    along = fractions * lengths[-1]
    return np.stack([np.interp(along, lengths, side) for side in nodes.T], axis=1)


def representative_points(
    prompt: Prompt, plane: tuple[int, int]
) -> list[tuple[float, float]]:
    """Points that stand for a prompt: a few, inside it, always the same."""
    match prompt:
        case Point(row, col):
            return [(row, col)]
        case Scribble(path):
            pieces = _on_plane(path, plane)
            count = min(_MAX_POINTS_ALONG, 1 + int(_length(pieces, (1, 1)) // 8))
            points = _along(pieces, (np.arange(count) + 0.5) / count)
            return [(float(r), float(c)) for r, c in points]
        case MaskPrompt(mask, approximate=True):
            row, col = mask.deepest
            return [(float(row), float(col))]
        case Polygon() | MaskPrompt():
            return _farthest_points(prompt, plane)
    return []


def _farthest_points(
    shape: Polygon | MaskPrompt, plane: tuple[int, int]
) -> list[tuple[float, float]]:
    """Return the deepest position inside, then others far from it and each other."""
    box = bounds(shape)
    assert box is not None
    rows, cols = _sample_grid(box, shape, plane)
    cells = inside(shape, rows, cols)
    if not cells.any():
        return [_middle(shape)]
    at = np.stack(np.meshgrid(rows, cols, indexing="ij"), -1)
    depth = _depth(cells, at)
    positions, depth = at[cells], depth[cells]
    chosen = [int(depth.argmax())]
    deep = depth >= 0.35 * depth.max()
    distance = np.full(len(positions), np.inf)
    while len(chosen) < _MAX_POINTS_INSIDE:
        last = positions[chosen[-1]]
        distance = np.minimum(distance, np.hypot(*(positions - last).T))
        best = int(np.where(deep, distance, -1).argmax())
        if distance[best] <= depth.max():
            break
        chosen.append(best)
    return [(float(r), float(c)) for r, c in positions[chosen]]


def _sample_grid(
    box: Box, shape: Polygon | MaskPrompt, plane: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positions of the rows and columns at which a shape is sampled."""
    half = 0 if isinstance(shape, MaskPrompt) else 0.5
    top, bottom = max(box.top + half, 0), min(box.bottom - half, plane[0])
    left, right = max(box.left + half, 0), min(box.right - half, plane[1])
    high, wide = max(bottom - top, 1e-6), max(right - left, 1e-6)
    count = _SAMPLES if isinstance(shape, Polygon) else None
    return (
        _centres(top, top + high, count or min(_SAMPLES, ceil(high))),
        _centres(left, left + wide, count or min(_SAMPLES, ceil(wide))),
    )


def _centres(start: float, stop: float, count: int) -> NDArray[np.float64]:
    """Middles of `count` equal cells between two edges, as pixel positions."""
    return start + (np.arange(count) + 0.5) * (stop - start) / count - 0.5


def _overlap(
    start: int, pixels: int, size: int, cells: int
) -> tuple[slice, NDArray[np.float64]]:
    """Cells along a side that pixels from `start` lie in, and their shares of each."""
    low = min(max(start * cells // size, 0), cells)
    high = max(min(-(-(start + pixels) * cells // size), cells), low)
    edges = np.arange(low, high + 1)[:, None] * size / cells
    first = start + np.arange(pixels)
    left, right = np.maximum(edges[:-1], first), np.minimum(edges[1:], first + 1)
    share = np.clip(right - left, 0, None) * cells / size
    return slice(low, high), np.asarray(share)


def _depth(cells: NDArray[np.bool_], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance from every cell to the nearest one outside."""
    step = [
        float(np.ptp(at[..., k])) / max(n - 1, 1) for k, n in enumerate(cells.shape)
    ]
    framed = bordered(cells, 1)
    ring = np.argwhere(dilate(framed) & ~framed) - 1
    here = np.argwhere(cells)
    gaps = (here[:, None] - ring[None]) * [step[0] or 1, step[1] or 1]
    out = np.zeros(cells.shape)
    out[cells] = np.hypot(gaps[..., 0], gaps[..., 1]).min(1)
    return out


def _middle(shape: Polygon | MaskPrompt) -> tuple[float, float]:
    """Return the middle of a shape too thin for the grid."""
    if isinstance(shape, MaskPrompt):
        region = shape.mask.region
        row, col = np.argwhere(shape.array)[shape.mask.area // 2]
        return float(region.top + row), float(region.left + col)
    row, col = np.mean(shape.vertices, axis=0)
    return float(row), float(col)


def _length(pieces: NDArray[np.float64], scale: tuple[float, float]) -> float:
    return sum(hypot(*(direction * scale)) for direction in pieces[:, 1] - pieces[:, 0])
