"""Fusion: the model's logits and where an object is expected, and who has a pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage

from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.tracking.bodies import covers_two
from napari_sam.tracking.motion.warp import signed_distance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_sam.core.prediction import Prediction

#: Logits of a model are cut here: beyond, it is not surer, only louder.
_LOGIT_BOUND = 4.0
#: Share of an object's radius at which the expected mask is sure.
_SURE = 0.5
#: Pixels around an expected mask that an object may grow into.
_MARGIN = 24
#: Share of the expected area below which a mask is not believed.
_LEAST = 0.25
#: Parts of a mask that share an edge or a corner are connected.
_NEIGHBOURS = np.ones((3, 3), bool)


class Fused(NamedTuple):
    """Fused logits of one object in a region of the plane, above 0 inside.

    Attributes
    ----------
    region
        Of the plane.
    logits
        Of the model and of where the object is expected.
    parted
        Whether the model alone finds two bodies where the object is expected.
    """

    region: Region
    logits: NDArray[np.float32]
    parted: bool = False


def fuse(
    prediction: Prediction | None,
    expected: Mask,
    plane: tuple[int, int],
    *,
    trust: float,
) -> Fused:
    """Return the logits of a model plus the log-odds of an expected mask.

    Parameters
    ----------
    prediction
        What the model makes of the object; None goes by the expected mask alone.
    expected
        The mask of the frame before, moved.
    plane
        Rows and columns of the plane.
    trust
        Log-odds of what is deep inside, or far outside, of the expected mask.
    """
    region = _around(expected.region, _MARGIN, plane)
    logits, parted = _log_odds(expected, region, trust), False
    if prediction is not None:
        found = np.full(region.shape, -_LOGIT_BOUND, np.float32)
        both = region.intersection(prediction.tile)
        if min(both.shape) > 0:
            at = both.shifted(-region.top, -region.left)
            found[at.slices] = prediction.sampled(both) - prediction.threshold
        logits = logits + np.clip(found, -_LOGIT_BOUND, _LOGIT_BOUND)
        own = expected.region.intersection(region)
        at = own.shifted(-region.top, -region.left)
        inside = (found[at.slices] > 0) & expected.in_window(own)
        parted = covers_two(inside, expected.area)
    return Fused(region, np.asarray(logits, np.float32), parted)


def _log_odds(expected: Mask, region: Region, trust: float) -> NDArray[np.float32]:
    """Return the log-odds of an expected mask; far outside of it, minus `trust`."""
    sure = _SURE * max(1.0, float(np.sqrt(expected.area / np.pi)))
    rim = int(np.ceil(sure)) + 1
    near = _around(expected.region, rim, (region.bottom, region.right))
    near = near.intersection(region)
    logits = np.full(region.shape, -trust, np.float32)
    distance = signed_distance(expected.in_window(near))
    at = near.shifted(-region.top, -region.left).slices
    logits[at] = np.clip(distance * (trust / sure), -trust, trust)
    return logits


def compete(
    fused: Mapping[int, Fused], expected: Mapping[int, Mask], taken: Mapping[int, Mask]
) -> dict[int, Mask]:
    """Give each pixel to the object with the highest logits there.

    Of each object the parts are kept that overlap with where it was expected; if none
    does, all of them. One of which next to nothing is left stays as it was expected.

    Parameters
    ----------
    fused, expected
        By object.
    taken
        Masks of the frame that nothing can take pixels from.

    Returns
    -------
    dict
        Masks by object, without those whose pixels are all taken.
    """
    fused = {i: _claimed(one) for i, one in fused.items()}
    rivals = _rivals({i: one.region for i, one in fused.items()})
    masks = {
        i: _winner(i, {j: fused[j] for j in rivals[i]}, one, expected[i], taken)
        for i, one in fused.items()
    }
    for i in [i for i, m in masks.items() if m.area < _LEAST * expected[i].area]:
        rest = expected[i]
        others = [m for j, m in masks.items() if j != i]
        for other in (*taken.values(), *others):
            if min(rest.region.intersection(other.region).shape) > 0:
                rest = rest - other
        masks[i] = rest or masks[i]
    return {i: mask for i, mask in masks.items() if mask}


def _claimed(fused: Fused) -> Fused:
    """Cut logits to where they are above 0: an object claims nothing else."""
    claim = Region.around(fused.logits > 0)
    region = claim.shifted(fused.region.top, fused.region.left)
    return fused._replace(region=region, logits=fused.logits[claim.slices])


def _rivals(regions: Mapping[int, Region]) -> dict[int, list[int]]:
    """Return, of each object, the others whose regions have pixels in common."""
    ids = np.array([*regions])
    sides = np.array([[r.top, r.left, r.bottom, r.right] for r in regions.values()])
    top, left, bottom, right = sides.reshape(-1, 4).T
    meet = (top[:, None] < bottom) & (top < bottom[:, None])
    meet &= (left[:, None] < right) & (left < right[:, None])
    np.fill_diagonal(meet, val=False)
    pairs = zip(ids.tolist(), meet, strict=True)
    return {i: ids[row].tolist() for i, row in pairs}


def _winner(
    i: int,
    rivals: Mapping[int, Fused],
    fused: Fused,
    expected: Mask,
    taken: Mapping[int, Mask],
) -> Mask:
    """Return the pixels of an object that no other has a better claim to."""
    region, logits = fused.region, fused.logits
    own = logits > 0
    for j, other in rivals.items():
        _yield_to(own, region, logits, other, first=j < i)
    for mask in taken.values():
        if min(region.intersection(mask.region).shape) > 0:
            own &= ~mask.in_window(region)
    kept = _connected(own, expected.in_window(region))
    return Mask.from_array(kept, top=region.top, left=region.left)


def _yield_to(
    own: NDArray[np.bool_],
    region: Region,
    logits: NDArray[np.float32],
    other: Fused,
    *,
    first: bool,
) -> None:
    """Take away the pixels where another object has higher logits."""
    both = region.intersection(other.region)
    mine = both.shifted(-region.top, -region.left).slices
    theirs = both.shifted(-other.region.top, -other.region.left).slices
    better = np.greater_equal if first else np.greater
    own[mine] &= ~better(other.logits[theirs], logits[mine])


def _connected(
    mask: NDArray[np.bool_], expected: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    labels, count = ndimage.label(mask, _NEIGHBOURS)
    if count < 2:
        return mask
    hit = np.unique(labels[expected & mask])
    return np.isin(labels, hit) if hit.size else mask


def _around(region: Region, margin: int, plane: tuple[int, int]) -> Region:
    return region.grown(margin).intersection(Region(0, 0, *plane))
