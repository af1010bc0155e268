"""Sparse arrays on disk, which know the chunks that were written."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.io.slicing import along_each_axis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_sam.core.images.pixels import PixelSource
    from napari_sam.io.slicing import ChunkedArray, Index


class SparseArray:
    """A zarr array of zeros, and which of its chunks were written.

    A slide of 100,000 pixels a side has 38,000 chunks, and a few objects lie in a few
    of them: to read each of them, to see whether it is empty, takes minutes.

    Parameters
    ----------
    array
        An array of zeros, written to only through this object.
    """

    def __init__(self, array: ChunkedArray) -> None:
        self.array = array
        self.shape: tuple[int, ...] = tuple(array.shape)
        self.dtype: np.dtype[np.generic] = np.dtype(array.dtype)
        self.ndim = len(self.shape)
        self._chunks: tuple[int, ...] = tuple(array.chunks)
        self._written: set[tuple[int, ...]] = set()

    def __getitem__(self, index: Index) -> NDArray[np.generic]:
        return np.asarray(self.array[index])

    def __setitem__(self, index: Index, values: NDArray[np.generic]) -> None:
        self.array[index] = values
        self._written.update(product(*self._spans(index)))

    def touches(self, window: Sequence[slice]) -> bool:
        """Whether the chunks of a window were written to."""
        return any(
            chunk in self._written for chunk in product(*self._spans(tuple(window)))
        )

    def _spans(self, index: Index) -> list[range]:
        """Return the chunks along each axis that an index reaches.

        An index has whole numbers, slices without steps, and an ellipsis at most.
        """
        parts = along_each_axis(index, self.ndim)
        spans = []
        for part, size, chunk in zip(parts, self.shape, self._chunks, strict=True):
            if isinstance(part, slice):
                start, stop, _ = part.indices(size)
            else:
                start = int(part) % size
                stop = start + 1
            end = -(-stop // chunk) if stop > start else 0
            spans.append(range(start // chunk, end))
        return spans


def touched(array: PixelSource, window: Sequence[slice]) -> bool:
    """Whether a window of any array may hold values other than zero."""
    touches = getattr(array, "touches", None)
    return True if touches is None else bool(touches(window))
