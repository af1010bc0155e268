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

    from numpy.typing import NDArray

    from napari_sam.image import PromptableImage

#: Objects of a frame that are tried.
_OBJECTS = 8
#: Share of its diameter that a mask is moved by, down and left, and up and right.
_SHIFT = 0.08
#: Trust that the masks are restored with.
_TRIED = 4.0
#: What the model restores of the IoU, and the trust in motion that goes with it.
_GAINS, _TRUSTS = (0.0, 0.02, 0.04), (12.0, 8.0, 4.0)
#: Objects of a frame by which outlines are compared, offsets of logits that are tried,
#: and the gain in IoU that each logit of them has to bring at least.
_COMPARED, _OFFSETS, _WORTH = 16, np.arange(-4, 4.25, 0.25), 0.004
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


def calibrated_offset(
    image: PromptableImage, known: Mapping[int, Mapping[int, Mask]]
) -> float:
    """Return what to add to fused logits, so that outlines are as a person draws them.

    A model that draws outlines a little too narrow, or too wide, does so on every frame
    again, by the mask before. The offset is the one that restores moved masks best, and
    as far as it restores their areas, too: one that helps on a single frame and leaks
    would spoil later ones.

    Parameters
    ----------
    image
        With the model.
    known
        Masks that are right, by frame; the frame with most of them is tried.
    """
    frame = max(known, key=lambda at: (len(known[at]), -at))
    items = sorted(known[frame].items())
    some = dict(items[:: max(1, -(-len(items) // _COMPARED))])
    trust = calibrated_trust(image, frame, some)
    plane = image.frames.plane_shape
    pairs = [(mask, moved) for mask in some.values() for moved in _moved(mask, plane)]
    if trust >= ALONE or not pairs:
        return 0.0
    ious, areas = _restored(image, frame, pairs, trust)
    worth = ious.mean(0) - _WORTH * np.abs(_OFFSETS)
    best = float(_OFFSETS[worth.argmax()])
    like = float(_OFFSETS[np.abs(np.median(np.log(areas), 0)).argmin()])
    if best * like <= 0:
        return 0.0
    return best if abs(best) < abs(like) else like


def _restored(
    image: PromptableImage, frame: int, pairs: list[tuple[Mask, Mask]], trust: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return IoUs and ratios of areas of restored masks, by mask and offset."""
    prompts = [Prompts((MaskPrompt(moved, approximate=True),)) for _, moved in pairs]
    ious, ratios = [], []
    found = image.segment_many(prompts, frame)
    for (mask, moved), prediction in zip(pairs, found, strict=True):
        plane = image.frames.plane_shape
        fused = fuse(prediction, moved, plane, trust=trust)
        true = mask.in_window(fused.region)
        masks = fused.logits > -_OFFSETS[:, None, None]
        areas, common = masks.sum((1, 2)), (masks & true).sum((1, 2))
        ious.append(common / (areas + mask.area - common))
        ratios.append(np.maximum(areas, 1) / mask.area)
    return np.array(ious, np.float64), np.array(ratios, np.float64)


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
