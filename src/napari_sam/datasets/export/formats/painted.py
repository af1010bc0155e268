"""Objects painted over each other in one picture, and what is covered then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import ImageError

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_sam.core.mask import Mask

__all__ = ["paint"]


def paint(
    shape: tuple[int, int],
    objects: Sequence[tuple[int, Mask]],
    losses: Counter[str],
    *,
    most: int = 2**32 - 1,
) -> NDArray[np.generic]:
    """Return a label image ``(y, x)``, smaller objects on top, in the smallest type.

    Parameters
    ----------
    shape
        Rows and columns.
    objects
        Numbers and masks.
    losses
        Gets how many pixels and objects are covered.
    most
        The largest number that is held.

    Raises
    ------
    ImageError
        If a number is larger.
    """
    largest = max((number for number, _ in objects), default=0)
    if largest > most:
        raise ImageError(f"The label {largest} is larger than {most}, which is held.")
    labels = np.zeros(shape, np.uint32)
    for number, mask in sorted(objects, key=lambda one: -one[1].area):
        labels[mask.region.slices][mask.array] = number
    area = sum(mask.area for _, mask in objects)
    covered = area - int(np.count_nonzero(labels))
    if covered:
        gone = len(objects) - len(np.unique(labels[labels != 0]))
        losses["pixels covered by smaller objects"] += covered
        losses["objects covered whole"] += gone
    kinds = (np.uint8, np.uint16, np.uint32)
    return labels.astype(next(k for k in kinds if largest <= np.iinfo(k).max))
