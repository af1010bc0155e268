"""Tiles of an image for the screen: the part that is in view, as coarse as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam.core.geometry.region import Region
from napari_sam.image.screen_pixels import ScreenPixels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.images.frames import Frames

#: Rows and columns of a tile.
SIDE = 256


@dataclass(frozen=True, slots=True, order=True)
class TileAddress:
    """Which tile: its plane, how much coarser it is (``2 ** level``), and where.

    Raises
    ------
    ValueError
        If there can be no such tile.
    """

    frame: int
    level: int
    row: int
    col: int

    def __post_init__(self) -> None:
        if min(self.frame, self.level, self.row, self.col) < 0 or self.level > 40:
            raise ValueError(f"{self} is no tile.")

    @property
    def step(self) -> int:
        """Rows and columns of the plane per pixel."""
        return 1 << self.level

    def window(self, plane: tuple[int, int]) -> Region:
        """Return its pixels, in pixels of its level."""
        top, left = self.row * SIDE, self.col * SIDE
        rows, cols = (-(-n // self.step) for n in plane)
        return Region(top, left, min(top + SIDE, rows), min(left + SIDE, cols))

    def region(self, plane: tuple[int, int]) -> Region:
        """Return what it shows, in pixels of the plane."""
        return self.window(plane).scaled(self.step, plane)


def coarsest_level(plane: tuple[int, int]) -> int:
    """Return the level at which one tile holds the whole plane."""
    return max(0, (-(-max(plane) // SIDE) - 1).bit_length())


class ImageTiles:
    """Renders tiles of an image; safe to use on any thread.

    Parameters
    ----------
    frames
        The image, with its coarser levels if it has any.
    """

    def __init__(self, frames: Frames) -> None:
        self._frames, self._pixels = frames, ScreenPixels(frames)

    @property
    def shows_all_at_once(self) -> bool:
        """Whether the whole plane is shown without reading all of its pixels."""
        return self._pixels.is_quick

    def render(self, tile: TileAddress, appearance: Appearance) -> NDArray[np.uint8]:
        """Return a tile ``(y, x)`` if it is grey, else ``(y, x, 3)``."""
        window = tile.window(self._frames.plane_shape)
        pixels = self._pixels.read(tile.frame, tile.level, window)
        picture = appearance.render(pixels)
        return picture[..., 0] if is_grey(self._frames, appearance) else picture


def is_grey(frames: Frames, appearance: Appearance) -> bool:
    """Whether the three colours of what is rendered are the same."""
    chosen = appearance.channels
    alone = frames.n_channels in (None, 1) or (chosen is not None and len(chosen) == 1)
    return alone or appearance.index is not None
