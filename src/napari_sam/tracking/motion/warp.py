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
#: Squares of the distances from a pixel to others up to there, and where they lie.
_RINGS = [
    (n, [(i, j) for i in range(-2, 3) for j in range(-2, 3) if i * i + j * j == n])
    for n in (5, 4, 2, 1)
]
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


class Origins(NamedTuple):
    """Where the pixels of a region of the new frame were on the frame before.

    Attributes
    ----------
    region
        Of the plane.
    at
        ``(2, h, w)``: rows and columns, counted from the corner of the region.
    residual
        ``(h, w)``: how unlike the two places look, from 0.
    """

    region: Region
    at: NDArray[np.float32]
    residual: NDArray[np.float32]

    @classmethod
    def by_flow(cls, flow: Flow, region: Region) -> Origins:
        """Sample a flow at the pixels of a region, as far as it is known there."""
        region = region.intersection(flow.region)
        if min(region.shape) < 1:
            nothing = np.empty((2, 0, 0), np.float32)
            return cls(Region(0, 0, 0, 0), nothing, nothing[0])
        at = flow.sampled(region)
        at[0] += np.arange(region.shape[0], dtype=np.float32)[:, None]
        at[1] += np.arange(region.shape[1], dtype=np.float32)
        return cls(region, at, flow.residual_in(region))

    def within(self, region: Region) -> Origins:
        """Return those of a smaller region."""
        both = region.intersection(self.region)
        part = both.shifted(-self.region.top, -self.region.left)
        at = self.at[:, *part.slices]
        at = at - np.reshape([part.top, part.left], (2, 1, 1)).astype(np.float32)
        return Origins(both, at, self.residual[part.slices])


def warp_mask(
    mask: Mask,
    origins: Origins,
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
    moved = _warped(mask, origins.within(region), as_body=as_body and is_large(mask))
    if _LEAST < moved.mask.area / mask.area < _MOST:
        return moved
    rows, cols = round(drift[0]), round(drift[1])
    inside = mask.shifted(rows, cols).in_window(region)
    shifted = Mask.from_array(inside, top=region.top, left=region.left)
    return MovedMask(shifted, 1.0)


def _warped(mask: Mask, origins: Origins, *, as_body: bool) -> MovedMask:
    region, at, residual = origins
    inside = _inside(mask, at, region)
    if as_body and inside.any():
        radius = float(np.sqrt(mask.area / np.pi))
        own = _indices(region.shape)
        vectors = flow_of_body(at - own, signed_distance(inside), radius)
        inside = _inside(mask, vectors + own, region)
    if not inside.any():
        return MovedMask(Mask.empty(), 1.0)
    moved = Mask.from_array(inside, top=region.top, left=region.left)
    return MovedMask(moved, float(residual[inside].mean()))


def _indices(shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.indices(shape, np.float32)


def _inside(mask: Mask, at: NDArray[np.float32], region: Region) -> NDArray[np.bool_]:
    """Return the pixels of a region that were in a mask before they moved."""
    rim = rim_distance(mask.array)
    top = mask.region.top - region.top - _PADDING
    left = mask.region.left - region.left - _PADDING
    bottom, right = top + rim.shape[0] - 1, left + rim.shape[1] - 1
    near = (at[0] >= top) & (at[0] <= bottom) & (at[1] >= left) & (at[1] <= right)
    places = np.stack([at[0][near] - top, at[1][near] - left])
    near[near] = ndimage.map_coordinates(rim, places, order=1) > 0
    return np.asarray(near)


def rim_distance(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return `signed_distance` as far as the rim is wide, of a mask and its padding."""
    padded = bordered(mask, _PADDING + 2)
    own = padded[2:-2, 2:-2]
    rows, cols = own.shape
    out = np.full(own.shape, _RIM, np.float32)
    for squared, offsets in _RINGS:
        differs = np.zeros(own.shape, bool)
        for down, right in offsets:
            differs |= padded[2 + down :, 2 + right :][:rows, :cols] != own
        out[differs] = np.sqrt(squared) - 0.5
    return np.where(own, out, -out)


def signed_distance(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Distance to the outline in pixels: positive inside, negative outside.

    The outline runs between pixels: those next to it are half a pixel away.
    """
    inside = ndimage.distance_transform_edt(mask)
    outside = ndimage.distance_transform_edt(~mask)
    away = np.where(mask, inside - 0.5, 0.5 - outside)
    return np.asarray(away, np.float32)
