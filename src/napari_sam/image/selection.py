"""Selecting the tiles to embed ahead of time, and their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from napari_sam.core.errors import ImageError, PromptError
from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike

    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.geometry.tiling import Tiling
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.images.pixels import Pixels, PixelSource


@dataclass(frozen=True, slots=True)
class TileSelection:
    """A selection of tiles in order, and which of them are background.

    Attributes
    ----------
    tiles
        Frame and tile, the nearest first.
    background
        Lowest and highest value of the background, or None.
    mask
        True where something is, on the whole plane; it may be coarser.
    plane_shape
        Rows and columns of the plane.
    """

    tiles: tuple[tuple[int, Tile], ...]
    background: tuple[float, float] | None
    mask: PixelSource | None
    plane_shape: tuple[int, int]

    def __len__(self) -> int:
        return len(self.tiles)

    def is_masked(self, tile: Tile) -> bool:
        """Whether the mask has nothing in the window of a tile."""
        if self.mask is None:
            return False
        region, (rows, cols) = tile.region(self.plane_shape), self.mask.shape
        down, across = rows / self.plane_shape[0], cols / self.plane_shape[1]
        window = (
            slice(int(region.top * down), int(np.ceil(region.bottom * down))),
            slice(int(region.left * across), int(np.ceil(region.right * across))),
        )
        return not np.any(self.mask[window])

    def is_background(self, pixels: Pixels) -> bool:
        """Whether all pixels are background, or no numbers."""
        if self.background is None:
            return False
        low, high = self.background
        nothing = (pixels >= low) & (pixels <= high)
        if pixels.dtype.kind == "f":
            nothing |= ~np.isfinite(pixels)
        return bool(nothing.all())


def select_tiles(
    frames: Frames,
    tiling: Tiling,
    *,
    region: Region | tuple[int, int, int, int] | None,
    only: Iterable[int] | None,
    levels: Sequence[int],
    near: tuple[int, float, float] | None,
    mask: ArrayLike | None,
    background: float | tuple[float, float] | None,
) -> TileSelection:
    """Select tiles: check the options, and put the tiles in order.

    Raises
    ------
    PromptError
        If there is no such frame, or the region lies outside the image.
    ImageError
        If there is no such level, or the mask or the range make no sense.
    """
    plane = frames.plane_shape
    inside = _region(region, plane)
    chosen = range(len(frames)) if only is None else list(only)
    for frame in chosen:
        if not 0 <= frame < len(frames):
            raise PromptError(
                f"frame {frame} of an image with {len(frames)}, counted from 0."
            )
    tiles = [tile for n in levels for tile in _tiles_of(tiling, plane, n, inside)]
    tiles_of_frames = [(frame, tile) for frame in chosen for tile in tiles]
    if near is not None:
        tiles_of_frames = _nearest_first(tiles_of_frames, near)
    return TileSelection(tuple(tiles_of_frames), _range(background), _mask(mask), plane)


def _tiles_of(
    tiling: Tiling, plane: tuple[int, int], level: int, region: Region
) -> Iterable[Tile]:
    """Return the tiles of a level whose cores overlap a region of the plane."""
    if not 0 <= level < tiling.levels(plane):
        raise ImageError(
            f"level {level} of an image with {tiling.levels(plane)}, counted "
            "from 0, the finest."
        )
    return tiling.tiles(plane, level).tiles_in(region.coarser(1 << level))


def _region(given: Region | Iterable[int] | None, plane: tuple[int, int]) -> Region:
    every = Region(0, 0, *plane)
    if given is None:
        return every
    region = given if isinstance(given, Region) else Region(*(int(n) for n in given))
    inside = region.intersection(every)
    if min(inside.shape) < 1:
        raise PromptError(
            f"The region {region} holds no pixel of the image, which has {plane[0]} "
            f"rows and {plane[1]} columns. Give (top, left, bottom, right)."
        )
    return inside


def _nearest_first(
    tiles_of_frames: list[tuple[int, Tile]], near: tuple[int, float, float]
) -> list[tuple[int, Tile]]:
    frame, row, col = near

    def away(at: tuple[int, Tile]) -> tuple[int, float]:
        other, tile = at
        middle = tile.core.center
        down = (middle[0] + 0.5) * tile.scale - row
        across = (middle[1] + 0.5) * tile.scale - col
        return abs(other - frame), down * down + across * across

    return sorted(tiles_of_frames, key=away)


def _range(
    background: float | tuple[float, float] | None,
) -> tuple[float, float] | None:
    if background is None:
        return None
    pair = background if isinstance(background, tuple) else (-np.inf, background)
    if len(pair) != 2 or not pair[0] <= pair[1]:
        raise ImageError(
            f"background={background}: expected a value, or (low, high) of a range."
        )
    return float(pair[0]), float(pair[1])


def _mask(mask: ArrayLike | PixelSource | None) -> PixelSource | None:
    if mask is None:
        return None
    found = cast("PixelSource", mask if hasattr(mask, "shape") else np.asarray(mask))
    if len(found.shape) != 2 or 0 in found.shape:
        raise ImageError(
            f"The mask has the shape {tuple(found.shape)}; expected rows and columns "
            "that span the plane."
        )
    return found
