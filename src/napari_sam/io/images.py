"""Reading of images: a reader for each kind of file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from napari_sam.core.errors import (
    ImageError,
    MissingFileError,
    MissingPackageError,
    NapariSamError,
    NotAnImageError,
)
from napari_sam.core.images.frames import Frames
from napari_sam.io.file_names import check_no_device
from napari_sam.io.label_numbers import without_colour
from napari_sam.io.readers.colour_rules import ColourRule, recoloured
from napari_sam.io.readers.file_formats import reader_of
from napari_sam.io.readers.image import Image, ImagePart, ReadOptions
from napari_sam.io.readers.remote import as_url

__all__ = ["Image", "read_image", "read_label_image"]


def read_image(
    path: str | Path,
    *,
    axes: str | None = None,
    series: int | None = None,
    field: str | None = None,
    layer: str | None = None,
) -> Image:
    """Open an image; the pixels of large ones are read lazily, window by window.

    Colours are as they are meant, whatever they are stored as, and the image is
    upright.

    Parameters
    ----------
    path
        A TIFF, OME-TIFF or BigTIFF; a GeoTIFF, COG or other raster (needs rasterio); a
        video (needs av); PNG, JPEG, GIF, WebP, BMP and the like; a ``.npy`` file; a
        zarr array or OME-Zarr group, also zipped; HDF5, NIfTI, DICOM, MRC and the files
        of microscopes, with the package that reads them; or a folder of images, each a
        frame. Or a URL that fsspec knows, of a TIFF or a zarr: only the windows
        that are used are fetched.
    axes
        One letter of ``t z c y x`` per dimension. Needed only where they are not in the
        file; if given, they override those of the file. Of a folder, the first letter
        is the axis along the files, ``t`` unless given.
    series
        Which of several images in the file, from 0; by default the largest.
    field
        Well and field of a plate of OME-Zarr, such as ``"B/3/0"``.
    layer
        Which of several arrays in the file: of HDF5, ``.npz`` or zarr.

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
    options = ReadOptions(axes=axes, series=series, field=field, layer=layer)
    return _read(path, options)


def read_part(path: str | Path, part: ImagePart, *, axes: str | None = None) -> Image:
    """Open a part of a file, as `read_image` does."""
    return read_image(
        path, axes=axes, series=part.series, field=part.field, layer=part.layer
    )


def read_label_image(
    path: str | Path, *, axes: str | None = None, series: int | None = None
) -> Image:
    """Open an image of labels: numbers of objects as they are stored, upright.

    It is as `read_image`, but indices of a palette stay indices, and numbers of few
    bits are not widened to brightness. See `napari_sam.io.label_numbers` for what may
    be a label.
    """
    return _read(path, ReadOptions(axes=axes, series=series, numbers=True))


def open_unchecked(path: str | Path, options: ReadOptions) -> Image:
    """Open an image whose axes may be unknown; `read_image` needs them."""
    url = as_url(path)
    if url is None and not Path(path).exists():
        raise MissingFileError(f"{path} does not exist.")
    if url is None:
        check_no_device(path)
    return _read_file(Path(path), options) if url is None else _read_url(url, options)


def _check_part(name: Path, image: Image, options: ReadOptions) -> None:
    """Refuse what was chosen in a file that has no such choice."""
    chosen = {"series": options.series or None, "field": options.field}
    for what, value in {**chosen, "layer": options.layer}.items():
        if value is not None and what not in image.metadata:
            raise ImageError(
                f"{name} holds one image, without any {what} to choose: {what} {value} "
                "is not there."
            )


def _read(path: str | Path, options: ReadOptions) -> Image:
    url = as_url(path)
    found = open_unchecked(path, options)
    if options.numbers:
        found = _grey(found, options, str(path))
    try:
        frames = Frames(found.data, _axes(found, options) or None)
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


def _axes(image: Image, options: ReadOptions) -> str:
    """Return the axes that were given, or those of the file.

    Where these differ by colours alone, the file is right: a palette is given by its
    planes, and has colours.
    """
    given, own = options.axes or image.axes, image.axes
    changed = len(given) != len(image.data.shape) or image.metadata.get("recoloured")
    alike = given.replace("c", "") == own.replace("c", "")
    return own if alike and changed else given


def _grey(image: Image, options: ReadOptions, name: str) -> Image:
    """Return labels without the channels of colours, unless those are axes."""
    given = options.axes is not None and len(options.axes) == len(image.data.shape)
    if given or "c" not in image.axes:
        return image
    rule = ColourRule(lambda pixels: without_colour(pixels, name))
    both = [recoloured(a, image.axes, rule, name) for a in (image.data, *image.levels)]
    levels = tuple(level for level, _ in both)
    return replace(image, data=levels[0], levels=levels[1:], axes=both[0][1])


def _read_url(url: str, options: ReadOptions) -> Image:
    from napari_sam.io.readers.remote import read_url

    try:
        return read_url(url, options)
    except NapariSamError:
        raise
    except Exception as wrong:
        reason = " ".join(str(wrong).split()) or type(wrong).__name__
        raise NotAnImageError(f"{url} cannot be read as an image: {reason}") from wrong


def _read_file(path: Path, options: ReadOptions) -> Image:
    if path.is_dir():
        return _read_folder(path, options)
    try:
        found = reader_of(path)(path, options)
        if ".zarr" not in path.name:  # which has checked that itself
            _check_part(path, found, options)
        return found
    except NapariSamError:
        raise
    except (Exception, MemoryError) as wrong:
        if "imagecodecs" in str(wrong):
            raise MissingPackageError(
                f"{path} is compressed in a way that needs imagecodecs: pip install "
                "imagecodecs"
            ) from wrong
        reason = " ".join(str(wrong).split())[:200] or type(wrong).__name__
        raise NotAnImageError(
            f"{path} cannot be read as an image: {reason.rstrip('.')}. Is it "
            "damaged, or cut off?"
        ) from wrong


def _read_folder(path: Path, options: ReadOptions) -> Image:
    from napari_sam.io.readers.image_folder import read_folder
    from napari_sam.io.readers.ome_zarr import is_zarr, read_zarr

    if is_zarr(path) or path.suffix.lower() == ".zarr":
        try:
            return read_zarr(path, options=options)
        except NapariSamError:
            raise
        except Exception as wrong:
            reason = " ".join(str(wrong).split())[:200] or type(wrong).__name__
            raise NotAnImageError(
                f"{path} cannot be read as an image: {reason}"
            ) from wrong
    each = replace(options, axes=None, field=None, layer=None)
    return read_folder(path, lambda file: _read_file(file, each), axes=options.axes)
