"""Pictures of single objects with their surroundings."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.core.geometry.region import Region
from napari_sam.core.images.appearance import Appearance
from napari_sam.io import read_image

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.mask import Mask

#: The smallest surroundings, in pixels of the image, and how many times the object.
_LEAST, _AROUND = 24, 2.0
#: The colour of an outline.
_OUTLINE = (255, 200, 0)
#: Images that stay open, with their contrast.
_OPEN = 8


def thumbnail(
    path: Path, frame: int, mask: Mask, side: int, *, axes: str | None = None
) -> NDArray[np.uint8]:
    """Return an object in the middle of a square picture, with its outline.

    Parameters
    ----------
    path
        The image.
    frame
        The plane.
    mask
        The object.
    side
        Rows and columns of the picture.
    axes
        Axes of the image, if it does not name them.

    Returns
    -------
    Picture
        ``(side, side, 3)`` uint8; what lies outside of the image is black.
    """
    stat = path.stat() if path.exists() else None
    when = 0 if stat is None else stat.st_mtime_ns
    frames, appearance = _opened(path, axes, when)
    window = _window(mask.region)
    inside = window.intersection(Region(0, 0, *frames.plane_shape))
    shown = np.zeros((*window.shape, 3), np.uint8)
    if min(inside.shape) >= 1:
        part = inside.shifted(-window.top, -window.left)
        shown[part.slices] = appearance.render(frames.read(frame, inside))
    place = (np.arange(side) + 0.5) * window.shape[0] / side
    index = np.minimum(place.astype(int), window.shape[0] - 1)
    large = shown[np.ix_(index, index)]
    drawn = mask.in_window(window)[np.ix_(index, index)]
    rim = drawn & ~ndimage.binary_erosion(drawn, border_value=0)
    large[rim] = _OUTLINE
    return large


@lru_cache(_OPEN)
def _opened(path: Path, axes: str | None, _: int) -> tuple[Frames, Appearance]:
    frames = read_image(path, axes=axes).frames
    return frames, Appearance.fit(frames)


def _window(region: Region) -> Region:
    side = max(_LEAST, round(_AROUND * max(region.shape)))
    row, col = (round(x) for x in region.center)
    top, left = row - side // 2, col - side // 2
    return Region(top, left, top + side, left + side)
