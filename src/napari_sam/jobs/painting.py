"""Label images painted from masks, in memory or on disk."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from napari_sam.core.address import Address
from napari_sam.core.errors import ImageError
from napari_sam.io import label_array, write_labels, write_objects
from napari_sam.io.object_files import OBJECT_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.images.pixels import PixelSource
    from napari_sam.core.json_values import JsonValue
    from napari_sam.io import Image
    from napari_sam.io.settings import SaveSettings
    from napari_sam.io.writers.outlined_objects import RegionMask

#: Pixels of labels that are painted in memory; more are painted on disk.
_IN_MEMORY = 2**26


class PaintableLabels(Protocol):
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


class Covered(NamedTuple):
    """What of masks is not in a label image, for later objects lie on it.

    Attributes
    ----------
    wholly
        Objects of which nothing is left, in order.
    partly
        How many pixels of each other object are covered.
    """

    wholly: tuple[Address, ...] = ()
    partly: Mapping[Address, int] = MappingProxyType({})


def paint(
    predictions: Mapping[Address, RegionMask],
    frames: Frames,
    *,
    out: PaintableLabels | None = None,
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
    labels: PaintableLabels = np.zeros(shape, np.uint32) if out is None else out
    if tuple(labels.shape) != shape:
        raise ImageError(f"out has the shape {labels.shape}; the image needs {shape}.")
    paint_on(labels, predictions, frames)
    return labels


def paint_on(
    labels: PaintableLabels, predictions: Mapping[Address, RegionMask], frames: Frames
) -> Covered:
    """Paint masks on labels of their image; return what of them is covered."""
    lost: Counter[Address] = Counter()
    for at, prediction in predictions.items():
        if not prediction.area:
            continue
        window: tuple[int | slice, ...] = (
            *frames.unravel(at.frame).values(),
            *prediction.region.slices,
        )
        painted, mask = np.array(labels[window]), prediction.mask
        under = painted[mask]
        numbers, counts = np.unique(under[under != 0], return_counts=True)
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            lost[Address(at.frame, number)] += count
        painted[mask] = at.object_id
        labels[window] = painted
    return _covered(predictions, lost)


def _covered(
    predictions: Mapping[Address, RegionMask], lost: Mapping[Address, int]
) -> Covered:
    mine = {at: lost[at] for at in predictions if at in lost}
    wholly = tuple(at for at, count in mine.items() if count == predictions[at].area)
    partly = {at: count for at, count in mine.items() if at not in set(wholly)}
    return Covered(wholly, partly)


@contextmanager
def label_target(
    output: Path | None, frames: Frames
) -> Iterator[PaintableLabels | None]:
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
    *,
    attributes: Mapping[Address, Mapping[str, JsonValue]] | None = None,
) -> Covered:
    """Write masks in the form of the suffix; return what of them is covered.

    In polygons and COCO every object is whole, also where others lie on it; they have
    the attributes as well, and the score of each mask.
    """
    if output.suffix.lower() in OBJECT_SUFFIXES:
        known = {
            at: {**_score(mask), **(attributes or {}).get(at, {})}
            for at, mask in masks.items()
        }
        write_objects(output, masks, image, attributes=known, coco=save.coco)
        return Covered()
    frames = image.frames
    with label_target(output, frames) as on_disk:
        shape = (*frames.sizes.values(), *frames.plane_shape)
        labels: Any = np.zeros(shape, np.uint32) if on_disk is None else on_disk
        covered = paint_on(labels, masks, frames)
        save_labels(output, labels, image, save)
    return covered


def _score(mask: RegionMask) -> dict[str, JsonValue]:
    score = getattr(mask, "score", None)
    return {} if score is None else {"score": round(float(score), 4)}
