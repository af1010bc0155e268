"""Contrast: limits from values, values to 8 bits, and an index of two channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import NotAnImageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.images.pixels import Pixels


def limits_of(values: Pixels, percentiles: tuple[float, float]) -> tuple[float, float]:
    """Return percentiles of values that are finite.

    Raises
    ------
    NotAnImageError
        If none is.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        raise NotAnImageError(
            "No pixel of the image is a finite number (NaN or infinity everywhere it "
            "was sampled). Give Appearance(limits=...) if there are numbers elsewhere."
        )
    low, high = (float(v) for v in np.percentile(finite, percentiles))
    if low >= high:
        low, high = float(finite.min()), float(finite.max())
    if low >= high:
        high = low + max(1.0, abs(low) * 1e-6)
    return low, high


def scaled(channel: Pixels, low: float, high: float, gamma: float) -> NDArray[np.uint8]:
    """Bring values between two limits to 0 to 255; NaN to 0."""
    if channel.dtype in (np.uint8, np.uint16):
        every = np.arange(np.iinfo(channel.dtype).max + 1)
        return np.asarray(_to_8bit(every, low, high, gamma).take(channel))
    return _to_8bit(channel, low, high, gamma)


def _to_8bit(
    values: Pixels, low: float, high: float, gamma: float
) -> NDArray[np.uint8]:
    kind = np.float32 if values.dtype in (np.float16, np.float32) else np.float64
    unit = np.subtract(values, low, dtype=kind)
    unit /= high - low
    unit = np.nan_to_num(unit, nan=0.0, posinf=1.0, neginf=0.0).clip(0, 1)
    if gamma != 1:
        unit **= gamma
    return np.asarray(unit * 255 + 0.5, np.uint8)


def difference(a: Pixels, b: Pixels, *, nodata: float | None) -> NDArray[np.float64]:
    """Normalised difference; NaN where nothing was measured, or the sum is 0."""
    first, second = (
        np.where(v == nodata, np.nan, v.astype(np.float64)) if nodata is not None else v
        for v in (a, b)
    )
    total = np.add(first, second, dtype=np.float64)
    out = np.full(total.shape, np.nan)
    np.divide(
        np.subtract(first, second, dtype=np.float64), total, out=out, where=total != 0
    )
    return out
