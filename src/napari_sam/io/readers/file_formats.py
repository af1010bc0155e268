"""The kind of a file, by its first bytes and its suffix, and the reader of each."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from napari_sam.core.errors import NotAnImageError
from napari_sam.io.readers.image import Image, ReadOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    #: Opens an image of one kind.
    Reader: TypeAlias = Callable[[Path, ReadOptions], Image]

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_NPY, _HDF5, _ZIP = b"\x93NUMPY", b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"
#: Suffixes of rasters of GDAL; `_RASTER_TEXT` begin with words, not with bytes.
_RASTER = frozenset({
    ".vrt", ".jp2", ".j2k", ".jpx", ".img", ".bil", ".bip", ".bsq", ".hgt", ".dem",
    ".dt0", ".dt1", ".dt2", ".ntf", ".ers", ".rst", ".sdat",
})  # fmt: skip
_GRID = (b"ncols", b"nrows", b"xll", b"yll", b"cellsize", b"dsaa", b"north:")
_VIDEO = frozenset({
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".ogv",
})  # fmt: skip
#: Files of cameras, which are TIFFs with a thumbnail in front.
_RAW = frozenset((".dng", ".cr2", ".nef", ".arw", ".orf", ".rw2", ".pef", ".srw"))
#: What files are that begin so, and hold no pixels that we read.
_NAMED: Mapping[bytes, str] = MappingProxyType({
    b"%PDF": "a PDF", b"\x1f\x8b": "compressed by gzip; unpack it",
    b"SIMPLE  =": "FITS; save it as TIFF", b"CDF": "netCDF; open one array with xarray",
    b"<svg": "a drawing (SVG); export it as PNG", b"RIFF": "RIFF without WebP",
    b"8BPS": "Photoshop with more than 8 bits; save it as TIFF",
    b"v/1\x01": "OpenEXR; save it as TIFF", b"#?RADIANCE": "Radiance HDR",
    b"II\xbc": "JPEG XR; save it as TIFF", b"\xff\x0a": "JPEG XL; save it as PNG",
    b"\0\0\0\x0cJXL": "JPEG XL; save it as PNG", b"IIRO": "raw data of a camera",
})  # fmt: skip
_START = 512


def reader_of(path: Path) -> Reader:
    """Return the reader of a file: its first bytes decide, and its suffix.

    What another package offers for the suffix comes first.

    Raises
    ------
    NotAnImageError
        If nothing here reads such a file; the message names what it is.
    MissingPackageError
        If a package reads it that is not installed.
    """
    from napari_sam.io.readers import other_packages

    offered = other_packages.offered_reader(path)
    if offered is not None:
        return offered
    with path.open("rb") as file:
        start = file.read(_START)
    by_content = _by_content(path, start)
    if by_content is not None:
        return by_content
    by_suffix = _by_suffix(path, start)
    if by_suffix is not None:
        return by_suffix
    raise NotAnImageError(_refusal(path, start))


def _by_content(path: Path, start: bytes) -> Reader | None:
    """Return the reader of what a file begins with."""
    suffix = path.suffix.lower()
    if start.startswith(_TIFF) and suffix not in _RAW:
        from napari_sam.io.readers.tiff import read_tiff

        return read_tiff
    if start.startswith(_NPY):
        return _read_npy
    if start.startswith(_HDF5):
        from napari_sam.io.readers.hdf5 import read_hdf5

        return read_hdf5
    if start.startswith(_ZIP):
        return _zipped(path)
    return _raster_or_picture(path, start)


def _raster_or_picture(path: Path, start: bytes) -> Reader | None:
    from napari_sam.io.readers.picture_file import is_picture, read_picture_file

    suffix = path.suffix.lower()
    grid = suffix in (".asc", ".grd") and start.lower().lstrip().startswith(_GRID)
    if grid or _is_envi(path) or _is_raster(path, start):
        from napari_sam.io.readers.raster import read_raster

        return read_raster
    return read_picture_file if is_picture(path, start) else None


def _is_raster(path: Path, start: bytes) -> bool:
    """Whether GDAL reads it; JPEG 2000 is a picture where rasterio is missing."""
    from importlib.util import find_spec

    is_jpeg_2000 = start.startswith((b"\0\0\0\x0cjP", b"\xff\x4f\xff\x51"))
    if is_jpeg_2000:
        return find_spec("rasterio") is not None
    return path.suffix.lower() in _RASTER


def _is_envi(path: Path) -> bool:
    """Whether a file of nothing but numbers has a header of ENVI beside it."""
    for header in (path.with_suffix(".hdr"), path.with_name(f"{path.name}.hdr")):
        if header != path and header.is_file():
            with header.open("rb") as file:
                return file.read(4).upper() == b"ENVI"
    return False


def _by_suffix(path: Path, start: bytes) -> Reader | None:
    if path.suffix.lower() in _VIDEO and start:
        from napari_sam.io.readers.video import read_video

        return lambda path, options: read_video(path)
    return None


def _zipped(path: Path) -> Reader | None:
    if path.suffix.lower() == ".npz":
        return _read_npz
    from napari_sam.io.readers.ome_zarr import read_zipped_zarr

    return read_zipped_zarr if ".zarr" in path.name.lower() else None


def _read_npy(path: Path, options: ReadOptions) -> Image:
    try:
        data = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError:  # what is no plain array cannot be mapped
        data = np.load(path, allow_pickle=False)
    return Image(data=data, axes="")


def _read_npz(path: Path, options: ReadOptions) -> Image:
    from napari_sam.io.readers.layers import choose_layer

    with np.load(path, allow_pickle=False) as arrays:
        shapes = {name: arrays[name].shape for name in arrays.files}
        name = choose_layer(path, shapes, options.layer)
        return Image(data=arrays[name], axes="", metadata={"layer": name})


def _refusal(path: Path, start: bytes) -> str:
    named = next((what for mark, what in _NAMED.items() if start.startswith(mark)), "")
    if not named and path.suffix.lower() in _RAW:
        named = "raw data of a camera; develop it to TIFF"
    if named:
        return f"{path} cannot be read as an image: it is {named}."
    return (
        f"{path} cannot be read as an image: neither content nor suffix is of a known "
        "kind. Expected TIFF, PNG, JPEG or the like, .npy, a raster, a video, a "
        "zarr folder, or a folder of images."
    )
