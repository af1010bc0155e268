"""Slices of DICOM in a folder, in the order in which they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import ImageError
from napari_sam.io.optional_packages import import_optional

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pydicom import Dataset

_SUFFIXES = (".dcm", ".dicom", ".ima")
_TAGS = (
    "SeriesInstanceUID", "InstanceNumber", "ImagePositionPatient",
    "ImageOrientationPatient",
)  # fmt: skip


def are_slices(files: Sequence[Path]) -> bool:
    """Whether all files of a folder are DICOM, by their names."""
    return all(file.suffix.lower() in _SUFFIXES for file in files)


def in_order(files: Sequence[Path]) -> tuple[list[Path], float | None]:
    """Return slices from the first to the last, and millimetres between them.

    Their positions decide, else their numbers, else their names.

    Raises
    ------
    ImageError
        If they are of several series.
    """
    pydicom = import_optional("pydicom", f"{files[0].name} is DICOM; reading it")
    heads = [
        pydicom.dcmread(file, stop_before_pixels=True, specific_tags=list(_TAGS))
        for file in files
    ]
    series = {str(head.get("SeriesInstanceUID", "")) for head in heads}
    if len(series) > 1:
        raise ImageError(
            f"{files[0].parent} holds slices of {len(series)} series of DICOM. Put "
            "those of each series into a folder of their own."
        )
    heights = [_height(head) for head in heads]
    if all(height is not None for height in heights):
        places = np.array(heights, np.float64)
        step = float(np.median(np.diff(np.sort(places)))) if len(places) > 1 else 0.0
        return [files[i] for i in np.argsort(places, kind="stable")], step or None
    numbers = [head.get("InstanceNumber") for head in heads]
    if all(number is not None for number in numbers):
        order = np.argsort(np.array(numbers, np.int64), kind="stable")
        return [files[i] for i in order], None
    return list(files), None


def _height(head: Dataset) -> float | None:
    """Return where a slice lies along the normal of its plane."""
    place, axes = head.get("ImagePositionPatient"), head.get("ImageOrientationPatient")
    if place is None or axes is None or len(place) != 3 or len(axes) != 6:
        return None
    along = np.array(axes, np.float64)
    return float(np.cross(along[:3], along[3:]) @ np.array(place, np.float64))
