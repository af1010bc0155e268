"""The colour space of a JPEG 2000 file, which GDAL does not look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.core.errors import NotAnImageError
from napari_sam.io.readers import colour_rules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from napari_sam.io.readers.colour_rules import ColourRule

_SIGNATURE = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
#: Bytes of a header that are read at most, and boxes that are looked at.
_MOST_BYTES, _MOST_BOXES = 2**20, 256
#: Enumerated colour spaces (ISO/IEC 15444-1 and -2, annex M): grey and kinds of RGB.
_PLAIN = {0, 15, 16, 17, 20, 21}
_CMYK, _SYCC = 12, 18
_NAMES = {
    1: "YCbCr(1)",
    3: "YCbCr(2)",
    4: "YCbCr(3)",
    9: "PhotoYCC",
    11: "CMY",
    13: "YCCK",
    14: "CIELab",
    19: "CIEJab",
    24: "e-sYCC",
}


def rule_of_jp2(path: Path | str, bits: int) -> ColourRule | None:
    """Return the rule of a file's colour space; None if its bands are what they are.

    Parameters
    ----------
    path
        A local file; of others, and of bare codestreams, no colour space is known.
    bits
        Of a value.

    Raises
    ------
    NotAnImageError
        If its colours are in a space that is not read; it is named.
    """
    space = _colour_space(Path(path)) if Path(path).is_file() else None
    if space is None or space in _PLAIN:
        return None
    if space == _CMYK:
        return colour_rules.of_inks(bits)
    if space == _SYCC and bits == 8:
        return colour_rules.of_luma()
    name = _NAMES.get(space, f"the space of number {space}")
    raise NotAnImageError(
        f"{path}: its colours are stored as {'sYCC' if space == _SYCC else name} of "
        f"{bits} bits, which is not read. Save it as RGB."
    )


def _colour_space(path: Path) -> int | None:
    """Return the number of the first enumerated colour space, or None."""
    with path.open("rb") as file:
        if file.read(len(_SIGNATURE)) != _SIGNATURE:
            return None
        header = next((c for k, c in _boxes(file) if k == b"jp2h"), b"")
    for kind, content in _parts(header):
        if kind == b"colr" and content[:1] == b"\x01" and len(content) >= 7:
            return int.from_bytes(content[3:7], "big")
    return None


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content of the boxes of a file; only headers are read."""
    for _ in range(_MOST_BOXES):
        size, kind = int.from_bytes(file.read(4), "big"), file.read(4)
        start = 8
        if size == 1:
            size, start = int.from_bytes(file.read(8), "big"), 16
        if len(kind) < 4 or size < start:  # the end, or a box that reaches to it
            return
        if kind == b"jp2h":
            yield kind, file.read(min(size - start, _MOST_BYTES))
            return
        file.seek(size - start, 1)


def _parts(header: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(header):
        size = int.from_bytes(header[at : at + 4], "big")
        if size < 8:
            return
        yield header[at + 4 : at + 8], header[at + 8 : at + size]
        at += size
