"""Lazy sources of images and label images, which read pixels when called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import ImageError
from napari_sam.core.images.frames import Frames
from napari_sam.datasets.class_table import read_classes
from napari_sam.datasets.ground_truth.label_image import LabelTruth
from napari_sam.io.images import read_image, read_label_image

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.datasets.read_cache import ReadCache

__all__ = ["ImageFile", "LabelFile", "PlaneOf", "one_plane"]


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A plane of an image file, read as `Frames` when called.

    Attributes
    ----------
    path
        Path of the image.
    cache
        Cache of images that were read.
    axes
        Axes, where they are not in the file.
    plane
        Index of the plane; None if there is only one.
    """

    path: Path
    cache: ReadCache
    axes: str | None = None
    plane: int | None = None

    def __call__(self) -> Frames:
        """Read the plane, or return it from the cache."""
        frames = self.whole()
        if self.plane is None:
            return frames
        if self.plane >= len(frames):
            raise ImageError(
                f"{self.path} has {len(frames)} frames; there is no frame {self.plane} "
                "to go with its labels, counted from 0."
            )
        return one_plane(frames, self.plane)

    def whole(self) -> Frames:
        """Return all planes of the file, which are read as they are used."""
        return self.cache.get(("image", self.path), self._read, _nbytes)

    def _read(self) -> Frames:
        frames = read_image(self.path, axes=self.axes).frames
        if isinstance(frames.data, np.ndarray):
            check_finite(frames.data, str(self.path))
        return frames


@dataclass(frozen=True, slots=True)
class PlaneOf:
    """A plane of an image that is open, as `Frames` of its own when called.

    Attributes
    ----------
    frames
        The image.
    plane
        Index of the plane.
    """

    frames: Frames
    plane: int

    def __call__(self) -> Frames:
        """Return the plane; its pixels are read as they are used."""
        return one_plane(self.frames, self.plane)

    def whole(self) -> Frames:
        """Return all planes."""
        return self.frames


@dataclass(frozen=True, slots=True)
class LabelFile:
    """A plane of a label image, read as `LabelTruth` when called.

    Attributes
    ----------
    path, cache, axes, plane
        As of `ImageFile`.
    """

    path: Path
    cache: ReadCache
    axes: str | None = None
    plane: int | None = None

    def __call__(self) -> LabelTruth:
        """Read the plane, or return it from the cache."""
        key = ("truth", self.path, self.plane)
        return self.cache.get(key, self._read, lambda truth: truth.nbytes)

    def _read(self) -> LabelTruth:
        if self.plane is not None:  # the other planes are needed as well
            frames = self.cache.get(("labels", self.path), self._open, _nbytes)
            return self._truth(frames[self.plane])
        frames = self._open()
        if len(frames) != 1:
            raise ImageError(
                f"{self.path} has {len(frames)} frames of labels; expected one, or an "
                "image with as many frames."
            )
        return self._truth(frames[0])

    def _truth(self, labels: NDArray[np.generic]) -> LabelTruth:
        classes = read_classes(self.path.with_suffix(".csv"))
        return LabelTruth(labels, where=str(self.path), categories=classes)

    def _open(self) -> Frames:
        return read_label_image(self.path, axes=self.axes).frames


def one_plane(frames: Frames, plane: int) -> Frames:
    """Return a plane as an image of its own, without reading its pixels."""
    return Frames(_Plane(frames, plane), "".join(a for a in frames.axes if a in "yxc"))


def check_finite(pixels: NDArray[np.generic], where: str) -> None:
    """Refuse images with pixels that are NaN or infinite."""
    if pixels.dtype.kind != "f":
        return
    n_invalid = int((~np.isfinite(pixels)).sum())
    if n_invalid:
        raise ImageError(
            f"{where} has {n_invalid} pixels that are NaN or infinite. Fill them, or "
            "leave the image out."
        )


class _Plane:
    """One plane of pixels that are read by slicing."""

    def __init__(self, frames: Frames, plane: int) -> None:
        self._data, self._axes = frames.data, frames.axes
        self._where = frames.unravel(plane)
        self._letters = [a for a in frames.axes if a in "yxc"]
        sizes = dict(zip(frames.axes, frames.data.shape, strict=True))
        self.shape = tuple(int(sizes[a]) for a in self._letters)
        self.dtype = frames.dtype

    def __getitem__(self, index: tuple[int | slice, ...]) -> NDArray[np.generic]:
        at: dict[str, int | slice] = dict(self._where)
        at.update(zip(self._letters, index, strict=True))
        return np.asarray(self._data[tuple(at[a] for a in self._axes)])


def _nbytes(frames: Frames) -> int:
    return frames.data.nbytes if isinstance(frames.data, np.ndarray) else 0
