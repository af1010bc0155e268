"""Settings of how image files are read and labels are saved."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from napari_sam.core.errors import ImageError
from napari_sam.core.settings import check, setting
from napari_sam.io.images import Image, read_part
from napari_sam.io.readers.image import ImagePart

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ReadSettings:
    """Settings of reading an image file: metadata that it lacks or has wrong."""

    axes: str | None = setting(
        None,
        label="Axes",
        tip="Axes of the image, e.g. yxc or tyx. By default those in the file.",
    )
    scale: Mapping[str, float] | None = setting(
        None,
        label="Scale",
        tip="Size of a pixel, e.g. z=0.5,y=0.15,x=0.15. By default that in the file.",
    )
    unit: str | None = setting(
        None, label="Unit", tip="Unit of the scale, e.g. micrometer."
    )
    series: int | None = setting(
        None,
        label="Series",
        minimum=0,
        tip="Which of several images in the file, from 0. By default the largest.",
    )
    field: str | None = setting(
        None,
        label="Field",
        tip="Well and field of a plate of OME-Zarr, e.g. B/3/0. By default the first.",
    )
    layer: str | None = setting(
        None,
        label="Layer",
        tip="Which array of HDF5, .npz or zarr, by name. By default the largest.",
    )

    def __post_init__(self) -> None:
        check(self)

    @property
    def part(self) -> ImagePart:
        """Which part of the file is the image."""
        return ImagePart(series=self.series, field=self.field, layer=self.layer)

    def read(self, path: str | Path) -> Image:
        """Open an image file; settings override its metadata."""
        image = read_part(path, self.part, axes=self.axes)
        sizes = dict(self.scale or {})
        _check_sizes(sizes, image.axes)
        axes = [a for a in sizes or image.scale if a != "t"]
        units = dict.fromkeys(axes, self.unit) if self.unit else {}
        return replace(image, scale=image.scale | sizes, units=image.units | units)


def _check_sizes(sizes: Mapping[str, float], axes: str) -> None:
    wrong = [
        f"{axis}={size}"
        for axis, size in sizes.items()
        if axis not in axes or axis == "c" or not 0 < size < float("inf")
    ]
    if wrong:
        raise ImageError(
            f"scale {','.join(wrong)}: expected e.g. y=0.15,x=0.15, of the axes "
            f"{axes!r}."
        )


@dataclass(frozen=True, slots=True)
class SaveSettings:
    """Settings of writing labels to a file."""

    format: Literal["tif", "png", "zarr", "geojson", "gpkg", "json"] = setting(
        "tif", label="Format", tip="Form of labels of a folder of images."
    )
    coco: Literal["rle", "polygons"] = setting(
        "rle", label="COCO masks", tip="Masks of a .json file."
    )
    overwrite: bool = setting(
        False, label="Replace", tip="Replace labels that are there."
    )

    def __post_init__(self) -> None:
        check(self)
