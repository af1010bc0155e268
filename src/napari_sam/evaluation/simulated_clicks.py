"""Simulated clicks and boxes: the prompts that a person would give, on masks alone.

The protocol is the paper's (section 7.1, "Zero-shot single point valid mask
evaluation", and appendix D.1): a click in the middle of the object, then clicks in the
middle of the largest error; and a tight box.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.core.errors import PromptError
from napari_sam.core.prompts import Point, Prompts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari_sam.core.mask import Mask
    from napari_sam.core.prediction import Prediction

    #: Predicts a mask from prompts, as `PromptableImage.segment` does.
    Segment = Callable[[Prompts], Prediction]

__all__ = [
    "Attempt",
    "box_around",
    "click_inside",
    "iter_clicks",
    "next_click",
    "try_prompts",
]

#: Clicks in all, the first included.
CLICKS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """Prompts, the prediction from them, and the IoU that it reaches.

    Attributes
    ----------
    prompts
        All prompts so far.
    prediction
        None if the model refused the prompts.
    mask
        Its mask, or None.
    iou
        IoU with the ground truth; 0 without a prediction.
    refusal
        Why there is no prediction; empty if there is one.
    """

    prompts: Prompts
    prediction: Prediction | None
    mask: Mask | None
    iou: float
    refusal: str = ""


def click_inside(truth: Mask) -> Prompts:
    """Return a point prompt in the middle of an object, where it is deepest."""
    _, row, col = _deepest(truth)
    return Prompts().point(row, col)


def box_around(truth: Mask) -> Prompts:
    """Return the tight box prompt of an object."""
    r = truth.region
    return Prompts().rectangle(r.top, r.left, r.bottom, r.right)


def try_prompts(segment: Segment, prompts: Prompts, truth: Mask) -> Attempt:
    """Predict a mask from prompts and compare; a refusal counts as an empty mask."""
    try:
        prediction = segment(prompts)
    except PromptError as refused:
        return Attempt(prompts, None, None, 0.0, str(refused))
    mask = prediction.to_mask()
    return Attempt(prompts, prediction, mask, truth.iou(mask))


def iter_clicks(segment: Segment, truth: Mask) -> Iterator[Attempt]:
    """Yield attempts of 1 to `CLICKS` clicks, each in the middle of the largest error.

    Where the mask has no error any more, or the model refused, the last attempt is
    repeated.
    """
    attempt = try_prompts(segment, click_inside(truth), truth)
    yield attempt
    for _ in range(CLICKS - 1):
        if attempt.mask is not None and attempt.iou < 1:
            click = next_click(truth, attempt.mask)
            prompts = attempt.prompts
            if click is not None:
                prompts = prompts.point(click.row, click.col, positive=click.positive)
            attempt = try_prompts(segment, prompts, truth)
        yield attempt


def next_click(truth: Mask, predicted: Mask) -> Point | None:
    """Return the next point prompt, in the middle of the largest error of a mask.

    It is positive on pixels that are missing, and negative on those that do not belong
    to the object; None if the masks are the same.
    """
    missing, surplus = _deepest(truth - predicted), _deepest(predicted - truth)
    positive = missing[0] >= surplus[0]
    depth, row, col = missing if positive else surplus
    return Point(row, col, positive=positive) if depth else None


def _deepest(mask: Mask) -> tuple[float, int, int]:
    """Depth and position of the deepest pixel of a mask; zeros if it is empty.

    The distance transform of `scipy` is faster on large masks than `Mask.deepest`, and
    finds the same pixel: the first one, reading the rows.
    """
    if not mask:
        return 0.0, 0, 0
    depth = ndimage.distance_transform_edt(np.pad(mask.array, 1))[1:-1, 1:-1]
    row, col = np.unravel_index(int(depth.argmax()), depth.shape)
    region = mask.region
    return float(depth[row, col]), int(row) + region.top, int(col) + region.left
