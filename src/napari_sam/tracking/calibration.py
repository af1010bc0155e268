"""How far to trust motion: from how well the model restores what a person has given."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.core.prompts import Prompts
from napari_sam.core.prompts.items import MaskPrompt
from napari_sam.tracking.fusion import fuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from napari_sam.image import PromptableImage

#: Objects of a frame that are tried.
_OBJECTS = 8
#: Share of its diameter that a mask is moved by, down and left, and up and right.
_SHIFT = 0.08
#: Trust that the masks are restored with.
_TRIED = 4.0
#: What the model restores of the IoU, and the trust in motion that goes with it.
_GAINS, _TRUSTS = (0.0, 0.02, 0.04), (12.0, 8.0, 4.0)
#: Trust with which motion alone decides, and the gain in a stack below which it does.
ALONE, _UNKNOWN = 1000.0, 0.02


def calibrated_trust(
    image: PromptableImage, frame: int, masks: Mapping[int, Mask]
) -> float:
    """Return the log-odds to give to moved masks, for a model on this image.

    Masks that are right are moved a little, and the model is prompted with them as with
    those of another frame. A model that brings them back knows these objects, and
    motion counts less; one that does not would only do harm. From plane to plane of a
    stack, what the pictures show is enough then, and the result is `ALONE`: what the
    model adds there of its own grows with every plane.

    Parameters
    ----------
    image
        With the model.
    frame
        The frame of the masks.
    masks
        By object, all of them right.
    """
    pairs = [
        (mask, moved)
        for _, mask in islice(sorted(masks.items()), _OBJECTS)
        for moved in _moved(mask, image.frames.plane_shape)
    ]
    if not pairs:
        return _TRUSTS[0]
    prompts = [Prompts((MaskPrompt(moved, approximate=True),)) for _, moved in pairs]
    found = image.segment_many(prompts, frame)
    gains = []
    for (mask, moved), prediction in zip(pairs, found, strict=True):
        fused = fuse(prediction, moved, image.frames.plane_shape, trust=_TRIED)
        top, left = fused.region.top, fused.region.left
        restored = Mask.from_array(fused.logits > 0, top=top, left=left)
        gains.append(restored.iou(mask) - moved.iou(mask))
    gain = float(np.mean(gains))
    if "t" not in image.frames.sizes and gain < _UNKNOWN:
        return ALONE
    return float(np.interp(gain, _GAINS, _TRUSTS))


def _moved(mask: Mask, plane: tuple[int, int]) -> Iterator[Mask]:
    """Yield a mask moved by a share of its diameter, two ways, cut to the plane."""
    diameter = 2 * float(np.sqrt(mask.area / np.pi))
    by = max(1, round(_SHIFT * diameter))
    window = Region(0, 0, *plane)
    for rows, cols in ((by, -by), (-by, by)):
        shifted = mask.shifted(rows, cols)
        region = shifted.region.intersection(window)
        if min(region.shape) > 0:
            pixels = shifted.in_window(region)
            moved = Mask.from_array(pixels, top=region.top, left=region.left)
            if moved:
                yield moved
