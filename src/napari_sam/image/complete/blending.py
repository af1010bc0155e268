"""Blending masks of several tiles into one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from napari_sam.core.prediction import Prediction

#: Logits where no tile was decoded.
NOWHERE = -10.0
#: Cells a side at which two masks are compared.
_COMPARED = 256


def blend(
    masks: Iterable[Prediction], window: Region, step: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return mean logits in a window, and where there are any.

    A mask counts the more, the farther a pixel is from an edge of its tile beyond
    which the plane goes on: there is no seam where two of them meet.

    Parameters
    ----------
    masks
        Predictions on the plane.
    window
        In pixels that are `step` times as large as the plane's.
    step
        Rows and columns of the plane per pixel.
    """
    total = np.zeros(window.shape, np.float32)
    weights = np.zeros(window.shape, np.float32)
    for mask in masks:
        common = mask.tile.coarser(step).intersection(window)
        if min(common.shape) < 1:
            continue
        at = common.shifted(-window.top, -window.left).slices
        weight = _trust(mask, common, step)
        total[at] += weight * (mask.sampled(common, step) - mask.threshold)
        weights[at] += weight
    known = weights > 0
    np.divide(total, weights, out=total, where=known)
    total[~known] = NOWHERE
    return total, known


def agreement(one: Prediction, other: Prediction) -> float:
    """IoU of two masks in the part of the plane that both tiles cover."""
    common = one.tile.intersection(other.tile)
    step = max(1, -(-max(common.shape) // _COMPARED))
    inner = Region(
        -(-common.top // step),
        -(-common.left // step),
        common.bottom // step,
        common.right // step,
    )
    if min(inner.shape) < 1:
        return 0.0
    a = one.sampled(inner, step) > one.threshold
    b = other.sampled(inner, step) > other.threshold
    either = np.count_nonzero(a | b)
    return float(np.count_nonzero(a & b) / either) if either else 0.0


def to_prediction(
    logits: NDArray[np.float32],
    window: Region,
    step: int,
    like: Prediction,
    *,
    plane: tuple[int, int],
) -> Prediction:
    """Make one prediction of blended logits; the last of them may leave the plane."""
    tile = Region(*(n * step for n in _corners(window)))
    return replace(
        like,
        logits=logits + np.float32(like.threshold),
        tile=tile.intersection(Region(0, 0, *plane)),
        stride=(float(step), float(step)),
        alternatives=(),
    )


def _corners(region: Region) -> tuple[int, int, int, int]:
    return region.top, region.left, region.bottom, region.right


def _trust(mask: Prediction, common: Region, step: int) -> NDArray[np.float32]:
    """How far each pixel is from the edges of its tile, within a quarter of it."""
    tile = mask.tile.coarser(step)
    top, left, bottom, right = mask.open_edges
    down = _ramp(common.top, common.bottom, tile.top, tile.bottom, (top, bottom))
    across = _ramp(common.left, common.right, tile.left, tile.right, (left, right))
    return np.minimum(down[:, None], across)


def _ramp(
    start: int, stop: int, first: int, last: int, beyond: tuple[bool, bool]
) -> NDArray[np.float32]:
    at = np.arange(start, stop)
    far = max(1, (last - first) // 4)
    before = at - first + 1 if beyond[0] else np.full(len(at), far)
    after = last - at if beyond[1] else np.full(len(at), far)
    return np.asarray(np.minimum(np.minimum(before, after), far), np.float32)
