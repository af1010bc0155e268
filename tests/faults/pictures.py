"""Files of every kind, written byte by byte where no library writes them."""

import struct
import zlib

import numpy as np

RNG = np.random.default_rng(0)
ROWS, COLS = 11, 17
GREY = RNG.integers(0, 256, (ROWS, COLS), dtype=np.uint8)
RGB = RNG.integers(0, 256, (ROWS, COLS, 3), dtype=np.uint8)
DEEP = RNG.integers(0, 65536, (ROWS, COLS, 3)).astype(np.uint16)
#: Colours without order, as of a stained section that was reduced to 256.
PALETTE = RNG.integers(0, 256, (256, 3), dtype=np.uint8)
BY_PALETTE = PALETTE[GREY]
ALPHA = RNG.integers(1, 256, (ROWS, COLS), dtype=np.uint8)
INKS = RNG.integers(0, 256, (ROWS, COLS, 4), dtype=np.uint8)
_PAPER = 255.0 - INKS
BY_INKS = np.rint(_PAPER[..., :3] * _PAPER[..., 3:] / 255).astype(np.uint8)


def png(pixels, kind, *, bits=16, exif=None):
    """Return the bytes of a PNG of any depth, unfiltered."""
    rows, cols = pixels.shape[:2]
    raw = pixels.astype(">u2" if bits == 16 else "u1").reshape(rows, -1)
    lines = b"".join(b"\0" + row.tobytes() for row in raw)
    head = struct.pack(">IIBBBBB", cols, rows, bits, kind, 0, 0, 0)
    orientation = b"" if exif is None else _chunk(b"eXIf", exif_of(exif))
    body = _chunk(b"IDAT", zlib.compress(lines)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + orientation + body


def _chunk(name, data):
    check = struct.pack(">I", zlib.crc32(name + data))
    return struct.pack(">I", len(data)) + name + data + check


def exif_of(orientation):
    """Return EXIF that holds an orientation and nothing else."""
    entry = struct.pack("<HHIHH", 274, 3, 1, orientation, 0)
    return b"II*\0\x08\0\0\0\x01\0" + entry + b"\0\0\0\0"


def as_stored(pixels, orientation):
    """Return what a camera stores of upright pixels, by the words of TIFF 6.0."""
    by = {
        1: lambda p: p,
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.swapaxes(0, 1),
        6: lambda p: p.swapaxes(0, 1)[::-1],
        7: lambda p: p.swapaxes(0, 1)[::-1, ::-1],
        8: lambda p: p.swapaxes(0, 1)[:, ::-1],
    }
    return np.ascontiguousarray(by[orientation](pixels))


def premultiplied(pixels, alpha):
    """Return colours multiplied by their opacity, and it."""
    most = np.iinfo(pixels.dtype).max
    colours = np.rint(pixels * (alpha[..., None] / most)).astype(pixels.dtype)
    return np.concatenate([colours, alpha[..., None]], -1)
