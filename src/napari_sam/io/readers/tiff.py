"""Lazy reader of TIFF, BigTIFF, OME-TIFF and TIFFs of microscopes."""

from __future__ import annotations

import logging
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import AxesError, MissingPackageError, NotAnImageError
from napari_sam.io.readers.colour_rules import ColourRule, recoloured
from napari_sam.io.readers.image import Image, ReadOptions
from napari_sam.io.readers.lazy import Bounds, FileArray
from napari_sam.io.readers.tiff_colours import rule_of_tiff
from napari_sam.io.readers.tiff_metadata import metadata_of_tiff
from napari_sam.io.readers.tiff_series import check_files, choose_series
from napari_sam.io.readers.upright import upright, upright_axes
from napari_sam.io.readers.world_file import placed_by_sidecar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from tifffile import TiffFile, TiffPage, TiffPageSeries
    from tifffile.zarr import ZarrStore

    from napari_sam.core.images.pixels import PixelSource
    from napari_sam.io.readers.remote import Remote

#: Suffixes of files that tifffile reads.
SUFFIXES = frozenset(
    (".tif", ".tiff", ".lsm", ".svs", ".ndpi", ".stk", ".btf", ".tf8", ".qptiff")
)
#: Letters of axes, by those of tifffile.
_LETTERS: Mapping[str, str] = MappingProxyType(
    {"S": "c", "C": "c", "T": "t", "Z": "z", "Y": "y", "X": "x"}
)
_ORIENTATION = 274
_DEFAULT = ReadOptions()
# Without a handler its remarks on damaged files go to stderr, beside our errors.
logging.getLogger("tifffile").addHandler(logging.NullHandler())
#: Compressed images up to this size in bytes are read at once.
_SMALL = 64 * 2**20


def read_tiff(path: Path, options: ReadOptions = _DEFAULT) -> Image:
    """Open the largest series of a TIFF as a lazy image, with its pyramid.

    Uncompressed pixels are mapped into memory; of others, tiles or strips are decoded
    when they are used. A raster with map coordinates is opened by `read_raster`.
    """
    import tifffile

    with tifffile.TiffFile(path) as tiff:
        if len(tiff.pages) and _has_coordinates(tiff):
            from napari_sam.io.readers.raster import read_raster

            return read_raster(path, options)
        index = choose_series(tiff, path, options.series)
        series = tiff.series[index]
        _check_axes(path, series, options)
        _check_complete(path, series, path.stat().st_size)
        check_files(path, tiff)
        _check_decoder(path, series)
        rule = _rule(series, path, options)
        levels = [_opened(path, series, index, k) for k in range(len(series.levels))]
        return placed_by_sidecar(_image(tiff, series, levels, rule, options), path)


def read_remote_tiff(remote: Remote, options: ReadOptions = _DEFAULT) -> Image:
    """Open a TIFF at a URL; only the tiles that are used are fetched."""
    import tifffile

    file = remote.open()
    tiff = tifffile.TiffFile(file, name=remote.name.name)
    if len(tiff.pages) and _has_coordinates(tiff):
        from napari_sam.io.readers.raster import read_raster

        return read_raster(remote.inside, options, opener=remote.fs)
    series = tiff.series[choose_series(tiff, remote.url, options.series)]
    _check_axes(remote.url, series, options)
    _check_complete(remote.url, series, file.size)
    _check_decoder(remote.url, series)
    rule = _rule(series, remote.url, options)
    levels = [_remote(remote, part) for part in series.levels]
    return _image(tiff, series, levels, rule, options)


def _remote(remote: Remote, part: TiffPageSeries) -> FileArray:
    segments = _Segments(part.aszarr(level=0, read_only=True))
    return FileArray(remote.url, part.shape, _dtype(part, remote.url), segments)


def _image(
    tiff: TiffFile,
    series: TiffPageSeries,
    stored: Sequence[PixelSource],
    rule: ColourRule | None,
    options: ReadOptions,
) -> Image:
    """Return the image of a series: its colours as they are meant, and upright."""
    name, metadata = tiff.filename, metadata_of_tiff(tiff)
    turn = orientation_of(series.keyframe)
    axes = shown = options.axes or _axes(series.axes)
    if len(axes) != len(series.shape):
        axes = shown = _places(series.axes)
    levels = list(stored)
    if rule is not None and ("c" in axes or not rule.samples):
        both = [recoloured(level, axes, rule, name) for level in stored]
        levels, shown = [level for level, _ in both], both[0][1]
    if "scale" in metadata:
        metadata["scale"] = upright_axes(metadata["scale"], turn)
        metadata["units"] = upright_axes(metadata.get("units", {}), turn)
    levels = [upright(level, shown, turn, name) for level in levels]
    return Image(
        data=levels[0],
        levels=tuple(levels[1:]),
        axes=shown if shown.islower() else "",
        metadata={
            "kind": series.kind,
            "tiff_axes": series.axes,
            "orientation": turn,
            "recoloured": rule is not None,
            "series": (series.index, len(tiff.series)),
        },
        **metadata,
    )


