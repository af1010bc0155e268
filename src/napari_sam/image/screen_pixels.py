"""Pixels for a screen: any part of an image, as coarse as it is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import NotAnImageError
from napari_sam.core.geometry.region import Region
from napari_sam.core.geometry.tiles import Tile
from napari_sam.core.images.appearance import Appearance
from napari_sam.core.images.frames import Frames
from napari_sam.image.fitting import default_channels
from napari_sam.image.tile_pixels import PixelLevel, read_tile, sources

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.images.pixels import Pixels

#: From this level on, of an array in memory only some pixels are averaged.
_SPARSE = 4
#: Pixels of a plane that are read at once without anybody waiting long.
_QUICK = 4096 * 4096


class ScreenPixels:
    """Reads an image at any level, ``2 ** level`` times as coarse; on any thread.

    Coarser arrays of the image are used where it brings any. Of an array in memory,
    every fourth pixel along each side suffices from some level on.

    Parameters
    ----------
    frames
        The image.
    """

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._known = sources(frames, frames.levels)
        self._sparse = len(self._known) == 1 and isinstance(frames.data, np.ndarray)

    @property
    def is_quick(self) -> bool:
        """Whether a whole plane is read without all of its pixels, or they are few."""
        rows, cols = self._frames.plane_shape
        return self._sparse or len(self._known) > 1 or rows * cols <= _QUICK

    def read(self, frame: int, level: int, window: Region) -> Pixels:
        """Return a window, in pixels of the level: ``(y, x)`` or ``(y, x, c)``."""
        known = self._known
        if self._sparse and level >= _SPARSE:
            finer = level - _SPARSE // 2
            known = (PixelLevel(finer, _every(self._frames, 1 << finer)),)
        return read_tile(known, frame, Tile(level, 0, window, window, window.shape))


def screen_appearance(
    frames: Frames, channels: tuple[int, ...] | None = None
) -> Appearance:
    """Choose limits for a screen; where no pixel is a number, all is black."""
    shown = default_channels(frames) if channels is None else channels
    try:
        return Appearance.fit(frames, channels=shown)
    except NotAnImageError:
        return Appearance(shown, ((0.0, 1.0),), nodata=frames.nodata)


def plane_picture(
    frames: Frames,
    frame: int = 0,
    *,
    appearance: Appearance | None = None,
    most: int = 768,
) -> tuple[NDArray[np.uint8], int] | None:
    """Return a whole plane ``(y, x, 3)`` at the finest level that is small, and that.

    Parameters
    ----------
    frames, frame
        The image, and which of its planes.
    appearance
        How it is rendered; by default, fitted to it.
    most
        Rows and columns at most.

    Returns
    -------
    None if all pixels of a large plane would have to be read for it.
    """
    pixels = ScreenPixels(frames)
    if not pixels.is_quick:
        return None
    longest = max(frames.plane_shape)
    level = max(0, (-(-longest // most) - 1).bit_length())
    whole = Region(0, 0, *frames.plane_shape).coarser(1 << level)
    plane = pixels.read(frame, level, whole)
    return (appearance or screen_appearance(frames)).render(plane), level


def _every(frames: Frames, step: int) -> Frames:
    """Return the image of every so many rows and columns, without a copy."""
    parts = tuple(slice(None, None, step if a in "yx" else None) for a in frames.axes)
    return Frames(np.asarray(frames.data)[parts], frames.axes, nodata=frames.nodata)
