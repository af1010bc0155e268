"""Drift: how far all of a tile moved between two frames, by phase correlation."""

from __future__ import annotations

from functools import lru_cache, reduce
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import fft, ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The longest side that is correlated; larger tiles are averaged down to it.
_LONGEST = 256
#: How many standard deviations the peak of the correlation must stand out by.
_CLEAR = 8.0
#: Pixels of the averaged picture up to which a drift is small.
_SMALL = 4
#: Peaks that a large drift is compared with, and how much less alike pictures may be by
#: the smaller one of two drifts.
_PEAKS, _ALIKE = 5, 0.03


def drift(
    source: NDArray[np.float32], target: NDArray[np.float32]
) -> tuple[float, float]:
    """Return how far the picture moved from a source to a target frame.

    Kuglin and Hines, "The phase correlation image alignment method" (1975). Where no
    shift stands out, it is none at all. Where objects lie in rows, a shift by a period
    has a peak as well, and it may be the highest: of shifts by which the pictures are
    about as alike, it is the smallest.

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
    picture
        The averaged picture.
    """

    array: NDArray[np.complex64]
    shape: tuple[int, int]
    step: int
    picture: NDArray[np.float32]


def spectrum(picture: NDArray[np.float32]) -> Spectrum:
    """Return the spectrum of a grey picture ``(y, x)``."""
    by = -(-max(picture.shape) // _LONGEST)
    small = _averaged(picture, by)
    rows, cols = small.shape
    array = np.asarray(fft.rfft2((small - small.mean()) * _taper(rows, cols)))
    return Spectrum(array, (rows, cols), by, small)


@lru_cache(4)
def _taper(rows: int, cols: int) -> NDArray[np.float32]:
    """Return a window that ends in zeros: the transform takes edges for neighbours."""
    return np.outer(np.hanning(rows), np.hanning(cols)).astype(np.float32)


def drift_of(source: Spectrum, target: Spectrum) -> tuple[float, float]:
    """Return the drift between two pictures, as `drift` does, by their spectra."""
    cross = target.array * source.array.conj()
    size = np.abs(cross)
    cross *= 1 / (size + 1e-3 * size.mean() + 1e-9)
    cross = ndimage.fourier_gaussian(cross, 1.0, n=source.shape[1])
    found = np.asarray(fft.irfft2(cross, source.shape), np.float32)
    if found.max() < _CLEAR * found.std():
        return 0.0, 0.0
    peak = _shift(int(found.argmax()), source.shape)
    if max(map(abs, peak)) > _SMALL:
        peak = _smallest([(0, 0), *_peaks(found)], source.picture, target.picture)
    return float(source.step * peak[0]), float(source.step * peak[1])


def _shift(at: int, shape: tuple[int, int]) -> tuple[int, int]:
    """Return the shift that a place in a correlation stands for."""
    places = zip(divmod(at, shape[1]), shape, strict=True)
    rows, cols = (p - n if p > n // 2 else p for p, n in places)
    return rows, cols


def _peaks(found: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Return the shifts of the highest peaks of a correlation."""
    size = 2 * _SMALL + 1
    highest = ndimage.maximum_filter(found, size, mode="wrap")
    at = np.flatnonzero((found == highest) & (found >= _CLEAR * found.std()))
    order = np.argsort(-found.ravel()[at], kind="stable")[:_PEAKS]
    return [_shift(int(n), found.shape) for n in at[order]]


def _smallest(
    shifts: list[tuple[int, int]],
    source: NDArray[np.float32],
    target: NDArray[np.float32],
) -> tuple[int, int]:
    """Return the smallest of the shifts by which pictures are about as alike."""
    alike = [_likeness(source, target, shift) for shift in shifts]
    pairs = zip(shifts, alike, strict=True)
    good = [shift for shift, a in pairs if a >= max(alike) - _ALIKE]
    return min(good, key=lambda shift: np.hypot(*shift))


def _likeness(
    source: NDArray[np.float32], target: NDArray[np.float32], shift: tuple[int, int]
) -> float:
    """Return the correlation of what both pictures show, the source being shifted."""
    (down, right), (rows, cols) = shift, source.shape
    moved = target[_common(down, rows), _common(right, cols)]
    kept = source[_common(-down, rows), _common(-right, cols)]
    a, b = moved - moved.mean(), kept - kept.mean()
    return float((a * b).sum() / (np.sqrt((a * a).sum() * (b * b).sum()) + 1e-9))


def _common(by: int, count: int) -> slice:
    """Return the part of a line that a line like it, moved by some cells, covers."""
    return slice(max(by, 0), count + min(by, 0))


def _averaged(picture: NDArray[np.float32], by: int) -> NDArray[np.float32]:
    """Return the means of squares of `by` pixels a side; what is left over is cut."""
    rows, cols = (max(n // by, 1) for n in picture.shape)
    down, across = (min(by, n) for n in picture.shape)
    lines = reduce(np.add, (picture[i : rows * down : down] for i in range(down)))
    cells = (lines[:, j : cols * across : across] for j in range(across))
    return np.asarray(reduce(np.add, cells) / (down * across), np.float32)
