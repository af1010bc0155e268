"""Lines and shapes that a person draws, as pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import SessionError
from napari_sam.core.geometry.rasterize import inside
from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.core.prompts.items import Box, MaskPrompt, Polygon

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari_sam.core.prompts.items import Prompt


def pixels_along(
    line: Sequence[tuple[float, float]], most: int = 200
) -> list[list[int]]:
    """Return pixels ``[row, col]`` on a line, at most so many."""
    corners = np.asarray(line, float)
    at = np.linspace(0, len(corners) - 1, most)
    steps = np.arange(len(corners))
    places = [np.interp(at, steps, corners[:, i]) for i in (0, 1)]
    return np.unique(np.rint(np.transpose(places)), axis=0).astype(int).tolist()  # type: ignore[no-any-return]


def enclosed(shapes: Iterable[Prompt], plane: tuple[int, int]) -> Mask:
    """Return the pixels of a plane that boxes, polygons or masks enclose.

    Raises
    ------
    SessionError
        If they enclose none.
    """
    whole = Region(0, 0, *plane)
    found = Mask.empty()
    for one in shapes:
        found |= _enclosed(one, whole)
    if not found:
        raise SessionError(
            "Nothing of the image is enclosed: draw a box or a polygon on it."
        )
    return found


def _enclosed(shape: Prompt, whole: Region) -> Mask:
    if isinstance(shape, MaskPrompt):
        return shape.mask
    if isinstance(shape, Box):
        corners = (shape.top, shape.left, shape.bottom, shape.right)
        region = Region(*(round(n) for n in corners)).intersection(whole)
        filled = np.ones(np.maximum(region.shape, 0), bool)
        return Mask.from_array(filled, top=region.top, left=region.left)
    if not isinstance(shape, Polygon):
        return Mask.empty()
    corners_of = np.asarray(shape.vertices)
    (top, left), (bottom, right) = np.floor(corners_of.min(0)), corners_of.max(0)
    region = Region(int(top), int(left), int(bottom) + 2, int(right) + 2)
    region = region.intersection(whole)
    rows = np.arange(region.top, region.bottom, dtype=float)
    cols = np.arange(region.left, region.right, dtype=float)
    return Mask.from_array(inside(shape, rows, cols), top=region.top, left=region.left)
