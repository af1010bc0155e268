"""Types of pixels: arrays in memory, and sources that they are read from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Pixels of any type of number: ``(y, x)`` or ``(y, x, c)`` unless said otherwise.
Pixels: TypeAlias = "NDArray[Any]"


class PixelSource(Protocol):
    """What pixels are read from by slicing: numpy, zarr, dask, HDF5, xarray ..."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each dimension."""

    @property
    def dtype(self) -> Any:
        """Type of the pixels."""

    def __getitem__(self, index: Any, /) -> Any:
        """Return a window: basic indexing only."""
