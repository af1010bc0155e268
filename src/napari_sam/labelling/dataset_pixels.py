"""The pixels of the objects of a data set: its label images, read and changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.io import read_image
from napari_sam.labelling.label_files import (
    exchange,
    free_pixels,
    mask_of,
    read_label_frames,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.mask import Mask
    from napari_sam.labelling.dataset_layout import DatasetLayout
    from napari_sam.labelling.object_rows import ObjectRow


class DatasetPixels:
    """Reads and writes label images.

    Parameters
    ----------
    layout
        Where they lie.
    axes
        Axes of the images, where they do not name them.
    """

    def __init__(self, layout: DatasetLayout, axes: str | None) -> None:
        self._layout, self._axes = layout, axes

    def mask(self, image: Path, row: ObjectRow) -> Mask:
        """Return the pixels of an object; maybe none."""
        return mask_of(self._frames(image), row)

    def free(self, image: Path, row: ObjectRow, mask: Mask) -> Mask:
        """Return what of a mask is no other object's, in the image.

        Raises
        ------
        ImageError
            If nothing is.
        """
        return free_pixels(self._frames(image), row, mask)

    def labels(self, image: Path) -> NDArray[np.uint32]:
        """Return all labels of an image: ``(*planes, y, x)``."""
        frames = self._frames(image)
        planes = np.stack([np.asarray(frames[k]) for k in range(len(frames))])
        shape = (*frames.sizes.values(), *frames.plane_shape)
        return planes.reshape(shape).astype(np.uint32)

    def exchange(
        self, image: Path, row: ObjectRow, before: Mask, after: Mask | None
    ) -> None:
        """Give an object other pixels, and write the label image as a whole."""
        read = read_image(image, axes=self._axes)
        exchange(self._layout.labels_of(image), read, row, before, after)

    def _frames(self, image: Path) -> Frames:
        return read_label_frames(self._layout.labels_of(image))
