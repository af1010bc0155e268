"""Scaled arrays: a byte for each number, and an even scale for each channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class ScaledArray:
    """An array ``(C, rows, cols)`` whose numbers are made when a window is asked for.

    Attributes
    ----------
    levels
        uint8 ``(C, rows, cols)``.
    scales
        float32 ``(C, 2)``: of each channel the value of level 0, and the step to the
        next.
    """

    levels: NDArray[np.uint8]
    scales: NDArray[np.float32]

    @property
    def shape(self) -> tuple[int, ...]:
        """Channels, rows and columns."""
        return self.levels.shape

    def __getitem__(self, index: tuple[slice, slice, slice]) -> NDArray[np.float32]:
        """Return a window, of some channels or all."""
        return _scaled(self.levels[index], self.scales[index[0]])

    def __array__(
        self, dtype: np.dtype[np.generic] | None = None, copy: bool | None = None
    ) -> NDArray[np.float32]:
        """Return all of it."""
        return np.array(_scaled(self.levels, self.scales), dtype, copy=copy)

    def mean(self, axis: tuple[int, int] = (1, 2), /) -> NDArray[np.float32]:
        """Return the mean over rows and columns, in a tenth of the memory."""
        total = self.levels.sum(axis, dtype=np.uint32, keepdims=True)
        mean = total.astype(np.float32) / self.levels[0].size
        return _scaled(mean, self.scales)[:, 0, 0]


def _scaled(
    levels: NDArray[np.generic], scales: NDArray[np.float32]
) -> NDArray[np.float32]:
    low, step = scales.T[:, :, None, None]
    values = levels.astype(np.float32)
    values *= step
    values += low
    return values
