"""Readers of other packages: by entry points, and of formats that we leave to them."""

from __future__ import annotations

from functools import lru_cache, partial
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from napari_sam.core.errors import MissingPackageError, NotAnImageError
from napari_sam.io.readers.image import Image, ReadOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.metadata import EntryPoint
    from pathlib import Path

    Reader: TypeAlias = Callable[[Path, ReadOptions], Image]

#: The group of entry points by which a package offers a reader: its name is a suffix
#: without the dot, and it takes a path and a series, and returns an `Image`.
READERS = "napari_sam.readers"

#: Formats of microscopes, by suffix: their name, and the package that reads them.
_BIOIO: Mapping[str, tuple[str, str]] = MappingProxyType({
    ".czi": ("Zeiss CZI", "bioio-czi"),
    ".nd2": ("Nikon ND2", "bioio-nd2"),
    ".lif": ("Leica LIF", "bioio-lif"),
    ".dv": ("DeltaVision", "bioio-dv"),
    ".r3d": ("DeltaVision", "bioio-dv"),
    ".sldy": ("SlideBook", "bioio-sldy"),
    ".oib": ("Olympus OIB", "bioio-bioformats"),
    ".oif": ("Olympus OIF", "bioio-bioformats"),
    ".oir": ("Olympus OIR", "bioio-bioformats"),
    ".vsi": ("Olympus VSI", "bioio-bioformats"),
    ".mrxs": ("3DHISTECH MRXS", "bioio-bioformats"),
    ".zvi": ("Zeiss ZVI", "bioio-bioformats"),
    ".lof": ("Leica LOF", "bioio-bioformats"),
    ".xlef": ("Leica XLEF", "bioio-bioformats"),
    ".sld": ("SlideBook", "bioio-bioformats"),
    ".dm3": ("Gatan DM3", "bioio-bioformats"),
    ".dm4": ("Gatan DM4", "bioio-bioformats"),
    ".ipl": ("IPLab", "bioio-bioformats"),
    ".flex": ("Opera Flex", "bioio-bioformats"),
    ".companion.ome": ("OME-XML of several files", "bioio-bioformats"),
})  # fmt: skip

#: Other formats by suffix: their name, package, and the module here that calls it.
_SINGLE: Mapping[str, tuple[str, str, str]] = MappingProxyType({
    **dict.fromkeys(
        (".nii", ".nii.gz", ".mgz", ".mgh"), ("NIfTI", "nibabel", "nifti")
    ),
    **dict.fromkeys(
        (".dcm", ".dicom", ".ima"), ("DICOM", "pydicom", "dicom")
    ),
    **dict.fromkeys(
        (".mrc", ".mrcs", ".map", ".rec", ".ali", ".ccp4"), ("MRC", "mrcfile", "mrc")
    ),
})  # fmt: skip
#: Formats for which there is no adapter here; napari's readers are asked.
_NAMED: Mapping[str, str] = MappingProxyType({
    ".nrrd": "NRRD", ".mha": "MetaImage", ".mhd": "MetaImage", ".fits": "FITS",
    ".exr": "OpenEXR", ".heic": "HEIC", ".heif": "HEIF", ".jxl": "JPEG XL",
    ".xcf": "GIMP XCF", ".svg": "SVG",
})  # fmt: skip
_DICOM_MARK = (128, b"DICM")


def offered_reader(path: Path) -> Reader | None:
    """Return the reader of another package for a file; None if it is one of ours.

    Raises
    ------
    MissingPackageError
        If it is in a format that a package reads which is not installed; it is named.
    """
    entry = _entry_for(path.name.lower())
    if entry is not None:
        return partial(_read_by_entry, entry=entry)
    suffix = _suffix(path.name.lower(), (*_SINGLE, *_BIOIO, *_NAMED))
    if not suffix and _is_dicom(path):
        suffix = ".dcm"
    if suffix in _SINGLE:
        return _single(path, suffix)
    if suffix in _BIOIO:
        return _of_microscope(path, suffix)
    return _of_napari(path, suffix) if suffix in _NAMED else None


def _suffix(name: str, known: tuple[str, ...]) -> str:
    """Return the longest of the suffixes that a name ends with."""
    return max((s for s in known if name.endswith(s)), key=len, default="")


@lru_cache(maxsize=1)
def _entries() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=READERS))


def _entry_for(name: str) -> EntryPoint | None:
    fitting = [e for e in _entries() if name.endswith(f".{e.name.lower()}")]
    return max(fitting, key=lambda e: len(e.name), default=None)


def _read_by_entry(path: Path, options: ReadOptions, *, entry: EntryPoint) -> Image:
    try:
        read = entry.load()
    except (ImportError, AttributeError) as wrong:
        raise MissingPackageError(
            f"{path} is read by {entry.value}, which cannot be imported: {wrong}."
        ) from wrong
    found = read(path, series=options.series)
    if not isinstance(found, Image):
        raise NotAnImageError(
            f"{path}: {entry.value} returned a {type(found).__name__}; expected a "
            "napari_sam.io.Image."
        )
    return found


def _is_dicom(path: Path) -> bool:
    at, mark = _DICOM_MARK
    with path.open("rb") as file:
        return file.read(at + len(mark))[at:] == mark


def _single(path: Path, suffix: str) -> Reader:
    name, package, module = _SINGLE[suffix]
    if find_spec(package) is None:
        raise MissingPackageError(
            f"{path} is {name}; reading it needs {package}: pip install {package}"
        )
    reader: Reader = import_module(f"napari_sam.io.readers.{module}").read
    return reader


def _of_microscope(path: Path, suffix: str) -> Reader:
    name, package = _BIOIO[suffix]
    if find_spec("bioio") is not None and find_spec(package.replace("-", "_")):
        from napari_sam.io.readers.bioio_files import read

        return read
    found = _napari_reader(path)
    if found is None:
        raise MissingPackageError(
            f"{path} is {name}; reading it needs bioio: pip install bioio {package}"
        )
    return found


def _of_napari(path: Path, suffix: str) -> Reader:
    found = _napari_reader(path)
    if found is None:
        raise NotAnImageError(
            f"{path} is {_NAMED[suffix]}, which is not read. Save it as TIFF, or "
            "install a plugin of napari that reads it."
        )
    return found


def _napari_reader(path: Path) -> Reader | None:
    if find_spec("npe2") is None:
        return None
    from napari_sam.io.readers.napari_plugins import reader_of_plugin

    return reader_of_plugin(path)
