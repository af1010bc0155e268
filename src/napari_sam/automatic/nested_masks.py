"""Nested masks: of a whole and its parts, the best stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_sam.core.geometry.region import Region
    from napari_sam.core.mask import Mask


def without_nested(masks: Sequence[Mask], share: float) -> NDArray[np.intp]:
    """Return which masks have no better one that they lie in, or that lies in them.

    Boxes of a part and of its whole are hardly alike, so that duplicates by boxes
    (Kirillov et al. 2023, "Segment Anything", appendix B) leave both.

    Parameters
    ----------
    masks
        The best first.
    share
        Of the smaller of two masks: if more of it lies in the other, the later goes.
    """
    kept: list[int] = []
    boxes = np.zeros((len(masks), 4), np.int64)
    pixels: list[NDArray[np.bool_]] = []
    for i, mask in enumerate(masks):
        box, array = mask.region, mask.array
        before = boxes[: len(kept)]
        meet = (before[:, :2] < (box.bottom, box.right)).all(1)
        meet &= (before[:, 2:] > (box.top, box.left)).all(1)
        near = np.flatnonzero(meet)
        others = ((masks[kept[k]].region, pixels[k]) for k in near.tolist())
        if any(_share(box, array, *other) > share for other in others):
            continue
        boxes[len(kept)] = box.top, box.left, box.bottom, box.right
        kept.append(i)
        pixels.append(array)
    return np.array(kept, np.intp)


def _share(
    box: Region, array: NDArray[np.bool_], other_box: Region, other: NDArray[np.bool_]
) -> float:
    """Return which share of the smaller of two masks is in both."""
    both = box.intersection(other_box)
    here = array[both.shifted(-box.top, -box.left).slices]
    there = other[both.shifted(-other_box.top, -other_box.left).slices]
    smaller = min(int(np.count_nonzero(array)), int(np.count_nonzero(other)))
    return int(np.count_nonzero(here & there)) / max(1, smaller)
