"""Statistics of an image inside objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.images.pixels import Pixels

#: The statistics, in the order of the columns.
STATISTICS = ("mean", "min", "max", "std", "median", "sum")


def intensities(
    labels: NDArray[np.int32],
    count: int,
    pixels: Pixels,
    *,
    nodata: float | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Return `STATISTICS` of one channel for each object.

    Parameters
    ----------
    labels
        Objects numbered from 1 to `count`.
    count
        How many objects there are.
    pixels
        The channel, of the same shape.
    nodata
        Value of pixels that are left out, as are NaN and infinity. An object without
        any other pixels has NaN for each statistic.
    """
    inside = labels > 0
    values = np.asarray(pixels[inside], np.float64)
    known = np.isfinite(values)
    if nodata is not None:
        known &= values != nodata
    numbers, values = labels[inside][known], values[known]
    order = np.lexsort((values, numbers))
    numbers, values = numbers[order], values[order]
    return _of_sorted(numbers, values, count)


def _of_sorted(
    numbers: NDArray[np.int32], values: NDArray[np.float64], count: int
) -> dict[str, NDArray[np.float64]]:
    """Return the statistics of values that are sorted by object, then by value."""
    ends = np.searchsorted(numbers, np.arange(1, count + 2))
    start, stop = ends[:-1], ends[1:]
    n = stop - start
    some = n > 0
    total = np.bincount(numbers, values, count + 1)[1:]
    mean = np.divide(total, n, out=np.full(count, np.nan), where=some)
    squares = np.bincount(numbers, (values - mean[numbers - 1]) ** 2, count + 1)[1:]
    std = np.sqrt(np.divide(squares, n, out=np.full(count, np.nan), where=some))

    def at(index: NDArray[np.intp]) -> NDArray[np.float64]:
        found = np.full(count, np.nan)
        found[some] = values[index[some]]
        return found

    median = (at(start + (n - 1) // 2) + at(start + n // 2)) / 2
    total = np.where(some, total, np.nan)
    columns = (mean, at(start), at(stop - 1), std, median, total)
    return dict(zip(STATISTICS, columns, strict=True))
