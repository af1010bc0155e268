"""Tilings: how planes are cut into tiles. No pixels are read here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from napari_sam.core.errors import ImageError
from napari_sam.core.geometry.tiles import TileAxis, TileGrid

#: Pixels that a tile may cover along a side: larger ones would fill the memory.
MOST_COVERED = 1 << 15


@dataclass(frozen=True, slots=True)
class Tiling:
    """A tiling of planes. ``Tiling()`` is one tile of level 0: the whole plane.

    There is no "untiled" code path anywhere: a small image is a grid of one. Every
    tile covers as many pixels as the others, so that an object looks the same in any:
    at the far edges of the plane it reaches further in, and what is smaller than a
    tile is padded.

    Parameters
    ----------
    tile
        Rows and columns from one tile to the next.
    halo
        Rows and columns that a tile covers beyond that, on each side.
    most
        Tiles that the mask of one object may be blended from.
    """

    tile: tuple[int, int] | None = None
    halo: tuple[int, int] = (0, 0)
    most: int = 9

    def __post_init__(self) -> None:
        if self.tile is not None and min(self.tile) < 1:
            raise ImageError(f"tile={self.tile}: rows and columns must be positive.")
        if min(self.halo) < 0:
            raise ImageError(f"halo={self.halo}: rows and columns cannot be negative.")
        covered = [
            n + 2 * h for n, h in zip(self.tile or (1, 1), self.halo, strict=True)
        ]
        if max(covered) > MOST_COVERED:
            raise ImageError(
                f"tile={self.tile}, halo={self.halo}: a tile would cover "
                f"{max(covered)} pixels a side. A model sees about 1024; at most "
                f"{MOST_COVERED} are taken."
            )
        if self.most < 1:
            raise ImageError(f"most={self.most}: a mask takes at least one tile.")

    def __str__(self) -> str:
        if self.tile is None:
            return "whole"
        return "{}x{}+{}x{}".format(*self.tile, *self.halo)

    @classmethod
    def suited(cls, shape: tuple[int, int], whole: int, view: int) -> Tiling:
        """Choose the tiling for planes of `shape`.

        Parameters
        ----------
        shape
            Rows and columns of the planes.
        whole
            Planes up to this side are one tile.
        view
            Side of the tiles of a larger plane. Neighbours share a quarter.
        """
        if max(shape) <= whole:
            return cls()
        halo = view // 8
        step = view - 2 * halo
        return cls((step, step), (halo, halo))

    def tiles(self, shape: tuple[int, int], level: int = 0) -> TileGrid:
        """Every tile of a plane on one level."""
        return _tiles(self, shape, level)

    def levels(self, shape: tuple[int, int]) -> int:
        """How many levels there are; on the last, one tile covers the whole plane."""
        return _levels(self, shape)


@lru_cache(256)
def _tiles(tiling: Tiling, shape: tuple[int, int], level: int) -> TileGrid:
    rows, cols = (-(-n // (1 << level)) for n in shape)
    height, width = tiling.tile or (rows, cols)
    above, before = tiling.halo if tiling.tile else (0, 0)
    down = TileAxis(rows, height + 2 * above, height)
    across = TileAxis(cols, width + 2 * before, width)
    return TileGrid(level, down, across)


@lru_cache(256)
def _levels(tiling: Tiling, shape: tuple[int, int]) -> int:
    level = 0
    while len(_tiles(tiling, shape, level)) > 1:
        level += 1
    return level + 1
