"""Which of several images in a TIFF is read."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from napari_sam.core.errors import ImageError, MissingFileError, NotAnImageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tifffile import TiffFile, TiffPageSeries

logger = logging.getLogger(__name__)

#: Kinds of slides, which have a thumbnail and pictures of the label beside the image.
_SLIDES = frozenset(("svs", "ndpi", "scn", "qpi", "bif", "philips", "avs", "ventana"))


def choose_series(tiff: TiffFile, name: Path | str, series: int | None) -> int:
    """Return the index of the series that is read: the largest, unless it is chosen.

    Raises
    ------
    NotAnImageError
        If there is none, or it is empty.
    ImageError
        If there is no such series.
    """
    found = tiff.series
    if not found:
        raise NotAnImageError(f"{name} holds no image.")
    index = largest_series(found) if series is None else series
    if not 0 <= index < len(found):
        raise ImageError(
            f"{name} holds {len(found)} images; series {index} was asked for, of 0 to "
            f"{len(found) - 1}."
        )
    if 0 in found[index].shape:
        raise NotAnImageError(f"{name} is empty: its shape is {found[index].shape}.")
    if series is None and len(found) > 1:
        level = logging.INFO if found[0].kind in _SLIDES else logging.WARNING
        logger.log(level, _notice(name, found, index))
    return index


def largest_series(found: Sequence[TiffPageSeries]) -> int:
    """Return the index of the series with the most pixels; the first of equals."""
    return max(range(len(found)), key=lambda k: (found[k].size, -k))


def _notice(name: Path | str, found: list[TiffPageSeries], index: int) -> str:
    sizes = ", ".join(f"{k}: {_described(s)}" for k, s in enumerate(found[:6]))
    more = f" and {len(found) - 6} more" if len(found) > 6 else ""
    return (
        f"{name} holds {len(found)} images ({sizes}{more}); series {index} is read. "
        "Another one: --series N, in Python series=N."
    )


def _described(series: TiffPageSeries) -> str:
    size = " x ".join(str(n) for n in series.shape)
    return f"{series.name!r} {size}" if series.name else size


def check_files(path: Path, tiff: TiffFile) -> None:
    """Refuse an OME-TIFF whose planes are in further files that are not there.

    Raises
    ------
    MissingFileError
        With their names: their planes would be black.
    """
    if not tiff.ome_metadata:
        return
    try:
        root = ElementTree.fromstring(tiff.ome_metadata)
    except ElementTree.ParseError:
        return
    names = _files_named(root)
    missing = sorted(n for n in names if not (path.parent / n).exists())
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise MissingFileError(
            f"{path} belongs to an image of several files; {len(missing)} are not "
            f"beside it: {', '.join(missing[:3])}{more}. Copy them there."
        )


def _files_named(root: ElementTree.Element) -> set[str]:
    """Return the names of other files with planes, or with the metadata of this one."""
    own, names = root.get("UUID"), set()
    for element in root.iter():
        if element.tag.endswith("}UUID") and element.text != own:
            names.add(element.get("FileName") or "")
        elif element.tag.endswith("}BinaryOnly"):
            names.add(element.get("MetadataFile") or "")
    return names - {""}
