"""Tiles of labels and of masks for the screen, as runs of the numbers of objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.session.labels.sampled import aligned, put_sampled, sampled_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_sam.apps.notebook.image_tiles import TileAddress
    from napari_sam.automatic import AutomaticMask
    from napari_sam.session.labels.label_store import LabelStore

_PACKED = np.dtype("<u4")


def draw_labels(labels: LabelStore, tile: TileAddress) -> NDArray[np.uint32]:
    """Return the numbers of the objects in a tile ``(y, x)``; 0 is none."""
    region = tile.region(labels.plane_shape)
    return sampled_labels(labels, tile.frame, region, tile.step)


def draw_masks(
    masks: Sequence[AutomaticMask], tile: TileAddress, plane: tuple[int, int]
) -> NDArray[np.uint32]:
    """Return masks in a tile ``(y, x)``, counted from 1; smaller ones on top."""
    region, step = tile.region(plane), tile.step
    drawn = np.zeros(tile.window(plane).shape, np.uint32)
    found = [
        (one.mask.area, number, one.mask)
        for number, one in enumerate(masks, 1)
        if min(one.mask.region.intersection(region).shape) > 0
    ]
    for _, number, mask in sorted(found, key=lambda each: -each[0]):
        common = aligned(mask.region.intersection(region), step)
        if common is not None:
            inside = mask.in_window(common)[::step, ::step]
            put_sampled(drawn, inside, number, common, region, step)
    return drawn


def pack_runs(labels: NDArray[np.uint32]) -> bytes:
    """Pack numbers as pairs of value and length, row by row; nothing if all are 0."""
    flat = labels.reshape(-1)
    if not flat.any():
        return b""
    starts = np.flatnonzero(np.r_[True, flat[1:] != flat[:-1]])
    pairs = np.stack([flat[starts], np.diff(np.r_[starts, flat.size])], axis=1)
    return pairs.astype(_PACKED).tobytes()
