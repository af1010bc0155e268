"""Reader of DICOM by pydicom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import NotAnImageError
from napari_sam.io.optional_packages import import_optional
from napari_sam.io.readers.image import Image, ReadOptions

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from pydicom import Dataset

_DEFAULT = ReadOptions()
_GREY = ("MONOCHROME1", "MONOCHROME2")


def read(path: Path, options: ReadOptions = _DEFAULT) -> Image:
    """Read the pixels of a DICOM file as they are meant: MONOCHROME1 is inverted."""
    pydicom = import_optional("pydicom", f"{path.name} is DICOM; reading it")
    data = pydicom.dcmread(path)
    if "PixelData" not in data and "FloatPixelData" not in data:
        raise NotAnImageError(f"{path} is DICOM without pixels.")
    pixels = _as_meant(data, np.asarray(data.pixel_array), path)
    colour = str(data.PhotometricInterpretation) not in _GREY
    axes = "z" * (pixels.ndim - 2 - colour) + "yx" + "c" * colour
    spacing = data.get("PixelSpacing") or data.get("ImagerPixelSpacing")
    sizes = {} if spacing is None else {"y": float(spacing[0]), "x": float(spacing[1])}
    return Image(
        data=pixels,
        axes=axes,
        scale=sizes,
        units=dict.fromkeys(sizes, "millimeter"),
        metadata={"kind": "DICOM"},
    )


def _as_meant(
    data: Dataset, pixels: NDArray[np.generic], path: Path
) -> NDArray[np.generic]:
    kind = str(data.PhotometricInterpretation)
    if kind == "MONOCHROME1":
        low, high = _range(data, pixels.dtype)
        return np.asarray(low + high - pixels.astype(np.int64), pixels.dtype)
    if kind == "PALETTE COLOR":
        pixel_data = import_optional("pydicom.pixels", f"{path.name}: its palette")
        return np.asarray(pixel_data.apply_color_lut(pixels, data))
    if kind not in ("MONOCHROME2", "RGB") and not kind.startswith("YBR"):
        raise NotAnImageError(f"{path}: its colours are {kind}, which is not read.")
    return pixels


def _range(data: Dataset, dtype: np.dtype[np.generic]) -> tuple[int, int]:
    """Return the least and the largest value of the bits that are stored."""
    bits = int(data.get("BitsStored", 8 * dtype.itemsize))
    return (
        (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        if dtype.kind == "i"
        else (
            0,
            2**bits - 1,
        )
    )
