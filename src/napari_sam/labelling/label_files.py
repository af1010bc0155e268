"""The label images of a data set: objects read, and pixels of one exchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import ImageError
from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.io import read_label_image, write_labels

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames
    from napari_sam.io import Image
    from napari_sam.labelling.object_rows import ObjectRow


def read_label_frames(path: Path) -> Frames:
    """Open a label image, which names its own axes."""
    return read_label_image(path).frames


def mask_of(frames: Frames, row: ObjectRow) -> Mask:
    """Return the pixels of an object in a label image; maybe none."""
    region = row.region.intersection(Region(0, 0, *frames.plane_shape))
    if min(region.shape) < 1:
        return Mask.empty()
    there = np.asarray(frames.read(row.frame, region))
    return Mask.from_label(there, row.object, top=region.top, left=region.left)


def free_pixels(frames: Frames, row: ObjectRow, mask: Mask) -> Mask:
    """Return what of a mask is no other object's, in the image.

    Raises
    ------
    ImageError
        If nothing is.
    """
    region = mask.region.intersection(Region(0, 0, *frames.plane_shape))
    if min(region.shape) < 1:
        raise ImageError(f"The mask lies outside of the image: {mask!r}.")
    there = np.asarray(frames.read(row.frame, region))
    free = mask.in_window(region) & ((there == 0) | (there == row.object))
    if not free.any():
        raise ImageError(
            "The mask is empty, or lies on other objects only; these keep their pixels."
        )
    return Mask.from_array(free, top=region.top, left=region.left)


def exchange(
    path: Path, image: Image, row: ObjectRow, before: Mask, after: Mask | None
) -> None:
    """Give an object other pixels, and write the label image as a whole.

    The same once more changes nothing. Other objects keep their pixels.

    Parameters
    ----------
    path, image
        The label image, and what it is about.
    row
        Which object, and its plane.
    before, after
        Pixels it had, and those it has then; None for none.
    """
    frames = read_label_frames(path)
    planes = np.stack([np.asarray(frames[k]) for k in range(len(frames))])
    changed = _exchanged(planes[row.frame], row.object, before, after)
    if np.array_equal(changed, planes[row.frame]):
        return
    planes[row.frame] = changed
    shape = (*frames.sizes.values(), *frames.plane_shape)
    write_labels(
        path,
        planes.reshape(shape),
        axes="".join(frames.sizes) + "yx",
        like=image,
        overwrite=True,
    )


def _exchanged(
    plane: NDArray[np.generic], number: int, before: Mask, after: Mask | None
) -> NDArray[np.uint32]:
    labels = plane.astype(np.uint32)
    if before:
        part = labels[before.region.slices]
        part[before.array & (part == number)] = 0
    if after is not None and after:
        part = labels[after.region.slices]
        part[after.array & (part == 0)] = number
    return labels
