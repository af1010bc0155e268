"""Small holes and islands of automatic masks, filled and dropped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_sam.automatic.automatic_masks import AutomaticMask

#: Pixels hang together by sides and corners, as in the reference.
_EIGHT = np.ones((3, 3), bool)


def without_small_regions(
    masks: Sequence[AutomaticMask], area: int, plane: tuple[int, int]
) -> tuple[list[AutomaticMask], NDArray[np.bool_]]:
    """Fill holes and drop islands of fewer pixels than an area, in this order.

    As in Kirillov et al. 2023, "Segment Anything", appendix B. Of a mask that has
    nothing but small islands, the largest stays.

    Returns
    -------
    masks, changed
        The masks in the same order, and which of them are others now.
    """
    cleaned = [_cleaned(one.mask, area, plane) for one in masks]
    changed = [mask != one.mask for mask, one in zip(cleaned, masks, strict=True)]
    made = [replace(one, mask=mask) for one, mask in zip(masks, cleaned, strict=True)]
    return made, np.array(changed, bool)


def _cleaned(mask: Mask, area: int, plane: tuple[int, int]) -> Mask:
    if not mask:
        return mask
    window = _around(mask.region, plane, area)
    pixels = mask.in_window(window)
    holes, sizes = _regions(~pixels)
    if window.shape != plane:  # what is around the mask goes on beyond the window
        sizes[holes[0, 0]] = np.iinfo(np.int64).max
    pixels = pixels | (sizes[holes] < area)
    islands, sizes = _regions(pixels)
    large = sizes >= area
    large[0] = False
    if not large.any():
        large[1 + sizes[1:].argmax()] = True
    return Mask.from_array(large[islands], top=window.top, left=window.left)


def _regions(
    pixels: NDArray[np.bool_],
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the regions of pixels, numbered from 1, and the pixels of each.

    What is around them has the number 0, and is never small.
    """
    numbers, _ = ndimage.label(pixels, _EIGHT)
    sizes = np.bincount(numbers.ravel()).astype(np.int64)
    sizes[0] = np.iinfo(np.int64).max
    return numbers, sizes


def _around(region: Region, plane: tuple[int, int], area: int) -> Region:
    """Return the region with a rim of one pixel, or the plane if that is not enough.

    At the edge of the plane, only all of it tells what is a hole; and so it does where
    little is left around the mask.
    """
    wider = region.grown(1)
    whole = Region(0, 0, *plane)
    rows, cols = wider.shape
    inside = wider.intersection(whole) == wider
    is_enough = inside and plane[0] * plane[1] - rows * cols >= area
    return wider if is_enough else whole
