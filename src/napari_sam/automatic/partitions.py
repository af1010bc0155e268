"""Partitions of instance maps into objects, at several thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage
from skimage.morphology import local_maxima
from skimage.segmentation import watershed

from napari_sam.automatic.basins import merged_basins, saddles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

#: Levels that distances are rounded to, so that plateaus are plateaus.
_LEVELS = 255
#: Share of a filled mask that what lies in its holes must have to be more than a piece
#: of it. On training images such pieces were no objects (they met true ones with an
#: IoU under .3), and what is around them was (.65 to .78), whatever the scores.
_MOST_OF_BOTH = 0.5


class Piece(NamedTuple):
    """A part of a plane: the window it lies in, and its pixels there.

    Attributes
    ----------
    window
        Rows and columns.
    inside
        Which pixels of the window are its own.
    """

    window: tuple[slice, slice]
    inside: NDArray[np.bool_]


def iter_partitions(
    depth: NDArray[np.float32], foreground: NDArray[np.bool_], splits: Sequence[float]
) -> Iterator[NDArray[np.int32]]:
    """Flood the foreground from its maxima that dips of more than `splits` set apart.

    Basins of all maxima are merged where the dip is less: what a reconstruction of the
    depth less `split` gives (Soille 2003, "Morphological Image Analysis", 6.3.5), but
    pixels are sorted once instead of three times for each of the splits.

    Parameters
    ----------
    depth
        ``(y, x)``, from 0 to 1: largest in the middle of objects.
    foreground
        ``(y, x)``: the pixels of objects.
    splits
        How deep a dip is between two objects, at least.

    Yields
    ------
    array
        Labels ``(y, x)`` for each of the splits.
    """
    levels = np.where(foreground, np.rint(depth * _LEVELS), -1).astype(np.int16)
    # Nothing is connected through the background: every part of it has a maximum.
    maxima = local_maxima(levels) & foreground
    seeds, count = ndimage.label(maxima, np.ones((3, 3)))
    if not count:
        return
    basins = np.asarray(watershed(-depth, seeds, mask=foreground), np.int32)
    peaks = ndimage.maximum(levels, seeds, np.arange(count + 1))
    meeting = saddles(basins, levels)
    for split in splits:
        yield merged_basins(peaks, meeting, max(1, round(split * _LEVELS)))[basins]


def iter_pieces(labels: NDArray[np.int32], most: int | None = None) -> Iterator[Piece]:
    """Yield each object of labels with its holes filled.

    What lies in a hole is a piece of the object around it, unless it is the most of
    both: then the hole stays. So no pixel is of two.

    Parameters
    ----------
    labels
        ``(y, x)``; 0 is background.
    most
        Only about so many, from all over the labels; by default, all.
    """
    found = {k: w for k, w in enumerate(ndimage.find_objects(labels), 1) if w}
    filled: dict[int, NDArray[np.bool_]] = {}
    swallowed: set[int] = set()
    for k in list(found)[:: max(1, len(found) // (most or len(found) or 1))]:
        here = labels[found[k]]
        own = here == k
        whole = np.asarray(ndimage.binary_fill_holes(own), bool)
        others = here[whole & ~own]
        others = others[others > 0]
        if len(others) > _MOST_OF_BOTH * np.count_nonzero(whole):
            whole = own
        elif len(others):
            swallowed.update(others.tolist())
        filled[k] = whole
    for k, inside in filled.items():
        if k not in swallowed:
            yield Piece(found[k], inside)
