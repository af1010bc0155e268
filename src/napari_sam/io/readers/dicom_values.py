"""Values of DICOM in the units of the file, by slope and intercept or a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom import Dataset

_WHOLE = (np.int16, np.int32, np.int64)


def functional_group(data: Dataset, name: str, frame: int = 0) -> Dataset | None:
    """Return what a file of many frames says about one of them; None if nothing.

    Parameters
    ----------
    data
        The file.
    name
        The sequence, e.g. ``"PixelMeasuresSequence"``; it may stand in what all frames
        share.
    frame
        Index of the frame.
    """
    each = data.get("PerFrameFunctionalGroupsSequence") or ()
    groups = [*each[frame : frame + 1]]
    groups += data.get("SharedFunctionalGroupsSequence") or ()
    found = [g.get(name) for g in groups]
    return next((sequence[0] for sequence in found if sequence), None)


def with_units(data: Dataset, pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return stored grey values ``(y, x)`` or ``(z, y, x)`` in the units of the file.

    Whole numbers stay whole where slope and intercept are; else they are float32.
    """
    if data.get("ModalityLUTSequence"):
        from pydicom import pixels as pixel_data

        return np.asarray(pixel_data.processing.apply_modality_lut(pixels, data))
    frames = range(len(pixels)) if pixels.ndim == 3 else range(1)
    lines = [_line(data, k) for k in frames]
    if all(line == (1.0, 0.0) for line in lines):
        return pixels
    shape = (-1,) + (1,) * (pixels.ndim - 1) if pixels.ndim == 3 else ()
    slopes, intercepts = (np.reshape(part, shape) for part in zip(*lines, strict=True))
    values = pixels.astype(np.float64) * slopes + intercepts
    return values.astype(_dtype(lines, pixels.dtype, values))


def in_units(data: Dataset, value: float) -> float:
    """Return one stored value in the units of the file."""
    slope, intercept = _line(data, 0)
    return slope * value + intercept


def _line(data: Dataset, frame: int) -> tuple[float, float]:
    """Return slope and intercept of a frame; a slope of 0 says nothing."""
    group = functional_group(data, "PixelValueTransformationSequence", frame) or data
    slope = float(group.get("RescaleSlope") or 1)
    return slope, float(group.get("RescaleIntercept") or 0)


def _dtype(
    lines: list[tuple[float, float]],
    stored: np.dtype[np.generic],
    values: NDArray[np.float64],
) -> np.dtype[np.generic]:
    """Return the smallest type of whole numbers that holds all, or float32."""
    whole = stored.kind in "ui" and all(x.is_integer() for line in lines for x in line)
    if not whole or not values.size:
        return np.dtype(np.float32)
    low, high = float(values.min()), float(values.max())
    fitting = (t for t in _WHOLE if np.iinfo(t).min <= low and high <= np.iinfo(t).max)
    return np.dtype(next(fitting, np.float32))
