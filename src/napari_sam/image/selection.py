"""Which tiles are to be embedded ahead of time, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam.core.errors import ImageError, PromptError
from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.geometry.tiling import Tiling
    from napari_sam.core.images.frames import Frames


@dataclass(frozen=True, slots=True)
class TileSelection:
    """Tiles in order, and what is known beforehand of those that hold nothing.

    Attributes
    ----------
    places
        Frame and tile, the nearest first.
    background
        Lowest and highest value of what is nothing, or None.
    mask
        True where something is, on the whole plane; it may be coarser.
    plane
        Rows and columns of the plane.
    """

    tiles: tuple[tuple[int, Tile], ...]
    background: tuple[float, float] | None
    mask: Any
    plane_shape: tuple[int, int]

    def __len__(self) -> int:
        return len(self.tiles)

    def is_masked(self, tile: Tile) -> bool:
        """Whether the mask has nothing in what a tile sees."""
        if self.mask is None:
            return False
        seen, (rows, cols) = tile.region(self.plane_shape), self.mask.shape
        down, across = rows / self.plane_shape[0], cols / self.plane_shape[1]
        window = (
            slice(int(seen.top * down), int(np.ceil(seen.bottom * down))),
            slice(int(seen.left * across), int(np.ceil(seen.right * across))),
        )
        return not np.any(self.mask[window])

    def is_background(self, pixels: NDArray[Any]) -> bool:
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
    """Check what was asked for, and put it in order.

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
    tiles: list[Tile] = []
    for level in levels:
        if not 0 <= level < tiling.levels(plane):
            raise ImageError(
                f"level {level} of an image with {tiling.levels(plane)}, counted "
                "from 0, the finest."
            )
        grid = tiling.tiles(plane, level)
        tiles += grid.tiles_in(_on_level(inside, 1 << level))
    places = [(frame, tile) for frame in chosen for tile in tiles]
    if near is not None:
        places = _nearest_first(places, near)
    return TileSelection(tuple(places), _range(background), _mask(mask), plane)


def _region(given: Any, plane: tuple[int, int]) -> Region:
    whole = Region(0, 0, *plane)
    if given is None:
        return whole
    asked = given if isinstance(given, Region) else Region(*(int(n) for n in given))
    inside = asked.intersection(whole)
    if min(inside.shape) < 1:
        raise PromptError(
            f"The region {asked} holds no pixel of the image, which has {plane[0]} "
            f"rows and {plane[1]} columns. Give (top, left, bottom, right)."
        )
    return inside


def _on_level(region: Region, by: int) -> Region:
    return Region(
        region.top // by, region.left // by, -(-region.bottom // by),
        -(-region.right // by),
    )  # fmt: skip


def _nearest_first(
    places: list[tuple[int, Tile]], near: tuple[int, float, float]
) -> list[tuple[int, Tile]]:
    frame, row, col = near

    def away(place: tuple[int, Tile]) -> tuple[int, float]:
        at, tile = place
        middle = tile.core.center
        down = (middle[0] + 0.5) * tile.scale - row
        across = (middle[1] + 0.5) * tile.scale - col
        return abs(at - frame), down * down + across * across

    return sorted(places, key=away)


def _range(background: Any) -> tuple[float, float] | None:
    if background is None:
        return None
    pair = background if isinstance(background, tuple) else (-np.inf, background)
    if len(pair) != 2 or not pair[0] <= pair[1]:
        raise ImageError(
            f"background={background}: expected a value, or (low, high) of a range."
        )
    return float(pair[0]), float(pair[1])


def _mask(mask: Any) -> Any:
    if mask is None:
        return None
    found = mask if hasattr(mask, "shape") else np.asarray(mask)
    if len(found.shape) != 2 or 0 in found.shape:
        raise ImageError(
            f"The mask has the shape {tuple(found.shape)}; expected rows and columns "
            "that span the plane."
        )
    return found
