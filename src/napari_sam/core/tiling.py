"""Cutting a plane into tiles. Pure geometry: no pixels are read here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING

from napari_sam.core import dense
from napari_sam.core.errors import (
    ImageError,
    PromptOutsideImageError,
    PromptSpansTilesError,
)
from napari_sam.core.statements import Box, MaskPrompt, Point, bounds, says_where

if TYPE_CHECKING:
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.statements import Statement


@dataclass(frozen=True, slots=True, order=True)
class Region:
    """A half-open rectangle of whole pixels."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.bottom - self.top, self.right - self.left

    @property
    def slices(self) -> tuple[slice, slice]:
        """For indexing an array whose last two axes are rows and columns."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def center(self) -> tuple[float, float]:
        """Its middle as a position ``(row, col)``; pixel centres are integers."""
        return (self.top + self.bottom - 1) / 2, (self.left + self.right - 1) / 2

    def holds(self, row: float, col: float) -> bool:
        """Whether a position lies on one of its pixels."""
        return (
            self.top <= row + 0.5 < self.bottom and self.left <= col + 0.5 < self.right
        )

    def overlaps(self, box: Box) -> bool:
        """Whether any part of a box lies inside."""
        return (
            box.top < self.bottom
            and box.bottom > self.top
            and box.left < self.right
            and box.right > self.left
        )

    def covers(self, box: Box) -> bool:
        """Whether all of a box lies inside."""
        return (
            box.top >= self.top
            and box.bottom <= self.bottom
            and box.left >= self.left
            and box.right <= self.right
        )

    def shifted(self, rows: int, cols: int) -> Region:
        """Move it."""
        return Region(
            self.top + rows, self.left + cols, self.bottom + rows, self.right + cols
        )


@dataclass(frozen=True, slots=True)
class Tile:
    """What the encoder sees (`read`) and the part it answers for (`core`)."""

    level: int
    index: int
    read: Region
    core: Region


@dataclass(frozen=True, slots=True)
class Tiling:
    """How planes are cut. The default is one tile of level 0: the whole plane.

    There is no "untiled" code path anywhere: a small image is a grid of one.

    Parameters
    ----------
    tile
        Rows and columns of the part each tile answers for.
    halo
        Rows and columns that a tile sees beyond that part, on each side.
    """

    tile: tuple[int, int] | None = None
    halo: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        if self.tile is not None and min(self.tile) < 1:
            raise ImageError(f"tile={self.tile}: rows and columns must be positive.")
        if min(self.halo) < 0:
            raise ImageError(f"halo={self.halo}: rows and columns cannot be negative.")

    def __str__(self) -> str:
        if self.tile is None:
            return "whole"
        return "{}x{}+{}x{}".format(*self.tile, *self.halo)

    def tiles(self, shape: tuple[int, int]) -> tuple[Tile, ...]:
        """Every tile of a plane, row by row. Cores partition the plane exactly."""
        return _tiles(self, shape)

    def route(self, prompts: Prompts, shape: tuple[int, int]) -> Tile:
        """Choose the tile that answers `prompts`.

        It is the one whose middle is nearest to where the object was first said to
        be, so it does not change when a click is added.

        Raises
        ------
        PromptOutsideImageError
            If anything was said outside the plane.
        PromptSpansTilesError
            If what was said of the object does not fit in that tile and its halo.
        """
        check_inside(prompts, shape)
        row, col = _onto_plane(prompts.anchor, shape)
        near = (t for t in self.tiles(shape) if t.read.holds(row, col))
        tile = min(near, key=lambda t: (_distance(t.read.center, row, col), t.index))
        for statement in prompts.said:
            around = _clipped(bounds(statement), shape)
            inside = around is None or (
                tile.read.holds(statement.row, statement.col)
                if isinstance(statement, Point)
                else tile.read.covers(around)
            )
            if says_where(statement) and not inside:
                raise PromptSpansTilesError(
                    f"{statement} does not fit in tile {tile.index}, which sees "
                    f"{tile.read.shape[0]} x {tile.read.shape[1]} pixels. Use a larger "
                    "halo or larger tiles."
                )
        return tile


def check_inside(prompts: Prompts, shape: tuple[int, int]) -> None:
    """Refuse prompts of which a part lies outside a plane of `shape`.

    A point must lie on a pixel; what has an extent must reach the plane with a part of
    itself, since what is drawn by hand often reaches over the edge.
    """
    for statement in prompts.said:
        if not _reaches(statement, Region(0, 0, *shape)):
            what = f"{statement}"
            if isinstance(statement, Point):
                what = f"({statement.row:g}, {statement.col:g})"
            raise PromptOutsideImageError(
                f"{what} is outside the image, which has {shape[0]} rows and "
                f"{shape[1]} columns. Coordinates are (row, col), counted from the "
                "top-left pixel."
            )


def _reaches(statement: Statement, plane: Region) -> bool:
    """Whether any of it lies on the plane, and not only of the box around it."""
    around = bounds(statement)
    if around is None or isinstance(statement, Box):
        return around is None or plane.overlaps(around)
    if not isinstance(statement, Point) and plane.covers(around):
        return True
    if isinstance(statement, MaskPrompt):
        top, left = max(-statement.top, 0), max(-statement.left, 0)
        stop = plane.bottom - statement.top, plane.right - statement.left
        return plane.overlaps(around) and bool(
            statement.mask[top : stop[0], left : stop[1]].any()
        )
    heard = dense.sample(statement, plane.shape)
    return any(plane.holds(row, col) for row, col in heard)


def _clipped(box: Box | None, shape: tuple[int, int]) -> Box | None:
    if box is None:
        return None
    top, left = max(box.top, 0), max(box.left, 0)
    bottom, right = min(box.bottom, shape[0]), min(box.right, shape[1])
    return Box(top, left, bottom, right)


def _onto_plane(at: tuple[float, float], shape: tuple[int, int]) -> tuple[float, float]:
    return min(max(at[0], 0), shape[0] - 1), min(max(at[1], 0), shape[1] - 1)


def _distance(center: tuple[float, float], row: float, col: float) -> float:
    return (center[0] - row) ** 2 + (center[1] - col) ** 2


def _spans(size: int, tile: int, halo: int) -> list[tuple[int, int, int, int]]:
    """(core start, core stop, read start, read stop) along one side.

    What is read has the same length everywhere: at an edge it reaches further in.
    """
    length = min(tile + 2 * halo, size)
    spans = []
    for i in range(ceil(size / tile)):
        start, stop = i * tile, min((i + 1) * tile, size)
        first = min(max(start - halo, 0), size - length)
        spans.append((start, stop, first, first + length))
    return spans


@lru_cache(maxsize=16)
def _tiles(tiling: Tiling, shape: tuple[int, int]) -> tuple[Tile, ...]:
    height, width = tiling.tile or shape
    down = _spans(shape[0], height, tiling.halo[0])
    across = _spans(shape[1], width, tiling.halo[1])
    pairs = ((d, a) for d in down for a in across)
    return tuple(
        Tile(
            level=0,
            index=index,
            read=Region(d[2], a[2], d[3], a[3]),
            core=Region(d[0], a[0], d[1], a[1]),
        )
        for index, (d, a) in enumerate(pairs)
    )
