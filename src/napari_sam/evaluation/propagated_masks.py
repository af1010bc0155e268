"""How good propagated masks are: their IoU with true ones, over frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from napari_sam.tracking import Tracks


def mask_ious(truth: Tracks, result: Tracks) -> dict[int, dict[int, float]]:
    """Return the IoU of each true object with the one of the same id, by frame.

    Parameters
    ----------
    truth, result
        Tracks of the same frames, of which the same objects have the same ids.

    Returns
    -------
    dict
        By id, then by frame on which the truth has it; 0 where the result does not.
    """
    found: dict[int, dict[int, float]] = {s.id: {} for s in truth.segments}
    for frame in np.unique(truth.table.frames).tolist():
        true = truth.table.relabelled(frame, truth.source[frame])
        own = result.table.relabelled(frame, result.source[frame])
        ids = np.unique(true[true > 0])
        both = np.where(true == own, true, 0)
        counts = [
            np.bincount(np.searchsorted(ids, a[np.isin(a, ids)]), minlength=len(ids))
            for a in (true, own, both)
        ]
        ious = counts[2] / (counts[0] + counts[1] - counts[2])
        for i, iou in zip(ids.tolist(), ious.tolist(), strict=True):
            found[i][frame] = iou
    return found


def mean_j(
    ious: Mapping[int, Mapping[int, float]],
    given: Mapping[int, Collection[int]] | None = None,
) -> float | None:
    """Return the mean over objects of their mean IoU over frames, J of DAVIS.

    Parameters
    ----------
    ious
        As `mask_ious` returns them.
    given
        Frames of each object that were given, as seeds or corrections, and are left
        out.

    Returns
    -------
    float or None
        None if nothing is left.
    """
    kept = [
        [iou for frame, iou in frames.items() if frame not in (given or {}).get(i, ())]
        for i, frames in ious.items()
    ]
    means = [float(np.mean(some)) for some in kept if some]
    return float(np.mean(means)) if means else None
