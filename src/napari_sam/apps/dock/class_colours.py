"""Colours of classes, for a labels layer whose objects are coloured by their class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.utils.colormaps import DirectLabelColormap

from napari_sam.annotator.colours import OBJECT_COLOURS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from napari_sam.annotator.object_list import Entry

#: Of objects without a class, and of what is no object.
_GREY, _NONE = (0.6, 0.6, 0.6, 1.0), (0.0, 0.0, 0.0, 0.0)


def class_colormap(entries: Iterable[Entry]) -> DirectLabelColormap:
    """Return a colormap in which objects of one class have one colour.

    Classes take the colours in the order of their names; objects without a class are
    grey.
    """
    return colormap_of({entry.index: entry.category for entry in entries})


def colormap_of(classes: Mapping[int, str]) -> DirectLabelColormap:
    """Return such a colormap for classes by the numbers of objects."""
    names = sorted({*classes.values()} - {""})
    colours = {
        name: (*(part / 255 for part in OBJECT_COLOURS[k % len(OBJECT_COLOURS)]), 1.0)
        for k, name in enumerate(names)
    }
    table: dict[int | None, NDArray[np.float64]] = {
        i: np.array(colours.get(name, _GREY)) for i, name in classes.items()
    }
    table |= {None: np.array(_GREY), 0: np.array(_NONE)}
    return DirectLabelColormap(color_dict=table)
