"""Writing label images: 0 is background, every object has its number."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam.core.errors import ImageError
from napari_sam.io.files import replacing

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: Axes as ImageJ orders them; its own format needs no others.
_IMAGEJ = "tzcyx"


def write_labels(path: str | Path, labels: ArrayLike, *, axes: str = "yx") -> None:
    """Write labels as TIFF or PNG, in the smallest type that holds them.

    The file appears complete or not at all.

    Parameters
    ----------
    path
        Ends in ``.tif``, ``.tiff`` or ``.png``.
    labels
        Whole numbers, 0 for the background.
    axes
        One letter per dimension; kept in a TIFF. PNG holds only ``"yx"``.
    """
    path, pixels = Path(path), _smallest(np.asarray(labels))
    if pixels.ndim != len(axes):
        raise ImageError(f"axes={axes!r} for labels of shape {pixels.shape}.")
    check_labels_path(path)
    if path.suffix.lower() == ".png":
        _write_png(path, pixels)
    else:
        _write_tiff(path, pixels, axes)


def check_labels_path(path: str | Path) -> None:
    """Refuse a path that `write_labels` could not write, before any long work."""
    if Path(path).suffix.lower() not in (".tif", ".tiff", ".png"):
        raise ImageError(f"{path}: labels are written as .tif, .tiff or .png.")


def _smallest(labels: NDArray[Any]) -> NDArray[Any]:
    if labels.dtype.kind not in "bui" or (labels.size and labels.min() < 0):
        raise ImageError("Labels are whole numbers from 0.")
    most = int(labels.max()) if labels.size else 0
    for kind in (np.uint8, np.uint16, np.uint32):
        if most <= np.iinfo(kind).max:
            return labels.astype(kind)
    raise ImageError(f"The label {most} is larger than 4294967295.")


def _write_tiff(path: Path, pixels: NDArray[Any], axes: str) -> None:
    import tifffile

    ordered = axes == "".join(a for a in _IMAGEJ if a in axes)
    imagej = ordered and pixels.dtype != np.uint32
    with replacing(path) as temporary:
        tifffile.imwrite(
            temporary,
            pixels,
            imagej=imagej,
            ome=False,
            photometric="minisblack",
            compression="zlib",
            metadata={"axes": axes.upper()},
        )


def _write_png(path: Path, pixels: NDArray[Any]) -> None:
    import imageio.v3 as iio

    if pixels.ndim != 2 or pixels.dtype == np.uint32:
        raise ImageError(
            f"{path}: PNG holds one plane and labels up to 65535. Write a .tif."
        )
    with replacing(path) as temporary:
        iio.imwrite(temporary, pixels)
