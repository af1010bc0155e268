"""Markers of object and background for classical tools, from prompts.

The numbers here and in `classical` gave the best masks among a few tried, on images
that `pocket` was trained with and on generated scenes: the tools get a fair chance.
"""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.core.errors import PromptError
from napari_sam.core.geometry.region import Region
from napari_sam.core.prompts.model_prompts import (
    NEGATIVE,
    POSITIVE,
    TOP_LEFT,
    to_model_prompts,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.prompts import Prompts

__all__ = [
    "GROUND",
    "OBJECT",
    "PromptPixels",
    "is_in",
    "markers_of",
    "prompt_pixels",
    "window_of",
]

#: Random walker and watershed: how far the window reaches beyond clicks, in pixels.
REACH = 40
#: The same beyond a box, where the background is known to begin.
RIM = 3
#: Radius of the dab that a click stands for, in pixels.
DAB = 2
#: Of the box, the part along each side that is marked as the object.
CORE = 0.7
#: Values of markers.
OBJECT, GROUND = 1, 2


class PromptPixels(NamedTuple):
    """Prompts as whole pixels ``(row, col)``, and a box."""

    inside: list[tuple[int, int]]
    outside: list[tuple[int, int]]
    box: Region | None


def prompt_pixels(prompts: Prompts, shape: tuple[int, int]) -> PromptPixels:
    """Return prompts as pixels; the middle of a box alone counts as a click."""
    prompted = to_model_prompts(prompts, shape)
    points: dict[int, list[tuple[int, int]]] = {POSITIVE: [], NEGATIVE: []}
    box = None
    for (x, y), label in zip(prompted.point_coords, prompted.point_labels, strict=True):
        if int(label) in points:
            points[int(label)].append((int(y), int(x)))
    if (prompted.point_labels == TOP_LEFT).any():
        (left, top), (right, bottom) = prompted.point_coords[-2:].astype(float)
        box = Region(floor(top), floor(left), ceil(bottom), ceil(right))
        if not points[POSITIVE]:
            row, col = box.center
            points[POSITIVE].append((int(row), int(col)))
    if not points[POSITIVE]:
        raise PromptError("No positive prompt lies in the frame; add a click or a box.")
    return PromptPixels(points[POSITIVE], points[NEGATIVE], box)


def window_of(prompted: PromptPixels, shape: tuple[int, int]) -> Region:
    """Return the window of the plane to work on: near the box, or near the clicks."""
    reach = REACH if prompted.box is None else RIM
    rows, cols = zip(*prompted.inside, strict=True)
    first, last = (min(rows), min(cols)), (max(rows) + 1, max(cols) + 1)
    if prompted.box is not None:
        first = min(first[0], prompted.box.top), min(first[1], prompted.box.left)
        last = max(last[0], prompted.box.bottom), max(last[1], prompted.box.right)
    return Region(
        max(first[0] - reach, 0), max(first[1] - reach, 0),
        min(last[0] + reach, shape[0]), min(last[1] + reach, shape[1]),
    )  # fmt: skip


def markers_of(
    prompted: PromptPixels, window: Region, shape: tuple[int, int]
) -> NDArray[np.int32]:
    """Return markers of the background and of the object."""
    marks = np.zeros(window.shape, np.int32)
    if prompted.box is None:
        _mark_rim(marks, window, shape)
    else:
        inner = prompted.box.shifted(-window.top, -window.left)
        marks[:] = GROUND
        marks[inner.slices] = 0
        _mark_core(marks, inner)
    for dabs, mark in ((prompted.outside, GROUND), (prompted.inside, OBJECT)):
        for row, col in dabs:
            _dab(marks, row - window.top, col - window.left, mark)
    for row, col in prompted.outside:
        if is_in((row - window.top, col - window.left), window.shape):
            marks[row - window.top, col - window.left] = GROUND
    return marks


def _mark_rim(marks: NDArray[np.int32], window: Region, shape: tuple[int, int]) -> None:
    """Mark the sides of the window that are not the edge of the plane, if any."""
    inner = [window.top > 0, window.left > 0,
             window.bottom < shape[0], window.right < shape[1]]  # fmt: skip
    sides = inner if any(inner) else [True] * 4
    for side, at in zip(sides, ((0,), (..., 0), (-1,), (..., -1)), strict=True):
        if side:
            marks[at] = GROUND


def _mark_core(marks: NDArray[np.int32], box: Region) -> None:
    """Mark an ellipse in the middle of a box as the object."""
    (row, col), (height, width) = box.center, box.shape
    y, x = np.ogrid[: marks.shape[0], : marks.shape[1]]
    down, across = (max(n * CORE / 2, 0.5) for n in (height, width))
    marks[((y - row) / down) ** 2 + ((x - col) / across) ** 2 <= 1] = OBJECT


def _dab(marks: NDArray[np.int32], row: int, col: int, mark: int) -> None:
    y, x = np.ogrid[: marks.shape[0], : marks.shape[1]]
    marks[(y - row) ** 2 + (x - col) ** 2 <= DAB**2] = mark


def is_in(at: tuple[int, int], shape: tuple[int, int]) -> bool:
    """Whether a pixel lies in an array of `shape`."""
    return 0 <= at[0] < shape[0] and 0 <= at[1] < shape[1]
