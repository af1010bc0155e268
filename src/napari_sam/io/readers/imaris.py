"""Reader of Imaris files, which are HDF5 with an array for each time and channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.io.readers.image import Image
from napari_sam.io.readers.lazy import Bounds, FileArray
from napari_sam.io.readers.units import unit_name

if TYPE_CHECKING:
    from pathlib import Path

    from h5py import AttributeManager, File, Group
    from numpy.typing import NDArray


def read_imaris(path: Path, file: File) -> Image:
    """Open the times and channels of an Imaris file, axes ``tczyx``, with levels."""
    info = file["DataSetInfo/Image"].attrs if "DataSetInfo/Image" in file else {}
    first = file["DataSet/ResolutionLevel 0"]
    times = _count(first, "TimePoint")
    channels = _count(first["TimePoint 0"], "Channel")
    levels = []
    for level in range(_count(file["DataSet"], "ResolutionLevel")):
        group = f"DataSet/ResolutionLevel {level}"
        one = file[f"{group}/TimePoint 0/Channel 0"]
        plane = tuple(_number(one.attrs, f"ImageSize{a}") for a in "ZYX")
        shape = tuple(
            int(n or m) for n, m in zip(plane, one["Data"].shape, strict=True)
        )
        levels.append(
            FileArray(
                path,
                (times, channels, *shape),
                one["Data"].dtype,
                _Windows(path, group),
            )
        )
    scale = _sizes(info, levels[0].shape[2:])
    unit = unit_name(_text(info, "Unit")) or "micrometer"
    return Image(
        data=levels[0],
        axes="tczyx",
        levels=tuple(levels[1:]),
        scale=scale,
        units=dict.fromkeys(scale, unit),
        metadata={"kind": "Imaris"},
    )


def _count(group: Group, name: str) -> int:
    return sum(str(key).startswith(f"{name} ") for key in group)


def _text(attributes: AttributeManager, name: str) -> str:
    """Return an attribute, which Imaris writes as an array of letters."""
    value = attributes.get(name)
    return "" if value is None else np.asarray(value).tobytes().decode("latin-1")


def _number(attributes: AttributeManager, name: str) -> float:
    try:
        return float(_text(attributes, name))
    except ValueError:
        return 0.0


def _sizes(info: AttributeManager, shape: tuple[int, ...]) -> dict[str, float]:
    """Return pixel sizes: the extent of the image by the number of pixels."""
    found = {}
    for axis, number, count in zip("zyx", (2, 1, 0), shape, strict=True):
        extent = _number(info, f"ExtMax{number}") - _number(info, f"ExtMin{number}")
        if extent > 0:
            found[axis] = extent / count
    return found


class _Windows:
    """Reader of windows of one level."""

    def __init__(self, path: Path, group: str) -> None:
        self._path, self._group = path, group

    def __call__(self, bounds: Bounds) -> NDArray[np.generic]:
        import h5py

        times, channels, *inside = bounds
        cut = tuple(slice(*b) for b in inside)
        with h5py.File(self._path, "r") as file:
            group = file[self._group]
            return np.stack(
                [
                    np.stack(
                        [
                            group[f"TimePoint {t}/Channel {c}/Data"][cut]
                            for c in range(*channels)
                        ]
                    )
                    for t in range(*times)
                ]
            )
