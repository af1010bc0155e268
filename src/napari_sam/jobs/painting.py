"""Label images painted from masks, in memory or on disk."""

from __future__ import annotations

from contextlib import contextmanager
from math import prod
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from napari_sam.core.errors import ImageError
from napari_sam.io import label_array, write_labels

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from napari_sam.core.address import Address
    from napari_sam.core.geometry.region import Region
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.images.pixels import PixelSource
    from napari_sam.io import Image
    from napari_sam.io.settings import SaveSettings

#: Pixels of labels that are painted in memory; more are painted on disk.
_IN_MEMORY = 2**26


class RegionMask(Protocol):
    """A mask in its region: a `Prediction` or a `MaskResult`."""

    @property
    def mask(self) -> NDArray[np.bool_]:
        """True inside the object; covers the region."""

    @property
    def region(self) -> Region:
        """Where the mask lies."""

    @property
    def area(self) -> int:
        """Pixels of the mask."""


class LabelArray(Protocol):
    """An array of labels to paint on: numpy, zarr, or one on disk."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each dimension."""

    def __getitem__(self, index: tuple[int | slice, ...], /) -> ArrayLike:
        """Return a window."""

    def __setitem__(
        self, index: tuple[int | slice, ...], labels: NDArray[np.uint32], /
    ) -> None:
        """Write a window."""


def paint(
    predictions: Mapping[Address, RegionMask],
    frames: Frames,
    *,
    out: LabelArray | None = None,
) -> Any:
    """Return a label image of all planes: each object's number where its mask is.

    The planes lie along the axes ``frames.sizes``; a 2D image gives a 2D result.
    Where masks overlap, the later one in the mapping is on top.

    Parameters
    ----------
    predictions
        Masks by their frame and number.
    frames
        The image.
    out
        Labels to paint on, of the result's shape: a numpy or a zarr array. Only the
        windows of the masks are read and written. By default, a new array of uint32.

    Raises
    ------
    ImageError
        If `out` has another shape.
    """
    shape = (*frames.sizes.values(), *frames.plane_shape)
    labels: LabelArray = np.zeros(shape, np.uint32) if out is None else out
    if tuple(labels.shape) != shape:
        raise ImageError(f"out has the shape {labels.shape}; the image needs {shape}.")
    for at, prediction in predictions.items():
        if not prediction.area:
            continue
        window: tuple[int | slice, ...] = (
            *frames.unravel(at.frame).values(),
            *prediction.region.slices,
        )
        painted = np.array(labels[window])
        painted[prediction.mask] = at.object_id
        labels[window] = painted
    return labels


@contextmanager
def label_target(output: Path | None, frames: Frames) -> Iterator[LabelArray | None]:
    """Yield where labels are painted: on disk if they are large, or go to a zarr.

    Otherwise None, for an array in memory.
    """
    shape = (*frames.sizes.values(), *frames.plane_shape)
    if output is None or (output.suffix != ".zarr" and prod(shape) <= _IN_MEMORY):
        yield None
        return
    with label_array(output, frames) as labels:
        yield labels


def save_labels(
    output: Path, labels: ArrayLike | PixelSource, image: Image, save: SaveSettings
) -> None:
    """Write the labels of an image in the form that the suffix says."""
    write_labels(
        output,
        labels,
        axes="".join(image.frames.sizes) + "yx",
        like=image,
        overwrite=save.overwrite,
        coco=save.coco,
    )


def save_masks(
    output: Path,
    masks: Mapping[Address, RegionMask],
    image: Image,
    save: SaveSettings,
) -> None:
    """Paint masks and write the labels."""
    with label_target(output, image.frames) as on_disk:
        labels = paint(masks, image.frames, out=on_disk)
        save_labels(output, labels, image, save)
