"""Instances cut out of a model's maps: candidates, and the best of those that meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage

from napari_sam.automatic.mask_scores import estimated_iou
from napari_sam.automatic.partitions import Piece, iter_partitions, iter_pieces
from napari_sam.core.mask import Mask

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from napari_sam.automatic.settings import InstanceSettings

#: Pixels over which distances are smoothed before their maxima are taken.
_SMOOTHING = 1.0
#: Thresholds of the foreground, more or less than the setting, and depths of the dip
#: between two objects, in parts of the setting, at which candidates are cut.
_FOREGROUNDS, _SPLITS = (-0.2, 0.0, 0.2), (0.5, 1.0, 2.0)
#: The lowest and highest of these thresholds.
_LEAST, _MOST = 0.02, 0.98
#: A candidate of which more is in better ones is none.
_TAKEN = 0.3


class Instance(NamedTuple):
    """An instance: its pixels, its seed, and how far to trust it.

    Attributes
    ----------
    mask
        Its pixels.
    score
        The estimated IoU.
    seed
        ``(row, col)`` of its most central pixel.
    """

    mask: Mask
    score: float
    seed: tuple[int, int]


def find_instances(
    maps: NDArray[np.float32],
    settings: InstanceSettings,
    *,
    top: int = 0,
    left: int = 0,
    most: int | None = None,
) -> list[Instance]:
    """Cut instances out of maps.

    The maxima of both distances, as far as a dip separates them, are the seeds of a
    watershed in the foreground (as in Archit et al. 2025, "Segment Anything for
    Microscopy"). That is done at several thresholds, lower and higher than those of the
    settings; of the masks that lie on each other the one of the best score stays, as
    in Arteta et al. 2012, "Learning to Detect Cells Using Non-overlapping Extremal
    Regions".

    Parameters
    ----------
    maps
        ``(3, y, x)``: foreground, boundary distance and centre; see `InstanceMaps`.
    settings
        How they are cut.
    top, left
        Where the maps lie on the plane.
    most
        Only about so many, from all over the maps, at the thresholds of the settings
        alone; by default, all.
    """
    depth = _depth(maps)
    pieces: Iterable[Piece] = (
        candidates(maps, settings, depth=depth)
        if most is None
        else _cut(depth, maps[0] > settings.foreground, [settings.split], most)
    )
    scored = [(estimated_iou(maps, *piece), piece) for piece in pieces]
    return [
        Instance(
            Mask.from_array(inside, top=top + rows.start, left=left + cols.start),
            score,
            _deepest(depth[rows, cols], inside, top + rows.start, left + cols.start),
        )
        for score, ((rows, cols), inside) in best_pieces(scored, depth.shape)
    ]


def candidates(
    maps: NDArray[np.float32],
    settings: InstanceSettings,
    *,
    depth: NDArray[np.float32] | None = None,
) -> list[Piece]:
    """Return the masks of all thresholds that instances are chosen from.

    Parameters
    ----------
    maps
        ``(3, y, x)``: foreground, boundary distance and centre.
    settings
        The thresholds in the middle.
    depth
        Mean of both distances, smoothed, if it is there already.
    """
    if depth is None:
        depth = _depth(maps)
    splits = [min(_MOST, share * settings.split) for share in _SPLITS]
    found: dict[tuple[int, ...], Piece] = {}
    for more in _FOREGROUNDS:
        threshold = min(_MOST, max(_LEAST, settings.foreground + more))
        for piece in _cut(depth, maps[0] > threshold, splits):
            found.setdefault(_key(piece), piece)
    return list(found.values())


def _depth(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of both distances, smoothed: how deep in an object pixels are."""
    return np.asarray(ndimage.gaussian_filter(maps[1] + maps[2], _SMOOTHING) / 2)


def _cut(
    depth: NDArray[np.float32],
    foreground: NDArray[np.bool_],
    splits: Sequence[float],
    most: int | None = None,
) -> Iterator[Piece]:
    for labels in iter_partitions(depth, foreground, splits):
        yield from iter_pieces(labels, most)


def _key(piece: Piece) -> tuple[int, ...]:
    """Tell pieces apart: those of one box and area are nested, and so the same."""
    rows, cols = piece.window
    area = int(np.count_nonzero(piece.inside))
    return rows.start, rows.stop, cols.start, cols.stop, area


def best_pieces(
    scored: Iterable[tuple[float, Piece]], shape: tuple[int, ...]
) -> Iterator[tuple[float, Piece]]:
    """Yield pieces, the best first, without those that mostly are taken.

    What little is of a better one already is taken away, so that no pixel is of two.

    Parameters
    ----------
    scored
        Scores, and pieces that may lie on each other.
    shape
        Of the plane that they lie in.
    """
    taken = np.zeros(shape, bool)
    for score, (window, inside) in sorted(scored, key=lambda one: -one[0]):
        here = taken[window]
        free = inside & ~here
        if np.count_nonzero(free) < (1 - _TAKEN) * np.count_nonzero(inside):
            continue
        here |= inside
        yield score, Piece(window, free)


def _deepest(
    depth: NDArray[np.float32], inside: NDArray[np.bool_], top: int, left: int
) -> tuple[int, int]:
    at = int(np.where(inside, depth, -1).argmax())
    row, col = divmod(at, depth.shape[1])
    return top + row, left + col
