"""Ground truth of one plane: what every layout of files comes down to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.geometry.region import Region

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

    def mask(self, object_id: int) -> NDArray[np.bool_]:
        """Return the pixels of an object, ``(rows, cols)`` of the whole plane."""

    def window(self, object_id: int) -> Region:
        """Return the tight rectangle around an object. Cheap."""


def to_labels(truth: GroundTruth) -> NDArray[np.int32]:
    """Draw every object with its number, ``(rows, cols)``, the smaller ones on top."""
    labels = np.zeros(truth.shape, np.int32)
    for index in np.argsort(-truth.areas, kind="stable"):
        object_id = int(truth.ids[index])
        part = truth.window(object_id).slices
        labels[part][truth.mask(object_id)[part]] = object_id
    return labels
