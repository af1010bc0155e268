"""How well the boundaries of propagated masks lie: F, the contour accuracy of DAVIS.

Perazzi et al., "A benchmark dataset and evaluation methodology for video object
segmentation" (2016).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.tracking import Tracks

#: Share of the diagonal of a frame that a boundary may be off by.
_TOLERANCE = 0.008


def mask_fs(truth: Tracks, result: Tracks) -> dict[int, dict[int, float]]:
    """Return F of each true object beside the one of the same id, by frame.

    Parameters
    ----------
    truth, result
        Tracks of the same frames, of which the same objects have the same ids.

    Returns
    -------
    dict
        By id, then by frame on which the truth has it, from 0 to 1: `mean_j` of it is
        their mean, as of IoUs.
    """
    found: dict[int, dict[int, float]] = {s.id: {} for s in truth.segments}
    for frame in np.unique(truth.table.frames).tolist():
        true = truth.table.relabelled(frame, truth.source[frame])
        own = result.table.relabelled(frame, result.source[frame])
        by = float(np.ceil(_TOLERANCE * np.hypot(*true.shape)))
        for i in np.unique(true[true > 0]).tolist():
            found[i][frame] = boundary_f(true == i, own == i, tolerance=by)
    return found


def boundary_f(
    truth: NDArray[np.bool_], result: NDArray[np.bool_], *, tolerance: float
) -> float:
    """Return the harmonic mean of precision and recall of a boundary.

    Parameters
    ----------
    truth, result
        Masks ``(y, x)`` of the same shape.
    tolerance
        Pixels that a boundary may be off by.

    Returns
    -------
    float
        From 0 to 1; 1 if both are empty.
    """
    if not truth.any() or not result.any():
        return float(truth.any() == result.any())
    margin = int(tolerance) + 2
    rows, cols = ndimage.find_objects((truth | result).astype(np.int8))[0]
    window = (
        slice(max(rows.start - margin, 0), rows.stop + margin),
        slice(max(cols.start - margin, 0), cols.stop + margin),
    )
    true, own = (_boundary(mask[window]) for mask in (truth, result))
    precision = float((ndimage.distance_transform_edt(~true)[own] <= tolerance).mean())
    recall = float((ndimage.distance_transform_edt(~own)[true] <= tolerance).mean())
    total = precision + recall
    return 2 * precision * recall / total if total else 0.0


def _boundary(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels of a mask with an edge in common with one outside."""
    return np.asarray(mask & ~ndimage.binary_erosion(mask))
