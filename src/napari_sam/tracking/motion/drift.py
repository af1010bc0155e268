"""Drift: how far all of a tile moved between two frames, by phase correlation."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

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
    return drift_of(spectrum(source), spectrum(target))


class Spectrum(NamedTuple):
    """The Fourier transform of a grey picture, as drift is found by.

    Attributes
    ----------
    array
        Complex, of real numbers, of the picture averaged down.
    shape
        Rows and columns of the averaged picture.
    step
        Pixels along a side of what was averaged.
    """

    array: NDArray[np.complex64]
    shape: tuple[int, int]
    step: int


def spectrum(picture: NDArray[np.float32]) -> Spectrum:
    """Return the spectrum of a grey picture ``(y, x)``."""
    by = -(-max(picture.shape) // _LONGEST)
    small = _averaged(picture, by)
    rows, cols = small.shape
    window = np.outer(np.hanning(rows), np.hanning(cols)).astype(np.float32)
    array = np.asarray(fft.rfft2((small - small.mean()) * window))
    return Spectrum(array, (rows, cols), by)


def drift_of(source: Spectrum, target: Spectrum) -> tuple[float, float]:
    """Return the drift between two pictures, as `drift` does, by their spectra."""
    cross = target.array * source.array.conj()
    size = np.abs(cross)
    cross /= size + 1e-3 * size.mean() + 1e-9
    shape, by = source.shape, source.step
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
    down, across = (min(by, n) for n in picture.shape)
    total = np.zeros((rows, cols), np.float32)
    for i in range(down):
        for j in range(across):
            total += picture[i : rows * down : down, j : cols * across : across]
    return np.asarray(total / (down * across), np.float32)
