"""Ground truth of masks that are at hand, such as painted polygons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_sam.core.geometry.region import Region
    from napari_sam.core.mask import Mask

__all__ = ["MaskTruth"]


class MaskTruth:
    """Ground truth of masks by number; they may overlap.

    Parameters
    ----------
    shape
        Rows and columns of the plane.
    masks
        Masks by the number of the object; empty ones are left out.
    categories
        Names of classes by object, as far as they are known.

    Attributes
    ----------
    shape, ids, areas, categories
        As `GroundTruth` has them.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        masks: Mapping[int, Mask],
        categories: Mapping[int, str] | None = None,
    ) -> None:
        self.shape = shape
        self._masks = {n: m for n, m in sorted(masks.items()) if m}
        self.ids: NDArray[np.int64] = np.array(list(self._masks), np.int64)
        self.areas: NDArray[np.int64] = np.array(
            [m.area for m in self._masks.values()], np.int64
        )
        self.categories = dict(categories or {})

    def __repr__(self) -> str:
        return f"MaskTruth({len(self.ids)} objects, {self.shape})"

    @property
    def nbytes(self) -> int:
        """Approximate size in bytes."""
        return sum(len(m.runs) + 500 for m in self._masks.values())

    def mask(self, object_id: int) -> Mask:
        """Return the mask of an object."""
        if object_id not in self._masks:
            raise ImageError(f"There is no object {object_id} in {self!r}.")
        return self._masks[object_id]

    def window(self, object_id: int) -> Region:
        """Return the bounding box of an object."""
        return self.mask(object_id).region
