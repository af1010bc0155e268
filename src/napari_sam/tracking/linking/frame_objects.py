"""Objects of one time: what linking keeps of them when their pixels are let go."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.io.label_numbers import label_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames


#: Values up to this one are counted in a table.
_COUNTED = 2**22


class FrameObjects(NamedTuple):
    """Objects of one time, a row for each.

    Attributes
    ----------
    labels
        Their labels, ascending.
    places
        Centroids ``(n, 3)`` as z, row and column in pixels, drift taken off.
    areas
        Numbers of pixels, or of voxels.
    """

    labels: NDArray[np.int64]
    places: NDArray[np.float64]
    areas: NDArray[np.int64]

    def moved(self, by: NDArray[np.float64]) -> FrameObjects:
        """Return the objects at other positions."""
        return self._replace(places=self.places + by)


class Rows(NamedTuple):
    """Labels of one time ``(z, y, x)`` as rows of `Objects`; -1 is background."""

    objects: FrameObjects
    pixels: NDArray[np.int64]

    @property
    def foreground(self) -> NDArray[np.float32]:
        """A picture ``(y, x)`` that is 1 where there is an object, and else 0."""
        return np.asarray((self.pixels >= 0).any(axis=0), np.float32)


def read_time(labels: Frames, axis: str, time: int) -> NDArray[np.int64]:
    """Read the labels of one time as a volume; in two dimensions, of one plane."""
    others = [a for a in labels.sizes if a != axis]
    planes = [{axis: time}]
    for other in others:
        planes = [p | {other: i} for p in planes for i in range(labels.sizes[other])]
    read = (label_numbers(labels[labels.ravel(p)]) for p in planes)
    return np.stack([plane.astype(np.int64) for plane in read])


def rows_of(volume: NDArray[np.int64]) -> Rows:
    """Measure the objects of a volume."""
    where = np.nonzero(volume)
    labels, at = numbered(volume[where])
    areas = np.bincount(at, minlength=len(labels))
    sums = [np.bincount(at, axis, minlength=len(labels)) for axis in where]
    pixels = np.full(volume.shape, -1, np.int64)
    pixels[where] = at
    places = np.stack(sums, axis=1) / np.maximum(areas, 1)[:, None]
    return Rows(FrameObjects(labels, places, areas), pixels)


def numbered(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the different values, ascending, and which of them each value is.

    Like ``np.unique``, without sorting where the values are small.
    """
    if not values.size or values.max() > _COUNTED:
        return np.unique(values, return_inverse=True)
    counts = np.bincount(values)
    labels = np.flatnonzero(counts)
    rows = np.cumsum(counts > 0) - 1
    return labels, rows[values]


def overlaps(
    first: Rows, second: Rows, shift: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Count the pixels that objects share, the first ones being shifted.

    Parameters
    ----------
    first, second
        Two times.
    shift
        Rows and columns that the first ones are moved by.

    Returns
    -------
    tuple of arrays
        Row of the first, row of the second, and their shared pixels, of each pair that
        shares any.
    """
    sides = [_sides(s, n) for s, n in zip(shift, first.pixels.shape[1:], strict=True)]
    (top, down), (left, right) = sides
    a, b = first.pixels[:, top, left], second.pixels[:, down, right]
    both = (a >= 0) & (b >= 0)
    width = max(len(second.objects.labels), 1)
    codes, at = numbered(a[both] * width + b[both])
    shared = np.bincount(at, minlength=len(codes))
    return codes // width, codes % width, shared


def _sides(by: int, size: int) -> tuple[slice, slice]:
    """Parts of an axis that lie on each other when the first is moved."""
    by = int(np.clip(by, -size, size))
    return slice(max(-by, 0), size - max(by, 0)), slice(max(by, 0), size - max(-by, 0))