def _rule(
    series: TiffPageSeries, name: Path | str, options: ReadOptions
) -> ColourRule | None:
    page = series.keyframe
    axes = options.axes or _axes(series.axes)
    if options.numbers and page.bitspersample > 1:
        return None
    return rule_of_tiff(page, series.kind, axes, name)


def orientation_of(page: TiffPage) -> int:
    """Return how a page is to be turned, 1 to 8."""
    tag = page.tags.get(_ORIENTATION)
    return int(tag.value) if tag is not None and str(tag.value).isdigit() else 1


def _dtype(part: TiffPageSeries, name: Path | str) -> np.dtype[np.generic]:
    if part.dtype is None:
        raise NotAnImageError(f"{name} has pixels of a type that cannot be read.")
    return part.dtype


def _has_coordinates(tiff: TiffFile) -> bool:
    """Whether a TIFF has map coordinates."""
    tags = tiff.pages.first.tags
    return 34735 in tags or 33922 in tags or 34264 in tags


def _axes(axes: str) -> str:
    """Return the letters of axes; empty if an axis is unknown."""
    letters = [_LETTERS.get(a) for a in axes]
    known = all(letters) and len(set(letters)) == len(letters)
    return "".join(a for a in letters if a) if known else ""


def _places(axes: str) -> str:
    """Return a letter for each axis: those that are not known are capital ones."""
    letters = [_LETTERS.get(a, "") for a in axes]
    repeated = len(set(letters)) != len(letters)
    spare = iter("ABDEFGHIJKLMNOPQRSUVW")
    known = set("SYX") if repeated else set(_LETTERS)
    return "".join(_LETTERS[a] if a in known else next(spare) for a in axes)


def _check_axes(path: Path | str, series: TiffPageSeries, options: ReadOptions) -> None:
    """Refuse channels that are colours each, unless it is said what they are."""
    axes, free = series.axes, [a for a in "tz" if a.upper() not in series.axes]
    if options.axes or not {"C", "S"} <= set(axes):
        return
    sizes = dict(zip(axes, series.shape, strict=True))
    as_planes = axes.replace("C", free[0] if free else "C").replace("S", "c").lower()
    hint = f"Take them for planes: --axes {as_planes}. Or s" if free else "S"
    raise AxesError(
        f"{path} has {sizes['C']} channels of {sizes['S']} colours each, which are no "
        f"one image. {hint}ave each channel in a file of its own."
    )


def _check_complete(path: Path | str, series: TiffPageSeries, size: int) -> None:
    if series.kind == "ome" and len(series.pages) and series.pages[0] is None:
        return
    _check_parts(path, series)
    needed = 0
    for page in (series.keyframe, series.pages[-1]):
        if page is not None and page.dataoffsets and page.parent is series.parent:
            ends = (
                o + n
                for o, n in zip(page.dataoffsets, page.databytecounts, strict=False)
            )
            needed = max(needed, *ends, 0)
    if series.dataoffset is not None:
        needed = max(needed, series.dataoffset + series.nbytes)
    if needed > size:
        raise NotAnImageError(
            f"{path} is cut off: it has {size} bytes, and its pixels reach to byte "
            f"{needed}. Copy it again."
        )


def _check_parts(path: Path | str, series: TiffPageSeries) -> None:
    """Refuse an image of more tiles or strips than are listed: the rest would be 0."""
    page = series.keyframe
    declared, listed = prod(page.chunked), len(page.dataoffsets)
    if series.dataoffset is None and listed < declared:
        raise NotAnImageError(
            f"{path} is damaged: its size of {page.shape} takes {declared} tiles or "
            f"strips, and it lists {listed}. Copy it again."
        )


def _check_decoder(path: Path | str, series: TiffPageSeries) -> None:
    from tifffile import TIFF

    page = series.keyframe
    try:
        TIFF.DECOMPRESSORS[page.compression]
        TIFF.UNPREDICTORS[page.predictor]
    except KeyError:
        raise MissingPackageError(
            f"{path} is compressed by {page.compression!s}, which needs "
            "imagecodecs: pip install imagecodecs"
        ) from None


def _opened(path: Path, series: TiffPageSeries, index: int, level: int) -> PixelSource:
    import tifffile

    part = series.levels[level]
    dtype = _dtype(part, path)
    if level == 0 and part.dataoffset is not None:
        try:
            return tifffile.memmap(path, series=index, mode="r")
        except ValueError:
            pass  # packed bits and the like cannot be mapped
    if part.nbytes <= _SMALL:
        return part.asarray()
    store = tifffile.imread(path, aszarr=True, series=index, level=level)
    return FileArray(path, part.shape, dtype, _Segments(store))


class _Segments:
    """Reader of windows that decodes only the tiles or strips that they overlap."""

    def __init__(self, store: ZarrStore) -> None:
        import zarr

        self._array = zarr.open_array(store, mode="r")

    def __call__(self, bounds: Bounds) -> NDArray[np.generic]:
        where = tuple(slice(start, stop) for start, stop in bounds)
        return np.asarray(self._array[where])
