"""An object cut out of its image, with its mask as opacity."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.mask import Mask
    from napari_sam.io.cutouts.settings import CutoutSettings

__all__ = ["Cutout", "cut_out", "opacity", "shown", "window_around"]

#: Standard deviation of a blurred background, as a share of the window.
_BLUR = 0.06


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """An object of a frame, cut out.

    Attributes
    ----------
    frame
        Index of its frame.
    object_id
        Its number.
    category
        Its class; empty if it has none.
    region
        Where the picture lies on the plane.
    area
        Pixels of the object.
    pixels
        ``(y, x, 4)``, 8-bit red, green, blue and opacity.
    """

    frame: int
    object_id: int
    category: str
    region: Region
    area: int
    pixels: NDArray[np.uint8]

    def save(self, path: str | Path) -> None:
        """Save it as PNG or WebP, which have opacity; the file appears whole."""
        from pathlib import Path

        from PIL import Image

        from napari_sam.core.atomic_write import replacing
        from napari_sam.core.errors import ImageError

        if Path(path).suffix.lower() not in (".png", ".webp"):
            raise ImageError(f"{path}: cut-outs are written as .png or .webp.")
        with replacing(path) as temporary:
            Image.fromarray(self.pixels).save(temporary)


def cut_out(
    frames: Frames,
    frame: int,
    mask: Mask,
    appearance: Appearance,
    settings: CutoutSettings,
    *,
    object_id: int = 1,
    category: str = "",
) -> Cutout:
    """Cut an object out of a frame; only the window around it is read.

    Parameters
    ----------
    frames
        The image.
    frame
        Index of the frame.
    mask
        The pixels of the object.
    appearance
        How the image is shown in 8 bits.
    settings
        Margin, feather and background.
    object_id, category
        Number and class of the object, which are only noted.
    """
    window = window_around(mask.region, settings, frames.plane_shape)
    alpha = opacity(mask.in_window(window), settings.feather)
    picture = appearance.render(frames.read(frame, window))
    pixels = shown(picture, alpha, settings.background)
    return Cutout(frame, object_id, category, window, mask.area, pixels)


def window_around(
    region: Region, settings: CutoutSettings, shape: tuple[int, int]
) -> Region:
    """Return the window of an object with its margin, within the plane."""
    margin = max(settings.margin, ceil(settings.feather / 2))
    return Region(
        max(region.top - margin, 0),
        max(region.left - margin, 0),
        min(region.bottom + margin, shape[0]),
        min(region.right + margin, shape[1]),
    )


def opacity(mask: NDArray[np.bool_], feather: float) -> NDArray[np.float32]:
    """Return opacity from 0 to 1: a ramp of `feather` pixels across the outline."""
    if feather == 0 or not mask.any():
        return mask.astype(np.float32)
    padded = np.pad(mask, 1, mode="edge")  # the rim of the image is no outline
    inner = ndimage.distance_transform_edt(padded) if not padded.all() else padded * 1e9
    outer = ndimage.distance_transform_edt(~padded)
    distance = np.where(padded, inner - 0.5, 0.5 - outer)[1:-1, 1:-1]
    ramp: NDArray[np.float32] = (0.5 + distance / feather).clip(0, 1)
    return ramp.astype(np.float32)


def shown(
    picture: NDArray[np.uint8], alpha: NDArray[np.float32], background: str
) -> NDArray[np.uint8]:
    """Return a picture ``(y, x, 4)`` before its background.

    Parameters
    ----------
    picture
        ``(y, x, 3)``.
    alpha
        ``(y, x)``, opacity of the object from 0 to 1.
    background
        ``none``: clear, and black where nothing is seen; ``white``, ``black`` or
        ``blurred``, which is the image itself out of focus.
    """
    result = np.empty((*alpha.shape, 4), np.uint8)
    if background == "none":
        result[..., :3] = np.where(alpha[..., None] > 0, picture, 0)
        result[..., 3] = np.rint(alpha * 255)
        return result
    behind = np.full(picture.shape, 255.0 * (background == "white"), np.float32)
    if background == "blurred":
        sigma = max(2.0, _BLUR * max(alpha.shape))
        behind = ndimage.gaussian_filter(picture.astype(np.float32), (sigma, sigma, 0))
    mixed = behind + (picture - behind) * alpha[..., None]
    result[..., :3] = np.rint(mixed)
    result[..., 3] = 255
    return result
