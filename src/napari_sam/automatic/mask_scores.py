"""How far a mask that was cut out of instance maps is to be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Weights of the score: see `benchmarks/instance_scores.py`, which fits them.
_SCORE = np.array([-8.22, 3.96, 3.34, 0.41, 1.46, 1.25, 1.39, -8.66, 0.28])


def estimated_iou(
    maps: NDArray[np.float32], window: tuple[slice, slice], inside: NDArray[np.bool_]
) -> float:
    """Return the estimated IoU of a mask: a logistic function of its features.

    Parameters
    ----------
    maps
        ``(3, y, x)``: foreground, boundary distance and centre; see `InstanceMaps`.
    window
        Rows and columns of the maps that the mask lies in.
    inside
        Its pixels in the window.
    """
    logit = float(_SCORE[0] + score_features(maps, window, inside) @ _SCORE[1:])
    return 1 / (1 + float(np.exp(-logit)))


def score_features(
    maps: NDArray[np.float32], window: tuple[slice, slice], inside: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return what the score of a mask is computed from.

    Returns
    -------
    Eight numbers: the mean foreground, the largest boundary distance and centre, how
    well either agrees with that of the mask itself, the mean boundary distance in the
    mask, and in the pixels around it, where it is large if the mask is a piece of an
    object; and 1 if it ends at the edge of the maps, else 0.
    """
    around, shown = _bordered(window, inside, maps.shape[1:])
    own = ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1][inside]
    foreground, boundary, centre = (m[window][inside] for m in maps)
    rim = ndimage.binary_dilation(shown) & ~shown
    return np.array(
        [
            foreground.mean(),
            boundary.max(),
            centre.max(),
            1 - np.abs(own / own.max() - boundary).mean(),
            1 - np.abs(_closeness(inside, boundary + centre) - centre).mean(),
            boundary.mean(),
            maps[1][around][rim].mean() if rim.any() else 0.0,
            around[0].start == window[0].start
            or around[1].start == window[1].start
            or around[0].stop == window[0].stop
            or around[1].stop == window[1].stop,
        ],
        np.float64,
    )


def _closeness(
    inside: NDArray[np.bool_], depth: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return how close the pixels of a mask are to its deepest one, which has 1."""
    rows, cols = np.nonzero(inside)
    deepest = int(depth.argmax())
    away = np.hypot(rows - rows[deepest], cols - cols[deepest])
    return np.asarray(1 - away / max(float(away.max()), 1.0), np.float64)


def _bordered(
    window: tuple[slice, slice], inside: NDArray[np.bool_], shape: tuple[int, ...]
) -> tuple[tuple[slice, slice], NDArray[np.bool_]]:
    """Return a window and a mask with a pixel more on each side that the maps have."""
    starts = [max(0, one.start - 1) for one in window]
    stops = [min(n, one.stop + 1) for one, n in zip(window, shape, strict=True)]
    more = [
        (one.start - start, stop - one.stop)
        for one, start, stop in zip(window, starts, stops, strict=True)
    ]
    rows, cols = (slice(*pair) for pair in zip(starts, stops, strict=True))
    return (rows, cols), np.pad(inside, more)
