"""Lazy arrays of pixels, read from their file when they are sliced."""

from __future__ import annotations

from collections import OrderedDict
from math import prod
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import NapariSamError, NotAnImageError
from napari_sam.io.slicing import along_each_axis

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import DTypeLike, NDArray

    from napari_sam.io.slicing import Index

#: First and last index, half-open, for each dimension.
Bounds = tuple[tuple[int, int], ...]


class FileArray:
    """A lazy array in a file; slicing it reads that window only.

    Several threads may read at once, if `read` allows it.

    Parameters
    ----------
    path
        Its name in messages; None if it is from no file.
    shape, dtype
        Shape and type of the array.
    read
        Returns the pixels within bounds, half-open, for each dimension.
    """

    def __init__(
        self,
        path: Path | str | None,
        shape: tuple[int, ...],
        dtype: DTypeLike,
        read: Callable[[Bounds], NDArray[np.generic]],
    ) -> None:
        self.path, self.shape, self.dtype = path, shape, np.dtype(dtype)
        self._read = read

    def __repr__(self) -> str:
        name = getattr(self.path, "name", self.path)
        return f"FileArray({name}, {self.shape}, {self.dtype})"

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of pixels; napari requires it."""
        return prod(self.shape)

    def __getitem__(self, where: Index) -> NDArray[np.generic]:
        bounds, rest = window(where, self.shape)
        if any(start == stop for start, stop in bounds):
            shape = [stop - start for start, stop in bounds]
            return np.zeros(shape, self.dtype)[rest]
        try:
            pixels = self._read(bounds)
        except NapariSamError:
            raise
        except Exception as wrong:
            raise NotAnImageError(
                f"{self.path} cannot be read: {_why(wrong)}. Is the file damaged, or "
                "cut off?"
            ) from wrong
        return np.asarray(pixels[rest])

    def __array__(
        self, dtype: DTypeLike | None = None, copy: bool | None = None
    ) -> NDArray[np.generic]:
        pixels = self[...]
        return pixels if dtype is None else pixels.astype(dtype, copy=False)


def window(
    where: Index, shape: tuple[int, ...]
) -> tuple[Bounds, tuple[int | slice, ...]]:
    """Split an index into the bounds of a window, and the index within the window.

    Raises
    ------
    IndexError
        If it lies outside, or is not only integers and slices.
    """
    parts = along_each_axis(where, len(shape))
    if len(parts) != len(shape):
        raise IndexError(f"{len(parts)} indices for an array of shape {shape}.")
    both = [_along(part, n) for part, n in zip(parts, shape, strict=True)]
    return tuple(b for b, _ in both), tuple(r for _, r in both)


def _along(part: int | slice, size: int) -> tuple[tuple[int, int], int | slice]:
    if isinstance(part, slice):
        steps = range(size)[part]
        if not steps:
            return (0, 0), slice(None)
        low, high = min(steps[0], steps[-1]), max(steps[0], steps[-1])
        return (low, high + 1), slice(None, None, steps.step)
    index = range(size)[part]
    return (index, index + 1), 0


class StackReader:
    """Reader of windows of a stack of frames, with a cache of a few frames.

    Parameters
    ----------
    frame
        Reads a frame by its index.
    most
        Number of frames in the cache.
    """

    def __init__(
        self, frame: Callable[[int], NDArray[np.generic]], *, most: int = 4
    ) -> None:
        self._frame, self._most = frame, most
        self._cached: OrderedDict[int, NDArray[np.generic]] = OrderedDict()
        self._lock = Lock()

    def __call__(self, bounds: Bounds) -> NDArray[np.generic]:
        """Read the pixels within bounds."""
        (first, last), *inside = bounds
        cut = tuple(slice(start, stop) for start, stop in inside)
        return np.stack([np.asarray(self._get(i)[cut]) for i in range(first, last)])

    def _get(self, index: int) -> NDArray[np.generic]:
        with self._lock:
            if index in self._cached:
                self._cached.move_to_end(index)
                return self._cached[index]
        found = self._frame(index)
        with self._lock:
            self._cached[index] = found
            while len(self._cached) > self._most:
                self._cached.popitem(last=False)
        return found


def _why(wrong: BaseException) -> str:
    """Return what went wrong first, in the words of whoever noticed it."""
    while wrong.__cause__ is not None and str(wrong.__cause__):
        wrong = wrong.__cause__
    return " ".join(str(wrong).split()).rstrip(".") or type(wrong).__name__
