"""Labels of tracks: pixels of masks, numbered by segment, made when they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.core.geometry.region import Region
from napari_sam.io.readers.lazy import FileArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.mask import Mask
    from napari_sam.io.readers.lazy import Bounds
    from napari_sam.tracking.track_segment import Segment


def layered_labels(
    masks: Mapping[int, Mapping[int, Mask]],
    shape: tuple[int, ...],
    *,
    base: FileArray | None = None,
) -> FileArray:
    """Return masks as a label array that is painted where it is read.

    Parameters
    ----------
    masks
        Masks by frame, then by label. Later labels are on top; an empty mask only
        takes away what the base has.
    shape
        Shape of the array, its last two axes rows and columns.
    base
        Labels of the same shape below them, in which the same labels are replaced.
    """
    sizes = shape[:-2]

    def read(bounds: Bounds) -> NDArray[np.generic]:
        *outer, (top, bottom), (left, right) = bounds
        window = Region(top, left, bottom, right)
        planes = []
        for frame in _flat(outer, sizes):
            below = np.zeros(window.shape, np.uint32)
            if base is not None:
                at = tuple(int(n) for n in np.unravel_index(frame, sizes))
                below = np.array(base[(*at, *window.slices)], np.uint32)
            planes.append(_painted(masks.get(frame, {}), window, below))
        return np.stack(planes).reshape(*(b - a for a, b in bounds))

    return FileArray(None, shape, np.uint32, read)


def track_labels(source: Frames, segments: Iterable[Segment]) -> FileArray:
    """Return labels of which each pixel is the id of its segment.

    Parameters
    ----------
    source
        Labels of every frame, as the segments name them.
    segments
        Pixels of other labels become 0.
    """
    table = LabelTable.of(segments)
    sizes = tuple(source.sizes.values())

    def read(bounds: Bounds) -> NDArray[np.generic]:
        *outer, (top, bottom), (left, right) = bounds
        window = Region(top, left, bottom, right)
        planes = [
            table.relabelled(frame, source.read(frame, window))
            for frame in _flat(outer, sizes)
        ]
        return np.stack(planes).reshape(*(b - a for a, b in bounds))

    return FileArray(None, (*sizes, *source.plane_shape), np.uint32, read)


class LabelTable(NamedTuple):
    """Which label belongs to which segment, frame by frame; sorted by both."""

    frames: NDArray[np.int32]
    labels: NDArray[np.uint32]
    ids: NDArray[np.uint32]

    @classmethod
    def of(cls, segments: Iterable[Segment]) -> LabelTable:
        """Make the table of segments; rows of absent objects are left out."""
        given = [
            (s.frames[s.present], s.labels[s.present], np.uint32(s.id))
            for s in segments
        ]
        frames = np.concatenate([np.zeros(0, np.int32), *(f for f, _, _ in given)])
        labels = np.concatenate([np.zeros(0, np.uint32), *(n for _, n, _ in given)])
        own = [np.full(len(f), i, np.uint32) for f, _, i in given]
        ids = np.concatenate([np.zeros(0, np.uint32), *own])
        order = np.lexsort((labels, frames))
        return cls(frames[order], labels[order], ids[order])

    def of_frame(self, frame: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """Return labels, ascending, and ids of one frame."""
        start, stop = np.searchsorted(self.frames, [frame, frame + 1])
        return self.labels[start:stop], self.ids[start:stop]

    def relabelled(self, frame: int, pixels: NDArray[np.generic]) -> NDArray[np.uint32]:
        """Return pixels of a frame with ids instead of labels."""
        labels, ids = self.of_frame(frame)
        out = np.zeros(pixels.shape, np.uint32)
        if not labels.size:
            return out
        inside = np.nonzero(pixels)
        values = pixels[inside].astype(np.uint32)
        at = np.minimum(np.searchsorted(labels, values), len(labels) - 1)
        out[inside] = np.where(labels[at] == values, ids[at], 0)
        return out


def _flat(outer: list[tuple[int, int]], sizes: tuple[int, ...]) -> list[int]:
    """Frames within bounds along the axes that the planes lie along."""
    if not outer:
        return [0]
    grid = np.meshgrid(*(np.arange(*b) for b in outer), indexing="ij")
    return [int(n) for n in np.ravel_multi_index(grid, sizes).ravel()]


def _painted(
    masks: Mapping[int, Mask], window: Region, plane: NDArray[np.uint32]
) -> NDArray[np.uint32]:
    if masks and plane.any():
        plane[np.isin(plane, list(masks))] = 0
    for label, mask in masks.items():
        common = mask.region.intersection(window)
        if min(common.shape) > 0:
            at = common.shifted(-window.top, -window.left)
            plane[at.slices][mask.in_window(common)] = label
    return plane
