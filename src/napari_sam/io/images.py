"""Reading images: TIFF, what imageio reads, and zarr; axes as the file says them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam.core.errors import MissingFileError, NapariSamError, NotAnImageError
from napari_sam.core.frames import Frames

if TYPE_CHECKING:
    from collections.abc import Callable

_TIFF = {".tif", ".tiff", ".lsm", ".svs", ".ndpi", ".stk", ".btf", ".tf8", ".qptiff"}
#: What tifffile calls an axis, and what we call it.
_LETTERS = {"S": "c", "C": "c", "T": "t", "Z": "z", "Y": "y", "X": "x"}


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """What was in a file.

    Attributes
    ----------
    data
        The pixels: a numpy array, or a zarr array that is read plane by plane.
    axes
        One letter of ``t z c y x`` per dimension.
    metadata
        What the file says besides, as far as it was understood.
    """

    data: Any
    axes: str
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def frames(self) -> Frames:
        """The pixels as planes."""
        return Frames(self.data, self.axes)


def read_image(path: str | Path, *, axes: str | None = None) -> Image:
    """Read an image file or a zarr array.

    Parameters
    ----------
    path
        A TIFF, anything imageio reads (PNG, JPEG, ...), a ``.npy`` file, or a zarr
        array or OME-Zarr group on disk.
    axes
        One letter of ``t z c y x`` per dimension. Needed only where the file does not
        say them; given, it wins over what the file says.

    Raises
    ------
    MissingFileError
        If there is nothing at `path`.
    NotAnImageError
        If the file is no image, or holds no pixels.
    AxesError
        If the file does not say its axes, and they were not given.
    """
    path = Path(path)
    if not path.exists():
        raise MissingFileError(f"{path} does not exist.")
    reader = _reader(path)
    try:
        data, said, metadata = reader(path)
    except NapariSamError:
        raise
    except Exception as wrong:
        raise NotAnImageError(
            f"{path} cannot be read as an image. Expected TIFF, PNG, JPEG or another "
            "format of imageio, .npy, or a zarr folder."
        ) from wrong
    return _checked(path, data, axes or said, metadata)


def _reader(path: Path) -> Callable[[Path], tuple[Any, str | None, dict[str, Any]]]:
    if path.is_dir():
        return _read_zarr
    if path.suffix.lower() in _TIFF:
        return _read_tiff
    return _read_npy if path.suffix.lower() == ".npy" else _read_other


def _checked(
    path: Path, data: Any, axes: str | None, metadata: dict[str, Any]
) -> Image:
    try:
        frames = Frames(data, axes)
    except NapariSamError as wrong:
        raise type(wrong)(f"{path}: {wrong}") from None
    return Image(data, frames.axes, metadata)


def _read_tiff(path: Path) -> tuple[Any, str | None, dict[str, Any]]:
    import tifffile

    with tifffile.TiffFile(path) as tiff:
        if not tiff.series:
            raise NotAnImageError(f"{path} holds no image.")
        series = tiff.series[0]
        metadata = {"kind": series.kind, "tiff_axes": series.axes}
        if 0 in series.shape:
            raise NotAnImageError(f"{path} is empty: its shape is {series.shape}.")
        return series.asarray(), _tiff_axes(series.axes), metadata


def _tiff_axes(axes: str) -> str | None:
    """Translate; None where an axis has no meaning that we know."""
    letters = [_LETTERS.get(a) for a in axes]
    known = all(letters) and len(set(letters)) == len(letters)
    return "".join(a for a in letters if a) if known else None


def _read_npy(path: Path) -> tuple[Any, str | None, dict[str, Any]]:
    return np.load(path, allow_pickle=False), None, {}


def _read_other(path: Path) -> tuple[Any, str | None, dict[str, Any]]:
    import imageio.v3 as iio

    data = np.asarray(iio.imread(path))
    by_dimensions = {2: "yx", 3: "yxc" if data.shape[-1] <= 4 else None}
    return data, by_dimensions.get(data.ndim), {}


def _read_zarr(path: Path) -> tuple[Any, str | None, dict[str, Any]]:
    import zarr

    found = zarr.open(path, mode="r")
    if isinstance(found, zarr.Array):
        names = getattr(found.metadata, "dimension_names", None)
        return found, _zarr_axes(names), dict(found.attrs)
    attributes = dict(found.attrs)
    ome: Any = attributes.get("ome", attributes)
    try:
        scales = ome["multiscales"][0]
        finest = found[scales["datasets"][0]["path"]]
    except (KeyError, IndexError, TypeError):
        raise NotAnImageError(
            f"{path} is a zarr group without an image. Name an array in it: "
            f"{', '.join(str(path / k) for k in found.keys()) or 'it is empty'}."  # noqa: SIM118
        ) from None
    names = [a["name"] if isinstance(a, dict) else a for a in scales.get("axes", ())]
    return finest, _zarr_axes(names), attributes


def _zarr_axes(names: Any) -> str | None:
    letters = [str(n).lower() for n in names or ()]
    known = bool(letters) and all(len(n) == 1 and n in "tzcyx" for n in letters)
    return "".join(letters) if known else None
