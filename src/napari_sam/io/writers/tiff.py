"""Writer of labels as TIFF, OME-TIFF and GeoTIFF, plane by plane."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.atomic_write import replacing
from napari_sam.core.errors import ImageError
from napari_sam.core.geometry.region import Region
from napari_sam.io.optional_packages import import_optional
from napari_sam.io.saved_labels import SOFTWARE
from napari_sam.io.strips import narrow_plane, narrow_tiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.json_values import JsonDict
    from napari_sam.io.readers.image import Image

#: Axes as ImageJ orders them; its own format needs no others.
_IMAGEJ = "tzyx"
#: ImageJ's format has no BigTIFF.
_MOST = 2**31
#: Bytes of a plane that is written at once; larger ones are written tile by tile.
_WHOLE, _SIDE = 2**27, 512
#: Side of a tile of a GeoTIFF, and how many rows of tiles are held at once.
_TILE = 256
_SHORT: Mapping[str, str] = MappingProxyType(
    {"micrometer": "µm", "nanometer": "nm", "millimeter": "mm", "second": "s"}
)


def write_tiff(
    path: Path, frames: Frames, dtype: np.dtype[np.generic], like: Image | None
) -> None:
    """Write labels as a TIFF that ImageJ and napari open with axes and pixel sizes."""
    import tifffile

    axes = frames.axes
    ome = path.name.lower().endswith((".ome.tif", ".ome.tiff"))
    size = len(frames) * frames.plane_shape[0] * frames.plane_shape[1] * dtype.itemsize
    ordered = axes == "".join(a for a in _IMAGEJ if a in axes)
    imagej = not ome and ordered and dtype != np.uint32 and size < _MOST
    tiled = frames.plane_shape[0] * frames.plane_shape[1] * dtype.itemsize > _WHOLE
    imagej = imagej and not tiled
    kind = _ome_metadata if ome else _imagej_metadata if imagej else _plain_metadata
    metadata = kind(like)
    resolution = _resolution(like) if imagej else None
    with replacing(path) as temporary:
        tifffile.imwrite(
            temporary,
            narrow_tiles(frames, dtype, _SIDE) if tiled else _planes(frames, dtype),
            tile=(_SIDE, _SIDE) if tiled else None,
            shape=tuple(frames.data.shape),
            dtype=dtype,
            imagej=imagej,
            ome=ome,
            bigtiff=size >= _MOST,
            photometric="minisblack",
            compression="zlib",
            metadata={"axes": axes.upper(), **metadata},
            resolution=resolution,
            software=SOFTWARE,
        )


def _planes(
    frames: Frames, dtype: np.dtype[np.generic]
) -> Iterator[NDArray[np.generic]]:
    for plane in range(len(frames)):
        yield narrow_plane(frames, plane, dtype)


def _ome_metadata(like: Image | None) -> JsonDict:
    if like is None:
        return {}
    keys = {a: f"PhysicalSize{a.upper()}" for a in "zyx"} | {"t": "TimeIncrement"}
    metadata: JsonDict = {}
    for axis, size in like.scale.items():
        metadata[keys[axis]] = size
        unit = like.units.get(axis)
        if unit:
            metadata[f"{keys[axis]}Unit"] = _SHORT.get(unit, unit)
    return metadata


def _imagej_metadata(like: Image | None) -> JsonDict:
    if like is None or not like.scale:
        return {}
    scale, unit = like.scale, _unit(like)
    metadata: JsonDict = {}
    if "t" in scale:
        metadata["finterval"] = scale["t"]
    if unit and {"y", "x"} <= set(scale):
        metadata |= {"unit": _SHORT.get(unit, unit).replace("µ", "\\u00B5")}
        if "z" in scale:
            metadata["spacing"] = scale["z"]
    return metadata


def _plain_metadata(like: Image | None) -> JsonDict:
    """Return pixel sizes for a description in JSON, which our reader knows."""
    if like is None or not like.scale:
        return {}
    return {"scale": dict(like.scale), "units": dict(like.units)}


def _unit(like: Image) -> str | None:
    """Return the unit of a plane; sizes without one are in pixels, as ImageJ says."""
    unit = like.units.get("x")
    return unit or ("pixel" if any(size != 1 for size in like.scale.values()) else None)


def _resolution(like: Image | None) -> tuple[float, float] | None:
    """Return the pixels per unit along x and y, where ImageJ knows the unit."""
    if like is None or not _unit(like) or not {"y", "x"} <= set(like.scale):
        return None
    return 1 / like.scale["x"], 1 / like.scale["y"]


def write_geotiff(
    path: Path, frames: Frames, dtype: np.dtype[np.generic], like: Image
) -> None:
    """Write labels as a GeoTIFF on the grid of a raster, tile row by tile row.

    0 is its nodata value, so that the background is transparent in a GIS.
    """
    if len(frames) != 1:
        raise ImageError(
            f"{path}: a GeoTIFF holds one frame of labels, and there are {len(frames)}."
        )
    rasterio = import_optional(
        "rasterio", f"{path.name} has coordinates on earth; writing it"
    )
    rows, cols = frames.plane_shape
    with replacing(path) as temporary:
        options = {
            "driver": "GTiff", "count": 1, "height": rows, "width": cols,
            "dtype": dtype.name, "nodata": 0, "compress": "deflate",
            "tiled": True, "blockxsize": _TILE, "blockysize": _TILE,
            "BIGTIFF": "IF_SAFER",
        }  # fmt: skip
        transform = rasterio.Affine(*like.transform) if like.transform else None
        with rasterio.open(
            temporary, "w", crs=like.crs, transform=transform, **options
        ) as out:
            out.update_tags(TIFFTAG_SOFTWARE=SOFTWARE)
            for top in range(0, rows, _TILE):
                region = Region(top, 0, min(top + _TILE, rows), cols)
                strip = frames.read(0, region).astype(dtype)
                window = ((region.top, region.bottom), (0, cols))
                out.write(strip, 1, window=window)
