"""Reader of DICOM by pydicom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import MissingPackageError, NotAnImageError
from napari_sam.io.optional_packages import import_optional
from napari_sam.io.readers.dicom_values import functional_group, in_units, with_units
from napari_sam.io.readers.image import Image, PixelSizes, ReadOptions

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from pydicom import Dataset

_DEFAULT = ReadOptions()
_GREY = ("MONOCHROME1", "MONOCHROME2")
#: What counts the frames of a film: FrameTime and FrameTimeVector.
_TIMES = (0x00181063, 0x00181065)


def read(path: Path, options: ReadOptions = _DEFAULT) -> Image:
    """Read the pixels of a DICOM file as they are meant.

    MONOCHROME1 is inverted, palettes become colours, and values are in the units of the
    file, such as Hounsfield: whole numbers stay so where slope and intercept are whole.
    Of numbers of objects, values are as they are stored.
    """
    pydicom = import_optional("pydicom", f"{path.name} is DICOM; reading it")
    data = pydicom.dcmread(path)
    if not any(n in data for n in ("PixelData", "FloatPixelData")):
        raise NotAnImageError(f"{path} is DICOM without pixels.")
    stored = _decoded(data, path)
    pixels = stored if options.numbers else _as_meant(data, stored, path)
    indices = ("PALETTE COLOR",) if options.numbers else ()
    colour = str(data.PhotometricInterpretation) not in (*_GREY, *indices)
    along = "t" if data.get("FrameIncrementPointer") in _TIMES else "z"
    axes = along * (pixels.ndim - 2 - colour) + "yx" + "c" * colour
    return Image(
        data=pixels,
        axes=axes,
        **_sizes(data, axes),
        nodata=None if colour or options.numbers else _padding(data),
        metadata={"kind": "DICOM"},
    )


def _decoded(data: Dataset, path: Path) -> NDArray[np.generic]:
    """Return the pixels as they are stored."""
    try:
        return np.asarray(data.pixel_array)
    except RuntimeError as wrong:
        if "missing dependencies" not in str(wrong):
            raise
        name = data.file_meta.TransferSyntaxUID.name
        raise MissingPackageError(
            f"{path} is compressed as {name}, which needs pylibjpeg: pip install "
            '"pylibjpeg[all]"'
        ) from wrong


def _as_meant(
    data: Dataset, pixels: NDArray[np.generic], path: Path
) -> NDArray[np.generic]:
    kind = str(data.PhotometricInterpretation)
    if kind == "MONOCHROME1" and pixels.dtype.kind in "ui":
        low, high = _range(data, pixels.dtype)
        pixels = np.asarray(low + high - pixels.astype(np.int64), pixels.dtype)
    if kind == "PALETTE COLOR":
        pixel_data = import_optional("pydicom.pixels", f"{path.name}: its palette")
        return np.asarray(pixel_data.apply_color_lut(pixels, data))
    if kind in _GREY:
        return with_units(data, pixels)
    if kind != "RGB" and not kind.startswith("YBR"):
        raise NotAnImageError(f"{path}: its colours are {kind}, which is not read.")
    return pixels


def _range(data: Dataset, dtype: np.dtype[np.generic]) -> tuple[int, int]:
    """Return the least and the largest value of the bits that are stored."""
    bits = int(data.get("BitsStored", 8 * dtype.itemsize))
    half = 2 ** (bits - 1)
    return (-half, half - 1) if dtype.kind == "i" else (0, 2**bits - 1)


def _padding(data: Dataset) -> float | None:
    """Return the value of pixels beyond what was scanned."""
    value = data.get("PixelPaddingValue")
    is_one_value = value is not None and "PixelPaddingRangeLimit" not in data
    inverted = str(data.PhotometricInterpretation) == "MONOCHROME1"
    return in_units(data, float(value)) if is_one_value and not inverted else None


def _sizes(data: Dataset, axes: str) -> PixelSizes:
    """Return sizes of pixels in millimetres, and of frames of a film in seconds."""
    measures = functional_group(data, "PixelMeasuresSequence") or data
    spacing = measures.get("PixelSpacing") or data.get("ImagerPixelSpacing")
    found = {} if spacing is None else dict(zip("yx", map(float, spacing), strict=True))
    units = dict.fromkeys(found, "millimeter")
    between = measures.get("SpacingBetweenSlices") or measures.get("SliceThickness")
    if "z" in axes and between:
        found["z"], units["z"] = abs(float(between)), "millimeter"
    if "t" in axes and data.get("FrameTime"):
        found["t"], units["t"] = float(data.FrameTime) / 1000, "second"
    return {"scale": found, "units": units}
