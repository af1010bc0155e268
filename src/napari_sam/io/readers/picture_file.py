"""Reader of PNG, JPEG, GIF, WebP and their like, by Pillow."""

from __future__ import annotations

import os
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import NotAnImageError
from napari_sam.io.readers.deep_pictures import deep_pixels
from napari_sam.io.readers.image import Image, ReadOptions
from napari_sam.io.readers.upright import upright
from napari_sam.io.readers.world_file import placed_by_sidecar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray
    from PIL.ImageFile import ImageFile

#: Formats, as Pillow names them; what is not here is no picture.
_FORMATS = (
    "PNG", "JPEG", "GIF", "WEBP", "BMP", "JPEG2000", "AVIF", "PPM", "PCX", "SGI", "ICO",
    "PSD", "DDS", "QOI", "XBM", "MSP", "SUN",
)  # fmt: skip
#: A format without a mark in its first bytes.
_BY_SUFFIX: Mapping[str, str] = MappingProxyType({".tga": "TGA", ".dib": "DIB"})
#: Formats of which every frame is a moment.
_ANIMATED = frozenset(("GIF", "PNG", "WEBP", "AVIF"))
#: What becomes of Pillow's modes; others stay as they are. Opacity is left out.
_SHOWN_AS: Mapping[str, str] = MappingProxyType({
    "P": "RGB", "PA": "RGB", "RGBX": "RGB", "CMYK": "RGB", "YCbCr": "RGB",
    "RGBa": "RGBA", "La": "LA",
})  # fmt: skip
_REFUSED = frozenset(("LAB", "HSV"))
_ORIENTATION = 274
_DEFAULT = ReadOptions()


def is_picture(path: Path, start: bytes) -> bool:
    """Whether the first bytes of a file, or else its suffix, are of a known format."""
    return _format(start, path.suffix.lower()) is not None


def read_picture(
    file: BinaryIO, path: Path | str, options: ReadOptions = _DEFAULT
) -> Image:
    """Read a picture: its colours as they are meant, and upright.

    Palettes, CMYK and YCbCr become RGB, opacity beside grey values is left out, and
    16 bits a channel stay 16 bits. Animations have a frame for each moment.

    Parameters
    ----------
    file
        The file, open.
    path
        Its name.
    options
        With `numbers`, indices of a palette stay as they are.

    Raises
    ------
    NotAnImageError
        If it is no picture of a known format, or has colours that are not read.
    """
    picture = _opened(file, path)
    _check_size(picture, path)
    count = getattr(picture, "n_frames", 1) if picture.format in _ANIMATED else 1
    frames = []
    for index in range(count):
        if index:
            picture.seek(index)
        frames.append(_pixels(picture, path, options))
    orientation = _orientation(picture)
    pixels = frames[0] if count == 1 else _stacked(frames)
    axes = "t" * (count > 1) + ("yx" if frames[0].ndim == 2 else "yxc")
    return Image(
        data=upright(pixels, axes, orientation, path),
        axes=axes,
        metadata={
            "kind": picture.format,
            "orientation": orientation,
            "mode": picture.mode,
        },
    )


def _format(start: bytes, suffix: str) -> str | None:
    from PIL import Image as Pillow

    Pillow.init()
    for name in _FORMATS:
        _, accepts = Pillow.OPEN.get(name, (None, None))
        if accepts is not None and accepts(start[:16]) is True:
            return name
    return _BY_SUFFIX.get(suffix)


def _opened(file: BinaryIO, path: Path | str) -> ImageFile:
    """Open a picture of any size: `Image.open` takes large ones for attacks."""
    from PIL import Image as Pillow

    start = file.read(64)
    file.seek(0)
    name = _format(start, os.path.splitext(str(path))[1].lower())
    if name is None:
        raise NotAnImageError(f"{path} cannot be read as an image: no known format.")
    factory, _ = Pillow.OPEN[name]
    picture: ImageFile = factory(file, str(path))
    return picture


def _check_size(picture: ImageFile, path: Path | str) -> None:
    """Refuse a picture that this machine has no memory for, before it is decoded."""
    width, height = picture.size
    needed = width * height * max(len(picture.getbands()), 1)
    held = _memory()
    if held is not None and needed > held:
        raise NotAnImageError(
            f"{path} has {height} rows and {width} columns, which take "
            f"{needed / 1e9:.0f} GB of memory, and this machine has "
            f"{held / 1e9:.0f} GB. Save it as a tiled TIFF or OME-Zarr."
        )


def _memory() -> int | None:
    """Return the bytes of memory of this machine, where it says them."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _pixels(
    picture: ImageFile, path: Path | str, options: ReadOptions
) -> NDArray[np.generic]:
    """Return the pixels of the present frame."""
    deep = deep_pixels(picture, path)
    if deep is not None:
        return deep
    if picture.mode in _REFUSED:
        raise NotAnImageError(
            f"{path}: its colours are {picture.mode}, which is not read. "
            "Save it as RGB."
        )
    if options.numbers and picture.mode in ("P", "PA", "L"):
        return _numbers(picture)
    wanted = _SHOWN_AS.get(picture.mode, picture.mode)
    pixels = np.asarray(picture.convert(wanted) if wanted != picture.mode else picture)
    if wanted == "LA":
        pixels = pixels[..., 0]
    if picture.format == "PNG" and wanted == "I":
        pixels = pixels.astype(np.uint16)
    return pixels


def _orientation(picture: ImageFile) -> int:
    """Return how a picture is to be turned; where it is damaged, not at all."""
    try:
        return int(picture.getexif().get(_ORIENTATION, 1))
    except (ValueError, TypeError, SyntaxError, OSError, KeyError):
        return 1


def _numbers(picture: ImageFile) -> NDArray[np.generic]:
    """Return indices of a palette, and grey values of few bits without widening."""
    stored = str(picture.tile[0].args) if picture.tile else ""
    factor = {"L;2": 85, "L;4": 17}.get(stored, 1)
    pixels = np.asarray(picture)
    return (pixels if pixels.ndim == 2 else pixels[..., 0]) // factor


def _stacked(frames: list[NDArray[np.generic]]) -> NDArray[np.generic]:
    """Return frames as one array: in colour if any is, without opacity."""
    if len({frame.ndim for frame in frames}) > 1:
        frames = [f if f.ndim == 3 else np.repeat(f[..., None], 3, -1) for f in frames]
    colour = frames[0].ndim == 3
    return np.stack([f[..., :3] for f in frames] if colour else frames)


def read_picture_file(path: Path, options: ReadOptions = _DEFAULT) -> Image:
    """Read a picture, and where on earth it lies, if a file beside it says so."""
    with path.open("rb") as file:
        found = read_picture(file, path, options)
    return placed_by_sidecar(found, path)
