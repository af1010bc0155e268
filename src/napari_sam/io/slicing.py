"""Types of indices, and of arrays on disk that are written window by window."""

from __future__ import annotations

from types import EllipsisType
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

#: Basic indexing along one dimension, and along several.
AxisIndex: TypeAlias = "int | slice | EllipsisType"
Index: TypeAlias = "AxisIndex | tuple[AxisIndex, ...]"


class ChunkedArray(Protocol):
    """An array on disk, in chunks, that can be written window by window: zarr."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each dimension."""

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Type of the pixels."""

    @property
    def chunks(self) -> tuple[int, ...]:
        """Length of a chunk along each dimension."""

    def __getitem__(self, index: Index, /) -> ArrayLike:
        """Return the pixels of a window."""

    def __setitem__(self, index: Index, values: NDArray[np.generic], /) -> None:
        """Write the pixels of a window."""


def along_each_axis(index: Index, ndim: int) -> list[int | slice]:
    """Return the index along each of `ndim` axes; an ellipsis is spelled out."""
    parts = list(index) if isinstance(index, tuple) else [index]
    rest: list[int | slice] = [slice(None)] * (ndim - len(parts) + 1)
    found: list[int | slice] = []
    for part in parts:
        found += rest if isinstance(part, EllipsisType) else [part]
    return found + [slice(None)] * (ndim - len(found))
