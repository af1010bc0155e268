"""Instances cut out of a model's maps: seeds, watershed, and a score for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage
from skimage.morphology import local_maxima
from skimage.segmentation import watershed

from napari_sam.automatic.basins import merged_basins, saddles
from napari_sam.core.mask import Mask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_sam.automatic.settings import InstanceSettings

#: Pixels over which distances are smoothed before their maxima are taken.
_SMOOTHING = 1.0
#: Levels that distances are rounded to, so that plateaus are plateaus.
_LEVELS = 255
#: Share of a filled mask that what lies in its holes must have to be more than a piece
#: of it. On training images such pieces were no objects (they met true ones with an
#: IoU under .3), and what is around them was (.65 to .78), whatever the scores.
_MOST_OF_BOTH = 0.5
#: Weights of the score: see `benchmarks/instance_scores.py`, which fits them.
_SCORE = np.array([-10.97, 9.82, 2.57, 1.44, -0.44])


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
    Microscopy").

    Parameters
    ----------
    maps
        ``(3, y, x)``: foreground, boundary distance and centre; see `InstanceMaps`.
    settings
        How they are cut.
    top, left
        Where the maps lie on the plane.
    most
        Only about so many, from all over the maps; by default, all.
    """
    depth = ndimage.gaussian_filter(maps[1] + maps[2], _SMOOTHING) / 2
    labels = _watershed(depth, maps[0] > settings.foreground, settings.split)
    return [
        Instance(
            Mask.from_array(inside, top=top + rows.start, left=left + cols.start),
            _score(maps[:, rows, cols], inside),
            _deepest(depth[rows, cols], inside, top + rows.start, left + cols.start),
        )
        for (rows, cols), inside in _objects(labels, most)
    ]


def _watershed(
    depth: NDArray[np.float32], foreground: NDArray[np.bool_], split: float
) -> NDArray[np.int32]:
    """Flood the foreground from its maxima that a dip of more than `split` sets apart.

    Basins of all maxima are merged where the dip is less: what a reconstruction of the
    depth less `split` gives (Soille 2003, "Morphological Image Analysis", 6.3.5), but
    pixels are sorted once instead of three times.
    """
    levels = np.where(foreground, np.rint(depth * _LEVELS), -1).astype(np.int16)
    # Nothing is connected through the background: every part of it has a maximum.
    maxima = local_maxima(levels) & foreground
    seeds, count = ndimage.label(maxima, np.ones((3, 3)))
    if not count:
        return np.zeros(depth.shape, np.int32)
    basins = np.asarray(watershed(-depth, seeds, mask=foreground), np.int32)
    peaks = ndimage.maximum(levels, seeds, np.arange(count + 1))
    step = max(1, round(split * _LEVELS))
    return merged_basins(peaks, saddles(basins, levels), step)[basins]


def _objects(
    labels: NDArray[np.int32], most: int | None
) -> Iterator[tuple[tuple[slice, slice], NDArray[np.bool_]]]:
    """Yield the window of each instance, and its pixels, holes filled.

    What lies in a hole is a piece of the object around it, unless it is the most of
    both: then the hole stays. So no pixel is of two instances.
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
            yield found[k], inside


def _deepest(
    depth: NDArray[np.float32], inside: NDArray[np.bool_], top: int, left: int
) -> tuple[int, int]:
    at = int(np.where(inside, depth, -1).argmax())
    row, col = divmod(at, depth.shape[1])
    return top + row, left + col


def _score(maps: NDArray[np.float32], inside: NDArray[np.bool_]) -> float:
    """Return the estimated IoU: a logistic function of what the maps say."""
    logit = float(_SCORE[0] + score_features(maps, inside) @ _SCORE[1:])
    return 1 / (1 + float(np.exp(-logit)))


def score_features(
    maps: NDArray[np.float32], inside: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return what the score of an instance is computed from.

    Returns
    -------
    Four numbers, 1 at best: mean foreground, largest boundary distance and centre, and
    how well the boundary distance agrees with that of the mask itself.
    """
    own = ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
    error = np.abs(own / own.max() - maps[1])[inside].mean()
    return np.array(
        [
            maps[0][inside].mean(),
            maps[1][inside].max(),
            maps[2][inside].max(),
            1 - error,
        ]
    )
