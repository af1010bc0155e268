"""Drift: how far all of a tile moved between two frames, by phase correlation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import fft, ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The longest side that is correlated; larger tiles are averaged down to it.
_LONGEST = 256
#: How many standard deviations the peak of the correlation must stand out by.
_CLEAR = 8.0


def drift(
    source: NDArray[np.float32], target: NDArray[np.float32]
) -> tuple[float, float]:
    """Return how far the picture moved from a source to a target frame.

    Kuglin and Hines, "The phase correlation image alignment method" (1975). Where no
    shift stands out, it is none at all.

    Parameters
    ----------
    source, target
        Grey pictures ``(y, x)`` of the same shape.

    Returns
    -------
    tuple
        Rows and columns, in pixels.
    """
    by = -(-max(source.shape) // _LONGEST)
    small = [_averaged(picture, by) for picture in (source, target)]
    first, second = map(_spectrum, small)
    cross = second * first.conj()
    size = np.abs(cross)
    cross /= size + 1e-3 * size.mean() + 1e-9
    shape = small[0].shape
    found = ndimage.gaussian_filter(fft.irfft2(cross, shape), 1.0, mode="wrap")
    peak = np.unravel_index(int(found.argmax()), shape)
    if found[peak] < _CLEAR * found.std():
        return 0.0, 0.0
    rows, cols = (
        by * (int(p) - n if p > n // 2 else int(p))
        for p, n in zip(peak, shape, strict=True)
    )
    return float(rows), float(cols)


def _averaged(picture: NDArray[np.float32], by: int) -> NDArray[np.float32]:
    """Return the means of squares of `by` pixels a side; what is left over is cut."""
    rows, cols = (max(n // by, 1) for n in picture.shape)
    whole = picture[: rows * by, : cols * by]
    return np.asarray(
        whole.reshape(rows, -1, cols, whole.shape[1] // cols).mean((1, 3))
    )


def _spectrum(picture: NDArray[np.float32]) -> NDArray[np.complex64]:
    rows, cols = picture.shape
    window = np.outer(np.hanning(rows), np.hanning(cols)).astype(np.float32)
    return np.asarray(fft.rfft2((picture - picture.mean()) * window))
