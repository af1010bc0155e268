"""Consensus: the mask on which several candidates of one object agree.

Candidates of one click, at one scale and another, are guesses at the same boundary with
errors of their own. Those that overlap the best one mean the same object, and the mean
of their logits lies closer to its boundary than each (an ensemble without a second
model).
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil, floor
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.geometry.resampling import upsample

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from napari_sam.core.prediction import Prediction

#: Masks of at least this IoU are of the same object.
_SAME_OBJECT = 0.5
#: Logits count up to here: one that is very sure does not overrule the others.
_SURE = 6.0


def agreed(best: Prediction, others: Iterable[Prediction]) -> Prediction:
    """Return a mask with the mean logits of all candidates that agree with it.

    Parameters
    ----------
    best
        The mask on the plane that the others are compared with. Its score, threshold
        and alternatives stay.
    others
        Further masks from the same prompts; those with an IoU below one half mean
        something else.
    """
    mask = best.to_mask()
    same = [o for o in others if mask.iou(o.to_mask()) >= _SAME_OBJECT]
    if not same:
        return best
    total = _limited(best.logits, best.threshold)
    count = np.ones_like(total)
    for other in same:
        window, logits = _on_grid(other, best)
        total[window] += _limited(logits, other.threshold)
        count[window] += 1
    return replace(best, logits=total / count + np.float32(best.threshold))


def _limited(logits: NDArray[np.float32], threshold: float) -> NDArray[np.float32]:
    return np.asarray(np.clip(logits - np.float32(threshold), -_SURE, _SURE))


def _on_grid(
    mask: Prediction, onto: Prediction
) -> tuple[tuple[slice, slice], NDArray[np.float32]]:
    """Return logits in the cells of another grid, and which cells those are."""
    start = (
        (mask.tile.top - onto.tile.top) / onto.stride[0],
        (mask.tile.left - onto.tile.left) / onto.stride[1],
    )
    stride = mask.stride[0] / onto.stride[0], mask.stride[1] / onto.stride[1]
    covered = (
        start[0] + mask.tile.shape[0] / onto.stride[0],
        start[1] + mask.tile.shape[1] / onto.stride[1],
    )
    rows, cols = (
        slice(max(ceil(low - 0.5), 0), min(floor(high - 0.5) + 1, cells))
        for low, high, cells in zip(start, covered, onto.logits.shape, strict=True)
    )
    return (rows, cols), upsample(mask.logits, (rows, cols), stride, start)
