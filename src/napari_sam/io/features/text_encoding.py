"""Text files of other programs, in the encodings that they write."""

from __future__ import annotations

import codecs
import json
from contextlib import suppress
from typing import TYPE_CHECKING

from napari_sam.core.errors import PromptError

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam.core.json_values import UncheckedJson

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_text(path: Path) -> str:
    """Read text in UTF-8 or UTF-16, with a byte order mark or without.

    Raises
    ------
    PromptError
        If it cannot be read, or is no text.
    """
    try:
        data = path.read_bytes()
        return data.decode(_encoding(data))
    except (OSError, ValueError) as wrong:  # of bytes, or a NUL in the path
        raise PromptError(
            f"{path} cannot be read: {wrong}. Expected text in UTF-8 or UTF-16."
        ) from None


def read_text_of_any_age(path: Path) -> tuple[str, bool]:
    """Read text in Unicode, or in the one byte a letter of western Windows.

    Returns
    -------
    The text, and whether it is in Unicode: otherwise letters beyond ASCII are a guess.

    Raises
    ------
    PromptError
        If it cannot be read, or is no text.
    """
    try:
        return read_text(path), True
    except PromptError:
        data = path.read_bytes() if path.is_file() else b"\0"
        if b"\0" in data:
            raise
        with suppress(ValueError):
            return data.decode("cp1252"), False
        raise


def read_json(path: Path) -> UncheckedJson:
    """Read JSON in any of these encodings.

    Raises
    ------
    PromptError
        If it is not JSON.
    """
    text = read_text(path)
    try:
        return json.loads(text)
    except RecursionError:
        raise PromptError(f"{path} is not JSON: it is nested too deeply.") from None
    except ValueError as wrong:
        lines = _values_by_line(text)
        if lines is None:
            raise PromptError(f"{path} is not JSON: {wrong}.") from None
        return lines


def _encoding(data: bytes) -> str:
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    first = data[:4]
    if len(first) == 4 and first[1] == first[3] == 0 and first[0] and first[2]:
        return "utf-16-le"
    if len(first) == 4 and first[0] == first[2] == 0 and first[1] and first[3]:
        return "utf-16-be"
    return "utf-8"


def _values_by_line(text: str) -> list[UncheckedJson] | None:
    """Return the objects of a file with one on each line (RFC 8142), or None."""
    lines = [line.strip("\x1e \t\r") for line in text.split("\n")]
    try:
        values = [json.loads(line) for line in lines if line]
    except (ValueError, RecursionError):
        return None
    return values if len(values) > 1 else None
