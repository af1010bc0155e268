"""Ground truth from COCO masks: run lengths or polygons, decoded one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import ImageError
from napari_sam.core.geometry.region import Region
from napari_sam.io.run_lengths import areas_of, as_rle, decoded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_sam.core.json_values import JsonValue
    from napari_sam.core.mask import Mask
    from napari_sam.io.run_lengths import Rle

__all__ = ["RleTruth"]

#: Pixels that the run lengths of COCO can count.
_MOST_PIXELS = 2**32 - 1


class RleTruth:
    """Ground truth of COCO and SA-1B; each mask is decoded when it is used.

    Parameters
    ----------
    shape
        Rows and columns of the plane.
    segmentations
        By the number of the object: run lengths ``{"size", "counts"}``, compressed or
        not, or a list of polygons ``[x, y, x, y, ...]``. Empty masks are left out.
    where
        Its name in messages.
    categories
        Names of categories by object, as far as they are known.

    Attributes
    ----------
    shape, ids, areas
        As `GroundTruth` has them.
    categories
        Names by object.

    Raises
    ------
    ImageError
        If a mask is broken, or has another size than the image.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        segmentations: Mapping[int, JsonValue],
        *,
        where: str = "The masks",
        categories: Mapping[int, str] | None = None,
    ) -> None:
        _check_size(shape, where)
        self.shape = shape
        numbers = sorted(segmentations)
        runs = [
            as_rle(segmentations[n], shape, f"{where}: annotation {n}") for n in numbers
        ]
        areas = areas_of(runs)
        nonempty = np.flatnonzero(areas)
        self.ids: NDArray[np.int64] = np.array(numbers, np.int64)[nonempty]
        self.areas: NDArray[np.int64] = areas[nonempty]
        self.categories = dict(categories or {})
        self._runs = {numbers[k]: runs[k] for k in nonempty}

    def __repr__(self) -> str:
        return f"RleTruth({len(self.ids)} objects, {self.shape})"

    @property
    def nbytes(self) -> int:
        """Approximate size in bytes."""
        return sum(len(r["counts"]) + 500 for r in self._runs.values())

    def mask(self, object_id: int) -> Mask:
        """Decode the mask of an object."""
        return decoded(self._rle(object_id))

    def window(self, object_id: int) -> Region:
        """Return the bounding box of an object."""
        from pycocotools import mask

        left, top, width, height = (int(v) for v in mask.toBbox(self._rle(object_id)))
        return Region(top, left, top + height, left + width)

    def _rle(self, object_id: int) -> Rle:
        if object_id not in self._runs:
            raise ImageError(f"There is no object {object_id} in {self!r}.")
        return self._runs[object_id]


def _check_size(shape: tuple[int, int], where: str) -> None:
    whole = all(isinstance(n, int) and n > 0 for n in shape)
    if not whole or shape[0] * shape[1] > _MOST_PIXELS:
        raise ImageError(
            f"{where}: an image of {shape[0]!r} rows and {shape[1]!r} columns; "
            f"expected whole numbers, and at most {_MOST_PIXELS} pixels in all."
        )
