"""Colours of a raster: the rule of its bands, or a refusal."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import NotAnImageError
from napari_sam.io.readers import colour_rules
from napari_sam.io.readers.jp2_colours import rule_of_jp2

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from rasterio import DatasetReader

    from napari_sam.io.readers.colour_rules import ColourRule

logger = logging.getLogger(__name__)

_INKS = ("cyan", "magenta", "yellow", "black")
_LUMA = (("Y", "Cb", "Cr"), ("y", "cb", "cr"))
_REFUSED = frozenset(("hue", "saturation", "lightness"))


def rule_of_raster(
    found: DatasetReader, path: Path | str, *, numbers: bool
) -> ColourRule | None:
    """Return the rule of a raster's bands; None if they are what they are.

    Parameters
    ----------
    found
        The open raster.
    path
        Its name in messages.
    numbers
        Whether its values are numbers of objects, which no rule changes.

    Raises
    ------
    NotAnImageError
        If its colours are stored in a way that is not read; it is named.
    """
    bands = tuple(c.name for c in found.colorinterp)
    _warn_of_mask(found, bands, path)
    if numbers:
        return None
    if found.driver.startswith("JP2") and len(bands) >= 3:
        rule = rule_of_jp2(path, _bits(found))
        if rule is not None:
            return rule
    if _REFUSED.intersection(bands):
        raise NotAnImageError(
            f"{path}: its bands are {', '.join(bands)}, which is not read as colours. "
            "Save it as RGB."
        )
    if bands[0] == "palette" and len(bands) <= 2:
        return colour_rules.of_palette(_palette(found), samples=len(bands) > 1)
    if bands[:4] == _INKS and _kind(found) == "u":
        return colour_rules.of_inks(8 * np.dtype(found.dtypes[0]).itemsize)
    if bands[:3] in _LUMA:
        return colour_rules.of_luma()
    if bands in (("gray", "alpha"), ("undefined", "alpha")):
        return colour_rules.without_alpha(premultiplied=False)
    is_inverted = found.tags(ns="IMAGE_STRUCTURE").get("MINISWHITE") == "YES"
    if is_inverted and len(bands) == 1 and _kind(found) in "ui":
        return colour_rules.of_inverted(_bits(found))
    return None


def _kind(found: DatasetReader) -> str:
    return str(np.dtype(found.dtypes[0]).kind)


def _bits(found: DatasetReader) -> int:
    """Return the bits of a value that are used."""
    bits = found.tags(1, ns="IMAGE_STRUCTURE").get("NBITS")
    return int(bits) if bits else 8 * np.dtype(found.dtypes[0]).itemsize


def _palette(found: DatasetReader) -> NDArray[np.uint8]:
    entries = found.colormap(1)
    table = np.zeros((max(entries, default=0) + 1, 3), np.uint8)
    for index, colour in entries.items():
        table[index] = colour[:3]
    return table


def _warn_of_mask(
    found: DatasetReader, bands: tuple[str, ...], path: Path | str
) -> None:
    """Say that a mask of valid pixels is left out; what is behind it is shown."""
    flags = {flag.name for band in found.mask_flag_enums for flag in band}
    if "per_dataset" in flags and "alpha" not in (*flags, *bands):
        logger.warning(
            "%s has a mask of valid pixels, which is not used: what lies behind it is "
            "shown as it is.",
            path,
        )
