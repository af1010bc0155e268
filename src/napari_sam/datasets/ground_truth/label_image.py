"""Ground truth from a label image: 0 is background, every object has its number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.core.errors import ImageError
from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.io.label_numbers import label_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

__all__ = ["LabelTruth"]

_MOST = np.iinfo(np.int32).max


class LabelTruth:
    """Ground truth of a label image.

    Parameters
    ----------
    labels
        ``(rows, cols)``, whole numbers, also as floats; 0 is background. Where one is
        above 2147483647, all are replaced by 1, 2, ... in their order.
    where
        Its name in messages.
    categories
        Names of classes by label, as far as they are known.

    Attributes
    ----------
    labels
        ``(rows, cols)`` int32.
    categories
        Names of classes by object.
    ids, areas
        Number and pixels of each object, as `GroundTruth` has them.

    Raises
    ------
    ImageError
        If these are no labels of one plane; the message says why.
    """

    def __init__(
        self,
        labels: ArrayLike,
        *,
        where: str = "The label image",
        categories: Mapping[int, str] | None = None,
    ) -> None:
        self.labels = _as_labels(np.asarray(labels), where)
        self.ids, self.areas = _ids_and_areas(self.labels)
        self.categories = dict(categories or {})
        self._windows: dict[int, Region] | None = None

    def __repr__(self) -> str:
        return f"LabelTruth({len(self.ids)} objects, {self.shape})"

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, cols = self.labels.shape
        return rows, cols

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return self.labels.nbytes

    def mask(self, object_id: int) -> Mask:
        """Return the mask of an object."""
        window = self.window(object_id)
        there = self.labels[window.slices]
        return Mask.from_label(there, object_id, top=window.top, left=window.left)

    def window(self, object_id: int) -> Region:
        """Return the bounding box of an object."""
        if self._windows is None:
            self._windows = _windows(self.labels, self.ids)
        if object_id not in self._windows:
            raise ImageError(f"There is no object {object_id} in {self!r}.")
        return self._windows[object_id]


def _as_labels(pixels: NDArray[np.generic], where: str) -> NDArray[np.int32]:
    pixels = label_numbers(pixels, where)
    if pixels.size and int(pixels.max()) > _MOST:
        background = pixels == 0
        order = np.unique(pixels[~background])
        pixels = np.where(background, 0, np.searchsorted(order, pixels) + 1)
    return pixels.astype(np.int32)


def _ids_and_areas(
    labels: NDArray[np.int32],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if labels.max(initial=0) <= labels.size:
        areas = np.bincount(labels.ravel(), minlength=1)
        areas[0] = 0
        ids = np.flatnonzero(areas)
        return ids.astype(np.int64), areas[ids].astype(np.int64)
    ids, areas = np.unique(labels[labels > 0], return_counts=True)
    return ids.astype(np.int64), areas.astype(np.int64)


def _windows(labels: NDArray[np.int32], ids: NDArray[np.int64]) -> dict[int, Region]:
    """Return the bounding boxes of all objects, in one pass."""
    dense = labels
    if len(ids) and ids[-1] > labels.size:
        dense = np.where(labels > 0, np.searchsorted(ids, labels) + 1, 0)
    found = [w for w in ndimage.find_objects(dense) if w is not None]
    return {
        int(i): Region(rows.start, cols.start, rows.stop, cols.stop)
        for i, (rows, cols) in zip(ids, found, strict=True)
    }
