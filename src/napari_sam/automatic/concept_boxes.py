"""Boxes of what a model of words finds: parts of planes, and the same find once."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_sam.core.images.concepts import FoundConcept

#: Sides of the parts of a plane that a model of words looks at one by one, and how far
#: they overlap: it sees all of them at some thousand pixels or less.
_SIDE, _OVERLAP = 1024, 256
#: No more finds than so many of a plane are kept.
_MOST = 500
#: Finds of one word whose boxes have a larger IoU are the same.
_SAME = 0.6


def overlapping_parts(shape: tuple[int, int]) -> Iterator[Region]:
    """Cut a plane into parts that overlap; a plane of one and a half parts is one."""
    starts = []
    for length in shape:
        if length <= 1.5 * _SIDE:
            starts.append([(0, length)])
            continue
        count = -(-(length - _OVERLAP) // (_SIDE - _OVERLAP))
        at = np.linspace(0, length - _SIDE, count).round().astype(int).tolist()
        starts.append([(start, start + _SIDE) for start in at])
    for (top, bottom), (left, right) in product(*starts):
        yield Region(top, left, bottom, right)


def moved_to_plane(
    one: FoundConcept, part: Region, plane: tuple[int, int]
) -> FoundConcept:
    """Return a find of a part of a plane where it lies in the plane, inside of it."""
    top, left, bottom, right = one.box
    height, width = part.shape
    box = (
        part.top + min(max(top, 0.0), height - 1.0),
        part.left + min(max(left, 0.0), width - 1.0),
        min(part.top + min(max(bottom, top + 1), float(height)), float(plane[0])),
        min(part.left + min(max(right, left + 1), float(width)), float(plane[1])),
    )
    mask = one.mask
    if mask is None:
        return one._replace(box=box)
    inside = Region.around(mask)
    at = inside.shifted(part.top, part.left)
    tight = (float(at.top), float(at.left), float(at.bottom), float(at.right))
    return one._replace(box=tight, mask=mask[inside.slices])


def distinct(found: Sequence[FoundConcept]) -> list[FoundConcept]:
    """Return finds once each, though parts overlap: the best, and not too many."""
    kept: list[FoundConcept] = []
    for one in sorted(found, key=lambda one: -one.score):
        boxes = [np.array(k.box) for k in kept if k.word == one.word]
        if not any(box_iou(np.array(one.box), box) > _SAME for box in boxes):
            kept.append(one)
        if len(kept) == _MOST:
            break
    return kept


def box_iou(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Return the IoU of two boxes: top, left, bottom, right."""
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    both = float(np.prod(np.maximum(sides, 0)))
    either = float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])) - both
    return both / either if either > 0 else 0.0
