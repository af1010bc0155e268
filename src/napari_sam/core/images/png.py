"""A grey picture as a PNG, with what Python itself brings."""

from __future__ import annotations

import zlib
from struct import pack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: How PNG numbers the kind of pixels that are one grey byte.
_GREY = 0


def encode_png(picture: NDArray[np.uint8]) -> bytes:
    """Return a grey picture ``(y, x)`` as a PNG."""
    rows, cols = picture.shape
    head = pack(">IIBBBBB", cols, rows, 8, _GREY, 0, 0, 0)
    lines = b"".join(b"\0" + row.tobytes() for row in picture)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    check = zlib.crc32(name + data)
    return pack(">I", len(data)) + name + data + pack(">I", check)
