"""Reader of rasters with map coordinates: GeoTIFF, COG, VRT, JPEG 2000."""

from __future__ import annotations

from math import hypot
from pathlib import Path
from queue import Empty, LifoQueue
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.io.optional_packages import import_optional
from napari_sam.io.readers.image import Image
from napari_sam.io.readers.lazy import Bounds, FileArray
from napari_sam.io.readers.units import unit_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fsspec import AbstractFileSystem
    from numpy.typing import NDArray
    from rasterio import Affine, DatasetReader
    from rasterio.crs import CRS

    from napari_sam.io.readers.image import PixelSizes

_RGB = ("red", "green", "blue")


def read_raster(path: Path | str, *, opener: AbstractFileSystem | None = None) -> Image:
    """Open a raster as a lazy image; its overviews are levels.

    Bands that are red, green and blue are the last axis, as in a photograph; other
    bands are the first.

    Parameters
    ----------
    path
        Path of the raster.
    opener
        The file system of fsspec of a remote raster.
    """
    name = Path(path).name
    rasterio = import_optional(
        "rasterio", f"{name} has coordinates on earth; reading it"
    )
    by = {} if opener is None else {"opener": opener}
    with rasterio.open(path, **by) as found:
        factors = found.overviews(1)
        colours = tuple(c.name for c in found.colorinterp)
        rgb = colours in (_RGB, (*_RGB, "alpha"))
        axes = "yx" if found.count == 1 else "yxc" if rgb else "cyx"
        levels = [_level(path, found, axes, by)]
        for k in range(len(factors)):
            at = {**by, "overview_level": k}
            with rasterio.open(path, **at) as coarser:
                levels.append(_level(path, coarser, axes, at))
        transform = found.transform
        names = tuple(n or f"band {i}" for i, n in enumerate(found.descriptions))
        return Image(
            data=levels[0],
            axes=axes,
            levels=tuple(levels[1:]),
            crs=_name(found.crs),
            transform=None if transform.is_identity else tuple(transform)[:6],
            nodata=found.nodata,
            channel_names=names if any(found.descriptions) else (),
            metadata={"kind": found.driver, "colours": colours},
            **_sizes(transform, found.crs),
        )


def _name(crs: CRS | None) -> str | None:
    """Return the EPSG code of a reference system, or all of it as WKT."""
    if not crs:
        return None
    authority = crs.to_authority(confidence_threshold=100)
    return ":".join(authority) if authority else str(crs.to_wkt())


def _sizes(transform: Affine, crs: CRS | None) -> PixelSizes:
    if not crs or transform.is_identity:
        return {}
    along = {"y": hypot(transform.b, transform.e), "x": hypot(transform.a, transform.d)}
    unit = unit_name(crs.linear_units) if crs.is_projected else "degree"
    return {"scale": along, "units": dict.fromkeys("yx", unit) if unit else {}}


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
            pixels = dataset.read(bands, window=window)
        finally:
            self._idle.put(dataset)
        if "c" not in self._axes:
            return np.asarray(pixels[0])
        return np.asarray(pixels.transpose(["cyx".index(a) for a in self._axes]))

    def _borrow(self) -> DatasetReader:
        import rasterio

        try:
            return self._idle.get_nowait()
        except Empty:
            return rasterio.open(self._path, **self._options)
