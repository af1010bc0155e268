"""Planes of labels, strip by strip: one of them may exceed memory."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames

#: Rows and columns that are read at once: those of some chunks of labels in zarr.
_STRIP, _WIDE = 512, 8192


def label_strips(frames: Frames) -> Iterator[NDArray[np.generic]]:
    """Yield the windows of labels that may hold objects."""
    for plane in range(len(frames)):
        for region in _regions(frames, plane):
            yield frames.read(plane, region)


def narrow_plane(
    frames: Frames, plane: int, dtype: np.dtype[np.generic]
) -> NDArray[np.generic]:
    """Return a plane of labels in a smaller type; no other copy of it is made."""
    found: NDArray[np.generic] = np.zeros(frames.plane_shape, dtype)
    for region in _regions(frames, plane):
        found[region.slices] = frames.read(plane, region)
    return found


def narrow_tiles(
    frames: Frames, dtype: np.dtype[np.generic], side: int
) -> Iterator[NDArray[np.generic]]:
    """Yield all planes of labels tile by tile, each of them whole."""
    rows, cols = frames.plane_shape
    for plane, top, left in product(
        range(len(frames)), range(0, rows, side), range(0, cols, side)
    ):
        region = Region(top, left, min(top + side, rows), min(left + side, cols))
        tile: NDArray[np.generic] = np.zeros((side, side), dtype)
        if frames.may_hold(plane, region):
            height, width = region.shape
            tile[:height, :width] = frames.read(plane, region)
        yield tile


def _regions(frames: Frames, plane: int) -> Iterator[Region]:
    rows, cols = frames.plane_shape
    for top, left in product(range(0, rows, _STRIP), range(0, cols, _WIDE)):
        region = Region(top, left, min(top + _STRIP, rows), min(left + _WIDE, cols))
        if frames.may_hold(plane, region):
            yield region
