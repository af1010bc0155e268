"""Accuracy of instance segmentation: labels against the true ones, object by object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import ImageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: IoUs over which the segmentation accuracy is averaged.
THRESHOLDS = np.arange(0.5, 1.0, 0.05)


@dataclass(frozen=True, slots=True, eq=False)
class InstanceAccuracy:
    """The accuracy of instances: how well the objects of one image were found.

    Attributes
    ----------
    true, found
        Numbers of objects.
    matched
        Pairs of a true and a found object at each of `THRESHOLDS`.
    """

    true: int
    found: int
    matched: NDArray[np.int64]

    @property
    def accuracies(self) -> NDArray[np.float64]:
        """Segmentation accuracy TP / (TP + FP + FN) at each of `THRESHOLDS`.

        Also called average precision; of an image with no object, true or found, 1.
        """
        either = self.true + self.found - self.matched
        return np.where(either > 0, self.matched / np.maximum(either, 1), 1.0)

    @property
    def ap50(self) -> float:
        """Segmentation accuracy at an IoU of 0.5."""
        return float(self.accuracies[0])

    @property
    def mean_sa(self) -> float:
        """Mean segmentation accuracy over IoUs of 0.5 to 0.95."""
        return float(self.accuracies.mean())

    @property
    def f1(self) -> float:
        """F1 at an IoU of 0.5; of an image with no object, true or found, 1."""
        both = self.true + self.found
        return float(2 * self.matched[0] / both) if both else 1.0

    @property
    def count_error(self) -> float:
        """Found objects less the true ones, as a share of these."""
        return (self.found - self.true) / max(self.true, 1)


def instance_accuracy(
    found: NDArray[np.integer], true: NDArray[np.integer]
) -> InstanceAccuracy:
    """Compare label images of the same shape; 0 is background.

    Pairs above an IoU of 0.5 are unique, so that there is nothing to assign (Kirillov
    et al. 2019, "Panoptic Segmentation", section 4.1).

    Raises
    ------
    ImageError
        If their shapes differ.
    """
    if found.shape != true.shape:
        raise ImageError(
            f"Labels of {found.shape} pixels and true ones of {true.shape}: expected "
            "the same shape."
        )
    found_ids, found_at = np.unique(found, return_inverse=True)
    true_ids, true_at = np.unique(true, return_inverse=True)
    pairs = true_at.ravel() * len(found_ids) + found_at.ravel()
    size = len(true_ids) * len(found_ids)
    both = np.bincount(pairs, minlength=size).reshape(len(true_ids), len(found_ids))
    either = both.sum(1, keepdims=True) + both.sum(0, keepdims=True) - both
    ious = (both / either)[true_ids != 0][:, found_ids != 0]
    best = ious.max(1, initial=0)
    # An IoU of exactly one half may belong to two pairs; above it, to one.
    matched = [int((best > max(t, 0.5)).sum()) for t in THRESHOLDS - 1e-9]
    return InstanceAccuracy(
        int((true_ids != 0).sum()), int((found_ids != 0).sum()), np.array(matched)
    )
