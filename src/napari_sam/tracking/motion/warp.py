"""Masks moved to another frame by a flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage

from napari_sam.core.geometry.region import Region
from napari_sam.core.geometry.resampling import bordered
from napari_sam.core.mask import Mask
from napari_sam.tracking.motion.body import LEAST_RADIUS, flow_of_body

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.tracking.motion.flow import Flow

#: Signed distances are cut here: only the outline moves, not what is deep inside.
_RIM = 2.0
#: Pixels around a mask in which distances to its outline are known.
_PADDING = 3
#: Between these shares of its area before, a moved mask is believed.
_LEAST, _MOST = 0.5, 2.0


class MovedMask(NamedTuple):
    """A mask where it is expected on the next frame.

    Attributes
    ----------
    mask
        Its pixels.
    residual
        Mean difference of what it covers from what it covered, from 0.
    """

    mask: Mask
    residual: float


def is_large(mask: Mask) -> bool:
    """Whether an object shows its own motion well enough to be moved as a body."""
    return float(np.sqrt(mask.area / np.pi)) >= LEAST_RADIUS


def moved_region(
    mask: Mask, drift: tuple[float, float], margin: int, plane: Region
) -> Region:
    """Return the region of a plane that a mask may have moved to."""
    rows, cols = round(drift[0]), round(drift[1])
    at = mask.region.shifted(rows, cols)
    grown = Region(
        at.top - margin, at.left - margin, at.bottom + margin, at.right + margin
    )
    return grown.intersection(plane)


def warp_mask(
    mask: Mask,
    flow: Flow,
    region: Region,
    drift: tuple[float, float],
    *,
    as_body: bool = False,
) -> MovedMask:
    """Move a mask by a flow; the result lies in a region of the new frame.

    The outline is moved with the accuracy of parts of a pixel, by signed distances.
    Where a flow would tear the mask up, as on a frame that shows nothing, the mask
    keeps its shape and moves with the drift. With `as_body`, an object that moves as
    one is moved by what lies inside it: see `flow_of_body`.
    """
    if min(region.shape) < 1:
        return MovedMask(Mask.empty(), 1.0)
    moved = _warped(mask, flow, region, as_body)
    if _LEAST < moved.mask.area / mask.area < _MOST:
        return moved
    rows, cols = round(drift[0]), round(drift[1])
    inside = mask.shifted(rows, cols).in_window(region)
    shifted = Mask.from_array(inside, top=region.top, left=region.left)
    return MovedMask(shifted, 1.0)


def _warped(mask: Mask, flow: Flow, region: Region, as_body: bool) -> MovedMask:
    region = region.intersection(flow.region)
    as_body = as_body and is_large(mask)
    if min(region.shape) > 0 and not as_body:
        # A body may go where its pixels do not lead.
        region = flow.led_to(mask.region.grown(_PADDING), region)
    if min(region.shape) < 1:
        return MovedMask(Mask.empty(), 1.0)
    vectors = flow.sampled(region)
    inside = _inside(mask, vectors, region)
    if as_body and inside.any():
        radius = float(np.sqrt(mask.area / np.pi))
        vectors = flow_of_body(vectors, signed_distance(inside), radius)
        inside = _inside(mask, vectors, region)
    if not inside.any():
        return MovedMask(Mask.empty(), 1.0)
    residual = float(flow.residual_in(region)[inside].mean())
    moved = Mask.from_array(inside, top=region.top, left=region.left)
    return MovedMask(moved, residual)


def _inside(
    mask: Mask, vectors: NDArray[np.float32], region: Region
) -> NDArray[np.bool_]:
    """Return the pixels of a region that were in a mask before they moved."""
    distance = signed_distance(bordered(mask.array, _PADDING))
    start = mask.region.top - _PADDING, mask.region.left - _PADDING
    at = np.mgrid[region.slices].astype(np.float32) + vectors
    at -= np.reshape(start, (2, 1, 1))
    rows, cols = distance.shape
    near = (at[0] >= 0) & (at[0] <= rows - 1) & (at[1] >= 0) & (at[1] <= cols - 1)
    rim = np.clip(distance, -_RIM, _RIM)
    inside = np.zeros(region.shape, bool)
    inside[near] = ndimage.map_coordinates(rim, at[:, near], order=1) > 0
    return inside


def signed_distance(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Distance to the outline in pixels: positive inside, negative outside.

    The outline runs between pixels: those next to it are half a pixel away.
    """
    inside = ndimage.distance_transform_edt(mask)
    outside = ndimage.distance_transform_edt(~mask)
    away = np.where(mask, inside - 0.5, 0.5 - outside)
    return np.asarray(away, np.float32)
