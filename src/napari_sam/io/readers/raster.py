"""Reader of rasters by GDAL: GeoTIFF, COG, VRT, JPEG 2000, ASCII grids, ENVI, EHdr."""

from __future__ import annotations

import warnings
from pathlib import Path
from queue import Empty, LifoQueue
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import NotAnImageError
from napari_sam.io.optional_packages import import_optional
from napari_sam.io.readers.colour_rules import recoloured
from napari_sam.io.readers.image import Image, ReadOptions
from napari_sam.io.readers.lazy import Bounds, FileArray
from napari_sam.io.readers.raster_colours import rule_of_raster
from napari_sam.io.readers.raster_placement import placement_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from fsspec import AbstractFileSystem
    from numpy.typing import NDArray
    from rasterio import DatasetReader

    from napari_sam.core.images.pixels import PixelSource

_RGB = ("red", "green", "blue")
_DEFAULT = ReadOptions()


def read_raster(
    path: Path | str,
    options: ReadOptions = _DEFAULT,
    *,
    opener: AbstractFileSystem | None = None,
) -> Image:
    """Open a raster as a lazy image; its overviews are levels.

    Bands that are red, green and blue are the last axis, as in a photograph; so are a
    palette and inks, which become that. Other bands are the first axis.

    Parameters
    ----------
    path
        Path of the raster.
    options
        With `numbers`, indices of a palette stay as they are.
    opener
        The file system of fsspec of a remote raster.

    Raises
    ------
    MissingPackageError
        If rasterio is not installed.
    NotAnImageError
        If its colours are stored in a way that is not read.
    """
    name = Path(path).name
    import_optional("rasterio", f"{name} is a raster; reading it")
    by = {} if opener is None else {"opener": opener}
    with _open(path, by) as found:
        _check_bands(found, path)
        factors = found.overviews(1)
        colours = tuple(c.name for c in found.colorinterp)
        rgb = colours in (_RGB, (*_RGB, "alpha"))
        axes = "yx" if found.count == 1 else "yxc" if rgb else "cyx"
        levels: list[PixelSource] = [_level(path, found, axes, by)]
        for k in range(len(factors)):
            at = {**by, "overview_level": k}
            with _open(path, at) as coarser:
                levels.append(_level(path, coarser, axes, at))
        rule = rule_of_raster(found, path, numbers=options.numbers)
        if rule is not None:
            both = [recoloured(level, axes, rule, path) for level in levels]
            levels, axes = [level for level, _ in both], both[0][1]
        names = tuple(n or f"band {i}" for i, n in enumerate(found.descriptions))
        return Image(
            data=levels[0],
            axes=axes,
            levels=tuple(levels[1:]),
            nodata=found.nodata if rule is None else None,
            channel_names=names if any(found.descriptions) and rule is None else (),
            metadata={
                "kind": found.driver,
                "colours": colours if rule is None else (),
                "recoloured": rule is not None,
            },
            **placement_of(found, path),
        )


def _open(path: Path | str, options: Mapping[str, object]) -> DatasetReader:
    """Open a raster; that it has no coordinates is no reason to warn."""
    import rasterio

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        return rasterio.open(path, **options)


def _told_here(dataset: DatasetReader) -> AbstractContextManager[object]:
    """Have errors raised only: outside of this, GDAL prints them besides.

    It does so from threads of its own too, which JPEG 2000 is decoded by.
    """
    import rasterio

    threads = {"GDAL_NUM_THREADS": "1"} if dataset.driver.startswith("JP2") else {}
    return rasterio.Env(**threads)  # type: ignore[no-any-return]


def _check_bands(found: DatasetReader, path: Path | str) -> None:
    if found.count:
        return
    inside = [str(name) for name in found.subdatasets]
    raise NotAnImageError(
        f"{path} has no bands of its own"
        + (f"; open one of those in it: {', '.join(inside[:4])}." if inside else ".")
    )


def _level(
    path: Path | str, found: DatasetReader, axes: str, options: Mapping[str, object]
) -> FileArray:
    sizes = {"c": found.count, "y": found.height, "x": found.width}
    dtype = np.result_type(*found.dtypes)
    read = _Windows(path, axes, options)
    return FileArray(path, tuple(sizes[a] for a in axes), dtype, read)


class _Windows:
    """Reader of windows of a raster, with one open dataset for each thread."""

    def __init__(
        self, path: Path | str, axes: str, options: Mapping[str, object]
    ) -> None:
        self._path, self._axes, self._options = path, axes, options
        self._idle: LifoQueue[DatasetReader] = LifoQueue()

    def __call__(self, bounds: Bounds) -> NDArray[np.generic]:
        from rasterio.windows import Window

        at = dict(zip(self._axes, bounds, strict=True))
        (top, bottom), (left, right) = at["y"], at["x"]
        bands = [1 + i for i in range(*at.get("c", (0, 1)))]
        window = Window(left, top, right - left, bottom - top)
        dataset = self._borrow()
        try:
            with _told_here(dataset):
                pixels = dataset.read(bands, window=window)
        finally:
            self._idle.put(dataset)
        if "c" not in self._axes:
            return np.asarray(pixels[0])
        return np.asarray(pixels.transpose(["cyx".index(a) for a in self._axes]))

    def _borrow(self) -> DatasetReader:
        try:
            return self._idle.get_nowait()
        except Empty:
            return _open(self._path, self._options)
