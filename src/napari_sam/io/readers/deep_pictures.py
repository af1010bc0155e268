"""Pictures of more than 8 bits a channel, which Pillow cuts to 8 without a word."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import NotAnImageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL.ImageFile import ImageFile

#: Unpackers of Pillow for the low bytes of a PNG, by those for the high ones.
_LOW: Mapping[str, str] = MappingProxyType(
    {"RGB;16B": "RGB;16L", "RGBA;16B": "RGBA;16L"}
)
#: Header of a PNM: its kind, columns, rows and the largest value.
_PNM = re.compile(
    rb"P([2356])(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)\s"
)
_CODESTREAM = b"\xff\x4f\xff\x51"
_HEADER = 2**16


def deep_pixels(picture: ImageFile, path: Path | str) -> NDArray[np.uint16] | None:
    """Return the pixels of a picture of 9 to 16 bits a channel; None of others.

    Raises
    ------
    NotAnImageError
        If no decoder at hand keeps its bits.
    """
    if picture.format == "PNG":
        return _png(picture)
    if picture.format == "PPM":
        return _pnm(picture)
    bits = _bits(picture)
    if bits > 8 and not picture.mode.startswith("I"):
        raise NotAnImageError(
            f"{path} has {bits} bits a channel, of which only 8 could be read. Save it "
            "as TIFF or PNG of 16 bits."
        )
    return None


def _png(picture: ImageFile) -> NDArray[np.uint16] | None:
    """Decode a PNG of 48 or 64 bits a pixel twice: for the high and the low bytes."""
    stored = str(picture.tile[0].args) if picture.tile else ""
    if stored == "LA;16B":  # grey and opacity: their four bytes as if they were RGBA
        picture.tile = [tile._replace(args="RGBA") for tile in picture.tile]
        parts = np.asarray(picture).astype(np.uint16)
        return np.asarray(parts[..., 0] << 8 | parts[..., 1], np.uint16)
    if stored not in _LOW or picture.fp is None:
        return None
    file = picture.fp
    high = np.asarray(picture).astype(np.uint16) << 8
    file.seek(0)
    again = type(picture)(file, picture.filename)
    again.tile = [tile._replace(args=_LOW[stored]) for tile in again.tile]
    return np.asarray(high | np.asarray(again), np.uint16)


def _pnm(picture: ImageFile) -> NDArray[np.uint16] | None:
    file = picture.fp
    if file is None:
        return None
    file.seek(0)
    content = file.read()
    found = _PNM.match(content)
    if found is None or int(found[4]) < 256:
        return None
    kind, cols, rows = int(found[1]), int(found[2]), int(found[3])
    shape = (rows, cols) if kind in (2, 5) else (rows, cols, 3)
    count = int(np.prod(shape))
    if kind in (2, 3):
        values = np.array(content[found.end() :].split()[:count], np.int64)
    else:
        values = np.frombuffer(content, ">u2", count, found.end())
    return values.reshape(shape).astype(np.uint16)


def _bits(picture: ImageFile) -> int:
    """Return the bits of a channel of formats that hold more than 8; else 8."""
    if picture.format not in ("JPEG2000", "AVIF", "SGI") or picture.fp is None:
        return 8
    at = picture.fp.tell()
    picture.fp.seek(0)
    start = picture.fp.read(_HEADER)
    picture.fp.seek(at)
    if picture.format == "SGI":
        return 8 * start[3]
    if picture.format == "AVIF":
        box = start.find(b"av1C")
        return 10 if box >= 0 and start[box + 6] & 0x40 else 8
    size = start.find(_CODESTREAM)
    return (start[size + 42] & 0x7F) + 1 if size >= 0 else 8
