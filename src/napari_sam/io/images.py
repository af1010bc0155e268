"""Reading of images: a reader for each kind of file."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import (
    MissingFileError,
    NapariSamError,
    NotAnImageError,
)
from napari_sam.core.images.frames import Frames
from napari_sam.io.readers.image import Image
from napari_sam.io.readers.remote import as_url

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Image", "read_image"]

_RASTER = frozenset((".vrt", ".jp2", ".img"))
_VIDEO = frozenset({
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".ogv",
})  # fmt: skip


def read_image(path: str | Path, *, axes: str | None = None) -> Image:
    """Open an image; the pixels of large ones are read lazily, window by window.

    Parameters
    ----------
    path
        A TIFF, OME-TIFF or BigTIFF; a GeoTIFF, COG or other raster (needs rasterio); a
        video (needs av); anything imageio reads (PNG, JPEG, ...); a ``.npy`` file; a
        zarr array or OME-Zarr group; or a folder of images, each a frame. Or a URL
        that fsspec knows, of a TIFF or a zarr: only the windows
        that are used are fetched.
    axes
        One letter of ``t z c y x`` per dimension. Needed only where they are not in the
        file; if given, they override those of the file. Of a folder, the first letter
        is the axis along the files, ``t`` unless given.

    Raises
    ------
    MissingFileError
        If there is nothing at `path`.
    NotAnImageError
        If the file is no image, or holds no pixels.
    AxesError
        If the file does not say its axes, and they were not given.
    MissingPackageError
        If this kind of file needs a package that is not installed.
    """
    url = as_url(path)
    if url is None and not Path(path).exists():
        raise MissingFileError(f"{path} does not exist.")
    found = _read_file(Path(path), axes) if url is None else _read_url(url)
    try:
        frames = Frames(found.data, axes or found.axes or None)
    except NapariSamError as wrong:
        raise type(wrong)(f"{url or path}: {wrong}") from None
    return replace(
        found,
        axes=frames.axes,
        scale={a: s for a, s in found.scale.items() if a in frames.axes},
        units={a: u for a, u in found.units.items() if a in frames.axes},
        translation={a: t for a, t in found.translation.items() if a in frames.axes},
        path=Path(path) if url is None else None,
        metadata=found.metadata if url is None else {**found.metadata, "url": url},
    )


def _read_url(url: str) -> Image:
    from napari_sam.io.readers.remote import read_url

    try:
        return read_url(url)
    except NapariSamError:
        raise
    except Exception as wrong:
        reason = " ".join(str(wrong).split()) or type(wrong).__name__
        raise NotAnImageError(f"{url} cannot be read as an image: {reason}") from wrong


def _read_file(path: Path, axes: str | None) -> Image:
    try:
        return _reader(path, axes)(path)
    except NapariSamError:
        raise
    except Exception as wrong:
        raise NotAnImageError(
            f"{path} cannot be read as an image. Expected TIFF, PNG, JPEG or another "
            "format of imageio, .npy, a video, a zarr folder, or a folder of images."
        ) from wrong


def _reader(path: Path, axes: str | None) -> Callable[[Path], Image]:
    suffix = path.suffix.lower()
    if path.is_dir():
        from napari_sam.io.readers.image_folder import read_folder
        from napari_sam.io.readers.ome_zarr import is_zarr, read_zarr

        if is_zarr(path) or suffix == ".zarr":
            return read_zarr
        return partial(read_folder, read=partial(_read_file, axes=None), axes=axes)
    from napari_sam.io.readers.tiff import SUFFIXES, read_tiff

    if suffix in SUFFIXES:
        return read_tiff
    if suffix in _RASTER:
        from napari_sam.io.readers.raster import read_raster

        return read_raster
    if suffix in _VIDEO:
        from napari_sam.io.readers.video import read_video

        return read_video
    return _read_npy if suffix == ".npy" else _read_other


def _read_npy(path: Path) -> Image:
    try:
        data = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError:  # what is no plain array cannot be mapped
        data = np.load(path, allow_pickle=False)
    return Image(data=data, axes="")


def _read_other(path: Path) -> Image:
    import imageio.v3 as iio

    data = np.asarray(iio.imread(path))
    colour = "yxc" if data.shape[-1] <= 4 else ""
    by_dimensions = {2: "yx", 3: colour, 4: "tyxc"}  # four are an animation
    return Image(data=data, axes=by_dimensions.get(data.ndim, ""))
