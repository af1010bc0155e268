"""Reader of a folder of images, as one stack."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import AxesError, ImageError, NotAnImageError
from napari_sam.io.readers.dicom_series import are_slices, in_order
from napari_sam.io.readers.image import Image, PixelSizes
from napari_sam.io.readers.lazy import FileArray, StackReader

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.core.images.pixels import PixelSource

_PICTURES = frozenset(
    (
        ".png",
        ".jpg",
        ".jpeg",
        ".bmp",
        ".gif",
        ".webp",
        ".tif",
        ".tiff",
        ".npy",
        ".dcm",
        ".dicom",
        ".ima",
    )
)
_DIGITS = re.compile(r"(\d+)")


def read_folder(
    path: Path, read: Callable[[Path], Image], *, axes: str | None = None
) -> Image:
    """Read the images of a folder as a stack, ``a2.png`` before ``a10.png``.

    Slices of DICOM are a volume, in the order in which they lie.

    Parameters
    ----------
    path
        The folder.
    read
        Reads one file.
    axes
        Axes of the stack; the first letter is the axis along the files, by
        default ``t``, of slices of DICOM ``z``.
    """
    files, usual, between = images_in(path), "t", None
    if are_slices(files):
        usual, (files, between) = "z", in_order(files)
    first = read(files[0])
    inside = axes[1:] if axes else first.axes or "yx"[: len(first.data.shape)]
    along = axes[0] if axes else usual
    if along in inside or len(inside) != len(first.data.shape):
        raise AxesError(
            f"{path}: each file has the axes {first.axes or '?'!r} and shape "
            f"{tuple(first.data.shape)}; give one letter more, for the axis along the "
            "files, such as axes='zyx'."
        )
    shape = tuple(int(n) for n in first.data.shape)
    dtype = np.dtype(first.data.dtype)

    def frame(index: int) -> NDArray[np.generic]:
        data = files[index].name, read(files[index]).data
        _check_same(path, files[0].name, shape, dtype, data)
        return np.asarray(data[1])

    return Image(
        data=FileArray(path, (len(files), *shape), dtype, StackReader(frame)),
        axes=along + inside,
        **_sizes(first, along, between),
        channel_names=first.channel_names,
        metadata={"kind": "folder", "files": [p.name for p in files]},
    )


def _sizes(first: Image, along: str, between: float | None) -> PixelSizes:
    """Return sizes of pixels, with millimetres between slices where they are known."""
    scale = {a: s for a, s in first.scale.items() if a != along}
    units = {a: u for a, u in first.units.items() if a != along}
    if between is not None and along == "z":
        scale["z"], units["z"] = between, "millimeter"
    return {"scale": scale, "units": units}


def images_in(path: Path) -> list[Path]:
    """Return the files of a folder that are images, in natural order.

    Raises
    ------
    NotAnImageError
        If there is none.
    """
    files = sorted(
        (p for p in path.iterdir() if _is_picture(p)), key=lambda p: _natural(p.name)
    )
    if not files:
        raise NotAnImageError(
            f"{path} holds no image. Expected zarr, or files such as .tif and .png, "
            "each a frame."
        )
    return files


def is_image_name(name: str) -> bool:
    """Whether files of that name are the images of a folder."""
    suffix = "." + name.rpartition(".")[2].lower()
    return suffix in _PICTURES and not name.startswith(".")


def _is_picture(path: Path) -> bool:
    return is_image_name(path.name) and path.is_file()


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Return the sort key of a file name in natural order."""
    parts = _DIGITS.split(name.lower())
    return [(1, int(p), "") if p.isdigit() else (0, 0, p) for p in parts]


def _check_same(
    path: Path,
    first: str,
    shape: tuple[int, ...],
    dtype: np.dtype[np.generic],
    other: tuple[str, PixelSource],
) -> None:
    name, data = other
    if tuple(data.shape) != shape or np.dtype(data.dtype) != dtype:
        raise ImageError(
            f"{path}: the files are no stack: {first} has the shape {shape} and type "
            f"{dtype}, but {name} has {tuple(data.shape)} and {data.dtype}. Leave it "
            "out, or make them alike."
        )
