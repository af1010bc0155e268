"""Writing of label images: 0 is background, every object has its number."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_sam.core.atomic_write import check_writable, replacing
from napari_sam.core.errors import ImageError
from napari_sam.core.images.frames import Frames
from napari_sam.io.object_files import OBJECT_SUFFIXES, write_outlined
from napari_sam.io.strips import label_strips, narrow_plane
from napari_sam.io.writers.ome_zarr import image_of
from napari_sam.io.writers.outlined_objects import objects_of_labels
from napari_sam.io.writers.polygons import check_place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from napari_sam.core.address import Address
    from napari_sam.core.images.pixels import PixelSource
    from napari_sam.core.json_values import JsonValue
    from napari_sam.io.readers.image import Image

_IMAGES = (".tif", ".tiff", ".png", ".zarr")
_FORMS = (
    ".tif, .tiff, .png, .zarr, .json (COCO), .geojson, .gpkg, .shp, .fgb, .parquet or "
    ".kml"
)
#: The largest label of a PNG.
_PNG_MOST = 65535


def write_labels(
    path: str | Path,
    labels: ArrayLike | PixelSource,
    *,
    axes: str | None = None,
    like: Image | None = None,
    overwrite: bool = False,
    coco: Literal["rle", "polygons"] = "rle",
    attributes: Mapping[Address, Mapping[str, JsonValue]] = MappingProxyType({}),
) -> None:
    """Write labels in the format of the suffix, in the smallest type that fits.

    The file appears complete or not at all. Planes are written one after another: a
    stack larger than memory may be a zarr array.

    Parameters
    ----------
    path
        ``.tif``: TIFF, or GeoTIFF if `like` has a reference system; ``.ome.tif``;
        ``.png``; ``.zarr``: OME-Zarr, and ``IMAGE.zarr/labels/NAME`` labels in an
        OME-Zarr image; ``.geojson``, ``.gpkg``, ``.shp``, ``.fgb``, ``.parquet``,
        ``.kml``: polygons; ``.json``: COCO.
    labels
        Whole numbers, 0 for the background.
    axes
        One letter per dimension; unless given, those of `like` without channels.
    like
        The image of the labels, as `read_image` returns it: coordinates and pixel sizes
        are copied from it.
    overwrite
        Replace an existing file.
    coco
        Masks of a COCO file as run lengths, which are exact, or as polygons.
    attributes
        What else is known of objects, such as their score: polygons and COCO have it.

    Raises
    ------
    ImageError
        If they are no labels, do not fit the format, or the file exists.
    MissingPackageError
        If this format needs a package that is not installed.
    """
    path = Path(path)
    _check_form(path, overwrite=overwrite)
    frames = _frames(labels, axes, like)
    dtype = _smallest(frames)
    if frames.n_channels is not None:
        raise ImageError(f"axes={frames.axes!r}: labels have no channels.")
    suffix = path.suffix.lower()
    if suffix == ".zarr" or image_of(path) is not None:
        from napari_sam.io.writers.ome_zarr import write_zarr

        write_zarr(path, frames, dtype, like, overwrite=overwrite)
    elif suffix in OBJECT_SUFFIXES:
        objects = objects_of_labels(frames, attributes)
        write_outlined(path, objects, frames, like, coco=coco)
    elif suffix == ".png":
        _write_png(path, frames, dtype)
    else:
        _write_tiff(path, frames, dtype, like)


def check_labels_path(path: str | Path, *, overwrite: bool = True) -> None:
    """Refuse a path that labels cannot be written to, before any long work.

    Raises
    ------
    ImageError
        If its suffix is none of labels, or there is something that is not replaced.
    NotWrittenError
        If its folder is missing, or cannot be written.
    """
    path = Path(path)
    _check_form(path, overwrite=overwrite)
    check_writable(image_of(path) or path)


def _check_form(path: Path, *, overwrite: bool) -> None:
    inside = image_of(path)
    if path.suffix.lower() not in (*_IMAGES, *OBJECT_SUFFIXES) and inside is None:
        raise ImageError(
            f"{path}: labels are written as {_FORMS}, or into an OME-Zarr image as "
            "IMAGE.zarr/labels/NAME."
        )
    if path.exists() and path.suffix.lower() == ".zarr" and _is_image(path):
        raise ImageError(
            f"{path} is an image. To put labels in it, name them: "
            f"{path / 'labels' / 'NAME'}"
        )
    if path.exists() and not overwrite:
        raise ImageError(
            f"{path} is there already. Give another name, or allow to replace it: "
            "overwrite=True, on the command line --overwrite."
        )


def check_labels_fit(path: str | Path, like: Image, *, largest: int = 1) -> None:
    """Refuse a form that cannot hold the labels of an image, before any long work.

    Parameters
    ----------
    path
        Where they will be written.
    like
        The image.
    largest
        The largest number among its objects.
    """
    path = Path(path)
    suffix, frames = path.suffix.lower(), like.frames
    check_place(path, like)
    if suffix == ".png" and (len(frames) > 1 or frames.sizes or largest > _PNG_MOST):
        raise ImageError(
            f"{path}: PNG holds one frame and labels up to {_PNG_MOST}; there are "
            f"{len(frames)} frames, and labels up to {largest}. Write a .tif."
        )
    if suffix in (".tif", ".tiff") and like.crs and len(frames) > 1:
        raise ImageError(
            f"{path}: a GeoTIFF holds one frame of labels, and there are "
            f"{len(frames)}. Write a .zarr."
        )


def _is_image(path: Path) -> bool:
    """Whether a zarr holds an image, and not only labels."""
    import zarr

    from napari_sam.io.readers.ome_zarr import is_zarr
    from napari_sam.io.readers.zarr_nodes import ome_attributes

    if not is_zarr(path):
        return False
    found = zarr.open(path, mode="r")
    return not isinstance(found, zarr.Group) or (
        "image-label" not in ome_attributes(found)
    )


def _frames(
    labels: ArrayLike | PixelSource, axes: str | None, like: Image | None
) -> Frames:
    labels = labels if hasattr(labels, "shape") else np.asarray(labels)
    if axes is None:
        axes = like.axes.replace("c", "") if like else None
    if axes is not None and len(labels.shape) != len(axes):
        raise ImageError(f"axes={axes!r} for labels of shape {tuple(labels.shape)}.")
    frames = Frames(labels, axes)
    if frames.axes[-2:] != "yx" and frames.n_channels is None:
        raise ImageError(
            f"axes={frames.axes!r}: labels are written with yx at the end."
        )
    return frames


def _smallest(frames: Frames) -> np.dtype[np.generic]:
    if frames.dtype.kind not in "bui":
        raise ImageError("Labels are whole numbers from 0.")
    least = most = 0
    for pixels in label_strips(frames):
        least, most = min(least, int(pixels.min())), max(most, int(pixels.max()))
    if least < 0:
        raise ImageError("Labels are whole numbers from 0.")
    for kind in (np.uint8, np.uint16, np.uint32):
        if most <= np.iinfo(kind).max:
            return np.dtype(kind)
    raise ImageError(f"The label {most} is larger than 4294967295.")


def _write_tiff(
    path: Path, frames: Frames, dtype: np.dtype[np.generic], like: Image | None
) -> None:
    from napari_sam.io.writers import tiff

    if like is not None and (like.crs or like.transform):
        tiff.write_geotiff(path, frames, dtype, like)
    else:
        tiff.write_tiff(path, frames, dtype, like)


def _write_png(path: Path, frames: Frames, dtype: np.dtype[np.generic]) -> None:
    import imageio.v3 as iio

    if frames.axes != "yx" or dtype == np.uint32:
        raise ImageError(
            f"{path}: PNG holds one frame and labels up to {_PNG_MOST}. Write a .tif."
        )
    with replacing(path) as temporary:
        iio.imwrite(temporary, narrow_plane(frames, 0, dtype))
