"""Pixels of a tile: read in its window, downsampled to its level, rendered, padded."""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.core.geometry.region import Region
from napari_sam.core.geometry.resampling import downsample
from napari_sam.core.images.frames import Frames

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.images.pixels import Pixels, PixelSource

#: Pixels that are downsampled at once.
_PIXELS_AT_ONCE = 4_000_000


class PixelLevel(NamedTuple):
    """The image, or what a file has of it at a coarser level."""

    level: int
    frames: Frames


def sources(
    frames: Frames, coarser: Iterable[PixelSource | Frames]
) -> tuple[PixelLevel, ...]:
    """Return the pixel sources of each level: the image and a file's coarser arrays.

    Those that are not coarser by a power of two, to the pixel, are left out.
    """
    found = {0: frames}
    for data in coarser:
        other = data if isinstance(data, Frames) else Frames(data, frames.axes)
        level = round(log2(frames.plane_shape[0] / other.plane_shape[0]))
        if level > 0 and len(other) == len(frames) and _is_at(level, other, frames):
            found.setdefault(level, other)
    return tuple(PixelLevel(level, found[level]) for level in sorted(found))


def pixels_to_read(known: tuple[PixelLevel, ...], tile: Tile) -> int:
    """How many pixels are read for a tile."""
    by = 1 << (tile.level - _nearest(known, tile.level).level)
    return tile.window.shape[0] * tile.window.shape[1] * by * by


def read_tile(known: tuple[PixelLevel, ...], frame: int, tile: Tile) -> Pixels:
    """Return the pixels of a tile on its level, ``(y, x)`` or ``(y, x, c)``.

    Nothing else is read; for a coarser level it is read in strips.
    """
    level, frames = _nearest(known, tile.level)
    return _downsampled(frames, frame, tile.window, 1 << (tile.level - level))


def render(pixels: Pixels, tile: Tile, appearance: Appearance) -> NDArray[np.uint8]:
    """Render pixels for the image encoder: ``(*tile.shape, 3)``, padded with zeros."""
    picture = appearance.render(pixels)
    if picture.shape[:2] == tile.shape:
        return picture
    out = np.zeros((*tile.shape, 3), np.uint8)
    out[: picture.shape[0], : picture.shape[1]] = picture
    return out


def _downsampled(frames: Frames, frame: int, read: Region, by: int) -> Pixels:
    rows, cols = frames.plane_shape
    region = read.scaled(by, (rows, cols))
    if by == 1:
        return _complete(frames.read(frame, region), read.shape)
    step = max(1, _PIXELS_AT_ONCE // (region.shape[1] * by)) * by
    strips = [
        downsample(
            frames.read(
                frame,
                Region(top, region.left, min(top + step, region.bottom), region.right),
            ),
            by,
        )
        for top in range(region.top, region.bottom, step)
    ]
    return _complete(np.concatenate(strips), read.shape)


def _complete(pixels: Pixels, shape: tuple[int, int]) -> Pixels:
    """Repeat the last row and column where a file's level was rounded down."""
    below, after = shape[0] - pixels.shape[0], shape[1] - pixels.shape[1]
    if not below and not after:
        return pixels
    rest = ((0, 0),) * (pixels.ndim - 2)
    return np.pad(pixels, ((0, below), (0, after), *rest), mode="edge")


def _nearest(known: tuple[PixelLevel, ...], level: int) -> PixelLevel:
    """Return the coarsest source that is at least as fine as a level."""
    return max((s for s in known if s.level <= level), key=lambda s: s.level)


def _is_at(level: int, other: Frames, frames: Frames) -> bool:
    same = other.axes == frames.axes and other.n_channels == frames.n_channels
    return same and all(
        n in (full >> level, -(-full // (1 << level)))
        for n, full in zip(other.plane_shape, frames.plane_shape, strict=True)
    )
