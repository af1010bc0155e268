"""The image of a file: lazy pixels and metadata."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict

from napari_sam.core.images.frames import Frames

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam.core.images.pixels import PixelSource


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePart:
    """Which of several images in one file.

    Attributes
    ----------
    series
        Index of one of several images in a file; None for the largest.
    field
        Well and field of a plate of OME-Zarr, such as ``"B/3/0"``.
    layer
        Name of an array within HDF5, ``.npz`` or zarr.
    """

    series: int | None = None
    field: str | None = None
    layer: str | None = None

    def __str__(self) -> str:
        named = {"series": self.series, "field": self.field, "layer": self.layer}
        return " ".join(f"{k}={v}" for k, v in named.items() if v is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions(ImagePart):
    """Options of reading: what of a file is read, and how.

    Attributes
    ----------
    axes
        One letter per dimension, where they are not in the file, or wrong there.
    numbers
        Read numbers of objects: palettes and inverted brightness are not applied.
    """

    axes: str | None = None
    numbers: bool = False


class PixelSizes(TypedDict, total=False):
    """Pixel sizes of a file and their units, by axis, as far as they are known."""

    scale: dict[str, float]
    units: dict[str, str]


class PixelMetadata(PixelSizes, total=False):
    """Pixel sizes and channel names of a file, as far as they are known."""

    channel_names: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Image:
    """The pixels of a file, and their metadata.

    Attributes
    ----------
    data
        The pixels: an array, in memory or read lazily.
    axes
        One letter of ``t z c y x`` per dimension.
    scale
        Size of a pixel by axis, as far as it is known: ``{"y": 0.15, "x": 0.15}``.
    units
        Unit of the scale by axis, e.g. ``"micrometer"``, ``"second"``, ``"meter"``.
    translation
        Position of the middle of the first pixel by axis, in these units, if not 0.
    channel_names
        Names of channels or bands, in order; empty where there are none.
    crs
        Coordinate reference system of a raster, ``"EPSG:32616"`` or WKT.
    transform
        ``(a, b, c, d, e, f)``: the corner ``(row, col)`` of a pixel lies at
        ``x = a * col + b * row + c``, ``y = d * col + e * row + f``.
    nodata
        Value of pixels without data.
    levels
        The same image at coarser levels, finest first, with the same axes.
    path
        Path of the file.
    metadata
        Further metadata of the file.
    """

    data: PixelSource
    axes: str
    scale: dict[str, float] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    translation: dict[str, float] = field(default_factory=dict)
    channel_names: tuple[str, ...] = ()
    crs: str | None = None
    transform: tuple[float, float, float, float, float, float] | None = None
    nodata: float | None = None
    levels: tuple[PixelSource, ...] = ()
    path: Path | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        more = f", crs={self.crs[:24]!r}" if self.crs else ""
        return f"Image({self.frames!r}{more}, path={str(self.path)!r})"

    @property
    def frames(self) -> Frames:
        """The pixels as `Frames`, with their coarser levels."""
        return Frames(self.data, self.axes, levels=self.levels, nodata=self.nodata)
