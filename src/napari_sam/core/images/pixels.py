"""Types of pixels: arrays in memory, and sources that they are read from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

#: Pixels of any type of number: ``(y, x)`` or ``(y, x, c)`` unless named otherwise.
Pixels: TypeAlias = "NDArray[Any]"


class PixelSource(Protocol):
    """Pixels that are read by slicing: of numpy, zarr, dask, HDF5, xarray ..."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each dimension."""

    @property
    def dtype(self) -> DTypeLike:
        """Type of the pixels."""

    def __getitem__(self, index: tuple[int | slice, ...], /) -> ArrayLike:
        """Return a window: basic indexing only."""
