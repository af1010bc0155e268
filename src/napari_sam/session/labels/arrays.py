"""Arrays for the labels of a stack: in memory below a size, chunked on disk above."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

from napari_sam.session.labels.deferred import DeferredLabels

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from napari_sam.core.images.frames import Frames

Window: TypeAlias = "tuple[int | slice, ...]"

#: Labels of more pixels than this are on disk.
MOST_IN_MEMORY = 2**28


class LabelArray(Protocol):
    """What labels may lie in: numpy, zarr, or anything read and written by windows."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length along each axis."""

    @property
    def dtype(self) -> DTypeLike:
        """Type of the labels: integers."""

    def __getitem__(self, window: Window) -> ArrayLike:
        """Read a window."""

    def __setitem__(self, window: Window, labels: NDArray[np.integer]) -> None:
        """Write a window."""


def labels_shape(frames: Frames) -> tuple[int, ...]:
    """Return the shape of an image's labels: its axes, without channels."""
    return (*frames.sizes.values(), *frames.plane_shape)


def empty_labels(frames: Frames, *, most: int | None = None) -> LabelArray:
    """Return an array of zeros for the labels of an image.

    Parameters
    ----------
    frames
        The image.
    most
        Labels of more pixels than this are on disk; by default, `MOST_IN_MEMORY`.
    """
    shape = labels_shape(frames)
    if prod(shape) <= (MOST_IN_MEMORY if most is None else most):
        return np.zeros(shape, np.uint32)
    return labels_on_disk(frames)


def labels_on_disk(frames: Frames) -> LabelArray:
    """Return an array of zeros that takes space only where something is written.

    It lies in the folder for temporary files, is deleted with the array, and is
    written by a thread of its own.
    """
    from napari_sam.io.labels_on_disk import label_array

    stack = ExitStack()
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="napari-sam-"))
    labels: LabelArray = stack.enter_context(
        label_array(Path(folder) / "labels", frames)
    )
    return DeferredLabels(labels, stack.close)


def is_untouched(labels: LabelArray) -> bool:
    """Whether nothing was ever written to an array on disk: no need to look."""
    if getattr(labels, "is_untouched", False):
        return True
    written = getattr(labels, "nchunks_initialized", None)
    return written == 0 and not getattr(labels, "fill_value", 1)
