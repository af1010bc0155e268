"""The protocol of ground truth: the masks of the objects of one plane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_sam.core.geometry.region import Region
    from napari_sam.core.mask import Mask

__all__ = ["GroundTruth", "to_labels"]


class GroundTruth(Protocol):
    """Which pixels belong to each object of one plane; objects may overlap."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the plane."""

    @property
    def ids(self) -> NDArray[np.int64]:
        """Numbers of the objects, ascending, from 1 on."""

    @property
    def areas(self) -> NDArray[np.int64]:
        """Pixels of each object, in the order of `ids`; none is 0."""

    @property
    def categories(self) -> Mapping[int, str]:
        """Names of classes by object, as far as they are known."""

    def mask(self, object_id: int) -> Mask:
        """Return the mask of an object."""

    def window(self, object_id: int) -> Region:
        """Return the bounding box of an object, without decoding its mask."""


def to_labels(truth: GroundTruth) -> NDArray[np.int32]:
    """Return the objects as a label image ``(rows, cols)``, smaller ones on top."""
    labels = np.zeros(truth.shape, np.int32)
    for index in np.argsort(-truth.areas, kind="stable"):
        object_id = int(truth.ids[index])
        mask = truth.mask(object_id)
        labels[mask.region.slices][mask.array] = object_id
    return labels
