"""Windows of a picture in which its objects are measured, each object in one piece."""

from __future__ import annotations

from collections import defaultdict
from itertools import product
from math import prod
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_sam.measurement.planes_and_volumes import PlanesAndVolumes, Window

#: Pixels of a picture that is measured as one window.
MOST = 2**24
#: Side of windows of larger pictures: planes, rows, columns.
_SIDES = (64, 1024, 1024)


class ObjectWindow(NamedTuple):
    """A part of a picture, and the objects that lie in it with a margin of a pixel.

    Attributes
    ----------
    window
        Where it is.
    ids
        Their numbers, ascending; None for all that are there.
    """

    window: Window
    ids: NDArray[np.int64] | None


def iter_windows(
    pictures: PlanesAndVolumes, index: int, *, most: int | None = None
) -> Iterator[ObjectWindow | None]:
    """Yield windows that hold every object of a picture once, and None in between.

    A picture that is too large to be read at once is looked through first, for the
    boxes of its objects; None is yielded after each part of that.

    Parameters
    ----------
    pictures, index
        Labels, and which picture.
    most
        Pixels that are read at once; `MOST` unless given.
    """
    if prod(pictures.shape) <= (MOST if most is None else most):
        yield ObjectWindow(pictures.everything, None)
        return
    boxes: dict[int, NDArray[np.int64]] = {}
    for part in _parts(pictures.shape, _SIDES):
        _add_boxes(boxes, pictures.read_labels(index, part), part)
        yield None
    yield from _grouped(boxes, pictures.shape)


def compact(labels: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the numbers in labels, ascending, and labels that count these from 1."""
    inside = np.nonzero(labels)
    ids, at = np.unique(labels[inside], return_inverse=True)
    found = np.zeros(labels.shape, np.int32)
    found[inside] = at + 1
    return ids.astype(np.int64), found


def _parts(shape: tuple[int, ...], sides: tuple[int, ...]) -> Iterator[Window]:
    cuts = [
        [slice(i, min(i + side, n)) for i in range(0, n, side)]
        for n, side in zip(shape, sides[-len(shape) :], strict=True)
    ]
    return product(*cuts)


def _add_boxes(
    boxes: dict[int, NDArray[np.int64]], labels: NDArray[np.integer], part: Window
) -> None:
    """Make boxes ``((start, stop), axis)`` large enough for the objects of a part."""
    ids, found = compact(labels)
    offset = np.array([s.start for s in part])
    slices = ndimage.find_objects(found)
    for number, place in zip(ids.tolist(), slices, strict=True):
        box = np.array([[s.start, s.stop] for s in place]).T + offset
        known = boxes.get(number, box)
        start, stop = np.minimum(known[0], box[0]), np.maximum(known[1], box[1])
        boxes[number] = np.stack([start, stop])


def _grouped(
    boxes: dict[int, NDArray[np.int64]], shape: tuple[int, ...]
) -> Iterator[ObjectWindow]:
    """Yield windows of objects that begin near each other; large ones are alone."""
    sides = np.array(_SIDES[-len(shape) :])
    groups: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
    for number, box in boxes.items():
        large = (box[1] - box[0] > sides).any()
        groups[(number,) if large else tuple((box[0] // sides).tolist())].append(number)
    if not groups:
        nothing = tuple(slice(0, 1) for _ in shape)
        yield ObjectWindow(nothing, np.zeros(0, np.int64))
    for ids in groups.values():
        around = np.stack([boxes[i] for i in ids])
        start = np.maximum(around[:, 0].min(0) - 1, 0)
        stop = np.minimum(around[:, 1].max(0) + 1, shape)
        window = tuple(map(slice, start.tolist(), stop.tolist()))
        yield ObjectWindow(window, np.array(sorted(ids), np.int64))
