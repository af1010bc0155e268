"""Files of data sets: the images of a folder, planes of a TIFF, JSON."""

from __future__ import annotations

import json
import os
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from napari_sam.core.errors import ImageError, MissingFileError, NotAnImageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["first_few", "images_in", "may_be_image", "read_json", "stack_sizes"]

#: Suffixes of files in image folders that are no images.
_NO_IMAGES = frozenset({
    ".csv", ".db", ".geojson", ".html", ".ini", ".json", ".log", ".md", ".txt", ".xlsx",
    ".xml", ".yaml", ".yml",
})  # fmt: skip
_TIFF = frozenset((".tif", ".tiff"))


def images_in(folder: Path) -> dict[str, Path]:
    """List the images of a folder by their stems, in order.

    Raises
    ------
    ImageError
        If two files have the same stem.
    """
    found: dict[str, Path] = {}
    with os.scandir(folder) as entries:  # faster than `Path.is_file` of each
        paths = sorted(folder / e.name for e in entries if e.is_file())
    for path in paths:
        if not _may_be_image(path.name):
            continue
        stem = normalize("NFC", path.stem)  # some systems part letters and accents
        if stem in found:
            raise ImageError(
                f"{path} and {found[stem].name} have the same name. Keep one."
            )
        found[stem] = path
    return found


def may_be_image(path: Path) -> bool:
    """Whether a path may be an image: a file, not hidden, without a text suffix."""
    return _may_be_image(path.name) and path.is_file()


def _may_be_image(name: str) -> bool:
    return not name.startswith(".") and PurePath(name).suffix.lower() not in _NO_IMAGES


def stack_sizes(
    path: Path, *, channels: str = "SC"
) -> tuple[tuple[int, ...], str, bool]:
    """Read the axes and numbers of planes of a TIFF from its header.

    Parameters
    ----------
    path
        Path of the TIFF.
    channels
        Axes of the file that belong to a plane, in letters of a TIFF.

    Returns
    -------
    tuple
        Length of each axis that the planes lie along, the letters of the axes, and
        whether these are in the file; if not, they are ``z`` and ``tz``. No axes for
        one plane.

    Raises
    ------
    NotAnImageError
        If it is no TIFF.
    """
    if path.suffix.lower() not in _TIFF:
        return (), "", True
    import tifffile

    from napari_sam.io.readers.tiff_series import largest_series

    try:
        with tifffile.TiffFile(path) as tiff:
            series = tiff.series[largest_series(tiff.series)]
            axes, shape = series.axes, series.shape
    except Exception as wrong:
        raise NotAnImageError(f"{path} cannot be read as a TIFF: {wrong}") from wrong
    along = [
        (a, n) for a, n in zip(axes, shape, strict=True) if a not in "YX" + channels
    ]
    letters, sizes = "".join(a for a, _ in along), tuple(n for _, n in along)
    if set(letters) <= set("TZ"):
        return sizes, letters.lower(), True
    if len(along) != len(shape) - 2 or len(along) > 2:
        return (), "", True  # the reader raises a better error
    return sizes, "tz"[-len(along) :], False


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    MissingFileError
        If there is none.
    ImageError
        If it is no JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise MissingFileError(f"{path} does not exist.") from None
    except (OSError, ValueError, RecursionError) as wrong:
        raise ImageError(f"{path} cannot be read as JSON: {wrong}.") from None


def first_few(things: Sequence[object], most: int = 3) -> str:
    """Format a list of many things: the first ones, and the number of others."""
    named = ", ".join(str(t) for t in things[:most])
    more = len(things) - most
    return f"{named} and {more} more" if more > 0 else named
