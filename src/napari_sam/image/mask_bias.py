"""Mask bias: masks that a model is known to make too wide, made right again.

Each round of refinement starts from the logits of the round before, averaged to the
coarser grid of mask prompts. Of an object a few pixels wide that is blurred, so that
its mask is a fraction of a pixel too wide after some clicks. And a mask that goes
beyond the box that it was asked for is too wide as well.

Logits are lowered evenly, so that a mask keeps its shape, and a person's own threshold
its meaning.
"""

from __future__ import annotations

from dataclasses import replace
from math import log2
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.geometry.region import Region
from napari_sam.core.prompts.items import Box
from napari_sam.core.prompts.model_prompts import refinement_steps

if TYPE_CHECKING:
    from napari_sam.core.backend_spec import BackendSpec
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.prompts.items import Point

#: Masks of as many pixels are not too wide; the bias grows with each halving of that,
_UNBIASED_AREA = 1000
#: and is that of the spec after so many halvings. It grows once more, not further.
_HALVINGS, _MOST_HALVINGS = 3, 4
#: Steps in which logits are lowered until a mask fits its box, and how much better, by
#: the IoU of the boxes, it must fit for each logit.
_STEP, _WORTH = 0.25, 0.02


def without_bias(mask: Prediction, prompts: Prompts, spec: BackendSpec) -> Prediction:
    """Return a mask with its logits lowered, as far as the model is known to need it.

    Parameters
    ----------
    mask
        A prediction. Its other candidates are treated alike.
    prompts
        Its prompts, in the same coordinates.
    spec
        What is known of the model: `refinement_bias` and `box_bias`.
    """
    if not spec.refinement_bias and not spec.box_bias:
        return mask
    rounds = len(refinement_steps(prompts)) - 1
    box = _box(prompts) if spec.box_bias else None
    best, *others = (
        _fitting(_unbiased(one, rounds * spec.refinement_bias), box, spec.box_bias)
        for one in mask.candidates
    )
    return replace(best, alternatives=tuple(others))


def _unbiased(mask: Prediction, bias: float) -> Prediction:
    """Lower logits by a bias, as far as the object is small."""
    if not bias:
        return mask
    cells = int(np.count_nonzero(mask.logits > mask.threshold))
    area = cells * mask.stride[0] * mask.stride[1]
    halvings = log2(_UNBIASED_AREA / area) if area else 0
    return _lowered(mask, bias * min(max(halvings, 0), _MOST_HALVINGS) / _HALVINGS)


def _fitting(mask: Prediction, box: Box | None, most: float) -> Prediction:
    """Lower logits until a mask ends where its box does."""
    if box is None:
        return mask
    steps = np.arange(0, most + _STEP / 2, _STEP).tolist()
    worth = [_fit(mask, box, by) - _WORTH * by for by in steps]
    return _lowered(mask, steps[int(np.argmax(worth))])


def _fit(mask: Prediction, box: Box, by: float) -> float:
    """Return the IoU of a box with that around a mask whose logits are lowered."""
    cells = Region.around(mask.logits > mask.threshold + by)
    if not min(cells.shape):
        return 0.0
    (rows, cols), at = mask.stride, (mask.tile.top, mask.tile.left)
    around = Box(
        at[0] + cells.top * rows,
        at[1] + cells.left * cols,
        at[0] + cells.bottom * rows,
        at[1] + cells.right * cols,
    )
    height = min(box.bottom, around.bottom) - max(box.top, around.top)
    width = min(box.right, around.right) - max(box.left, around.left)
    common = max(height, 0) * max(width, 0)
    return common / (_area(box) + _area(around) - common)


def _area(box: Box) -> float:
    return (box.bottom - box.top) * (box.right - box.left)


def _lowered(mask: Prediction, by: float) -> Prediction:
    return replace(mask, logits=mask.logits - np.float32(by)) if by else mask


def _box(prompts: Prompts) -> Box | None:
    """Return the last box, if no click says that the object goes on beyond it."""
    clicks = [p for p in prompts.points if p.positive]
    if not prompts.boxes or not all(_is_inside(p, prompts.boxes[-1]) for p in clicks):
        return None
    return prompts.boxes[-1]


def _is_inside(point: Point, box: Box) -> bool:
    return box.top <= point.row < box.bottom and box.left <= point.col < box.right
