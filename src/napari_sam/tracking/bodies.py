"""Two bodies in one mask: the sign of a division that was not noted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.tracking.motion.moving import tile_of_mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.geometry.region import Region
    from napari_sam.core.mask import Mask
    from napari_sam.core.propagation import PropagatedObject
    from napari_sam.image import PromptableImage
    from napari_sam.tracking.motion.tile_views import TileViews

#: Frames in a row on which a mask covers two bodies before that is believed.
IN_A_ROW = 2
#: Share of a mask that the smaller body covers at least.
_LEAST = 0.2
#: Brightness of a body, between that around the mask and that inside of it.
_BRIGHT = 0.7
#: Pixels around a mask that tell how bright it is there.
_AROUND = 24
#: Parts that share an edge or a corner are connected.
_NEIGHBOURS = np.ones((3, 3), bool)


def covers_two(parts: NDArray[np.bool_], area: int) -> bool:
    """Whether pixels fall into two parts, either of them a good share of an area."""
    labels, count = ndimage.label(parts, _NEIGHBOURS)
    if count < 2:
        return False
    sizes = np.sort(np.bincount(labels.ravel())[1:])
    return bool(sizes[-2] > _LEAST * area)


def bright_parts(
    mask: Mask, picture: NDArray[np.float32], where: Region
) -> NDArray[np.bool_]:
    """Return which pixels of a mask are bright like its body, not like what is around.

    Parameters
    ----------
    mask
        In the pixels of the plane.
    picture
        Grey, the part of the plane that is `where`.
    where
        Region of the plane around the mask.

    Returns
    -------
    ndarray
        ``where.shape``; all of it False where nothing lies outside of the mask.
    """
    inside = mask.in_window(where)
    smooth = ndimage.gaussian_filter(picture, 1)
    if inside.all() or not inside.any():
        return np.zeros(where.shape, bool)
    around = _quantile(smooth[~inside], 0.2)
    body = _quantile(smooth[inside], 0.8)
    return np.asarray(inside & (smooth > around + _BRIGHT * (body - around)))


def _quantile(values: NDArray[np.float32], share: float) -> float:
    """Return what a share of values lies below, as `numpy.quantile` does, but soon."""
    at = share * (len(values) - 1)
    first = int(at)
    last = min(first + 1, len(values) - 1)
    low, high = np.partition(values, (first, last))[[first, last]].tolist()
    return float(low + (high - low) * (at - first))


def two_halves(parts: NDArray[np.bool_], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels of a mask that belong to the second of two bodies.

    Each pixel goes to the nearer one. Where `parts` are not two, the mask is cut across
    its longest axis.
    """
    labels, count = ndimage.label(parts & mask, _NEIGHBOURS)
    sizes = np.bincount(labels.ravel(), minlength=3)[1:]
    order = np.argsort(sizes)[::-1]
    if count < 2 or sizes[order[1]] <= _LEAST * mask.sum():
        return _cut_across(mask)
    away = [
        ndimage.distance_transform_edt(labels != number + 1) for number in order[:2]
    ]
    return np.asarray(mask & (away[1] < away[0]))


def _cut_across(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    places = np.argwhere(mask).astype(float)
    places -= places.mean(0)
    axis = np.linalg.svd(places, full_matrices=False)[2][0]
    found = np.zeros(mask.shape, bool)
    found[mask] = places @ axis > 0
    return found


class Bodies:
    """Counts on how many frames in a row a propagated mask has covered two bodies.

    Only forward in time: two daughters are one mother on the frames before.

    Parameters
    ----------
    image
        The frames.
    views
        Grey pictures of its tiles.
    """

    def __init__(self, image: PromptableImage, views: TileViews) -> None:
        self._image, self._views = image, views

    def in_a_row(
        self, before: PropagatedObject, mask: Mask, frame: int, *, model: bool = False
    ) -> int:
        """Return on how many frames up to this one it covers two bodies.

        Parameters
        ----------
        before
            The object on the frame before.
        mask, frame
            Where it is now.
        model
            Whether the model's own mask falls into two parts.
        """
        if not self._is_later(before.frame, frame) or not mask:
            return 0
        return before.bodies + 1 if model or self._are_two(mask, frame) else 0

    def parts(self, mask: Mask, frame: int) -> tuple[NDArray[np.bool_], Region]:
        """Return the bright parts of a mask, and the region of the plane they are of.

        The region is that of the mask and what is around; see `bright_parts`.
        """
        tile = tile_of_mask(self._image, mask)
        whole = tile.region(self._image.frames.plane_shape)
        picture = self._views.grey(frame, tile)
        near = mask.region.grown(_AROUND).intersection(whole)
        local = near.shifted(-whole.top, -whole.left)
        shown = picture[local.slices]
        if tile.scale > 1:
            rows = np.arange(local.top, local.bottom) // tile.scale
            cols = np.arange(local.left, local.right) // tile.scale
            shown = picture[np.ix_(rows, cols)]
        return bright_parts(mask, shown, near), near

    def _are_two(self, mask: Mask, frame: int) -> bool:
        parts, region = self.parts(mask, frame)
        own = mask.region.shifted(-region.top, -region.left)
        return covers_two(parts[own.slices], mask.area)

    def _is_later(self, before: int, frame: int) -> bool:
        frames = self._image.frames
        if "t" not in frames.sizes:
            return False
        return frames.unravel(before)["t"] < frames.unravel(frame)["t"]
