"""Connected parts of a mask: what no click hit belongs to another object."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.core.geometry import rasterize
from napari_sam.core.geometry.region import Region
from napari_sam.core.prompts.items import encloses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts

#: Below the threshold, parts are connected again at the first of these where they meet.
_LEVELS = (0.0, -1.0, -2.0, -4.0, -8.0)
#: Rows and columns of a plane that holds every position.
_ANYWHERE = (1 << 40, 1 << 40)
#: Cells that share an edge or a corner are connected.
_NEIGHBOURS = np.ones((3, 3), bool)


def connected(mask: Prediction, prompts: Prompts) -> Prediction:
    """Return a mask without the parts that no click or scribble hit.

    A model often adds a piece of a similar neighbour. Whoever means an object in two
    parts clicks both. Boxes, polygons and masks tell where all of the object is, so
    with one of them the mask stays as it is; so does one of which nothing was hit.

    Parameters
    ----------
    mask
        A prediction on the plane. Its other candidates are treated alike.
    prompts
        Prompts on the plane.
    """
    hits = _hits(prompts)
    if not hits:
        return mask
    alternatives = tuple(_lower_unhit(other, hits) for other in mask.alternatives)
    return replace(_lower_unhit(mask, hits), alternatives=alternatives)


def _hits(prompts: Prompts) -> list[tuple[float, float]]:
    """Return where the object was hit; nowhere if there are other prompts."""
    positive = [s for s in prompts.items if s.positive]
    if any(map(encloses, positive)):
        return []
    return [
        point
        for s in positive
        for point in rasterize.representative_points(s, _ANYWHERE)
    ]


def _lower_unhit(mask: Prediction, hits: Sequence[tuple[float, float]]) -> Prediction:
    """Lower the logits of what was not hit, as far as it is unconnected."""
    threshold = np.float32(mask.threshold)
    # Most of a tile is far from the mask and its parts.
    around = Region.around(mask.logits > threshold + _LEVELS[-1]).grown(1)
    near = around.intersection(Region(0, 0, *mask.logits.shape)).slices
    logits = mask.logits[near] - threshold
    cells = _cells(mask, hits, near, logits)
    hit = _hit(logits, 0.0, cells)
    if not hit.any() or np.array_equal(hit, logits > 0):
        return mask
    ceiling = np.full(logits.shape, _LEVELS[-1], np.float32)
    for level, above in zip(_LEVELS[:0:-1], _LEVELS[-2::-1], strict=True):
        ceiling[_hit(logits, level, cells)] = above
    lowered = mask.logits.copy()
    lowered[near] = np.where(hit, logits, np.minimum(logits, ceiling)) + threshold
    return replace(mask, logits=lowered)


def _cells(
    mask: Prediction,
    hits: Sequence[tuple[float, float]],
    near: tuple[slice, slice],
    logits: NDArray[np.float32],
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the cells that were hit; of a hit next to the mask, the best around it."""
    start = np.array([mask.tile.top, mask.tile.left])
    at = (np.asarray(hits) + 0.5 - start) / mask.stride
    at -= [part.start for part in near]
    inside = ((at >= 0) & (at < logits.shape)).all(1)
    found = [_best(logits, *cell) for cell in np.floor(at[inside]).astype(int).tolist()]
    rows, cols = np.array(found, np.intp).reshape(-1, 2).T
    return rows, cols


def _best(logits: NDArray[np.float32], row: int, col: int) -> tuple[int, int]:
    if logits[row, col] > 0:
        return row, col
    top, left = max(row - 1, 0), max(col - 1, 0)
    around = logits[top : row + 2, left : col + 2]
    i, j = np.unravel_index(int(around.argmax()), around.shape)
    return top + int(i), left + int(j)


def _hit(
    logits: NDArray[np.float32],
    level: float,
    cells: tuple[NDArray[np.intp], NDArray[np.intp]],
) -> NDArray[np.bool_]:
    """Cells above a level that are connected, above it, with one of `cells`."""
    labels, _ = ndimage.label(logits > level, _NEIGHBOURS)
    found = [i for i in np.unique(labels[cells]).tolist() if i]
    hit = np.zeros(logits.shape, bool)
    for i in found:  # one or two: comparing is quicker than looking each cell up
        hit |= labels == i
    return hit
