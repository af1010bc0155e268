"""Filtering of automatic masks: thresholds and duplicates, without the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.automatic.automatic_masks import AutomaticMasks
from napari_sam.automatic.nested_masks import without_nested
from napari_sam.automatic.small_regions import without_small_regions
from napari_sam.core.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_sam.automatic.settings import FilterSettings
    from napari_sam.core.geometry.region import Region

#: Share of a mask that makes it a part of another, or of the same object. Chosen on
#: training images, as is that the better stays (docs/everything.md).
_NESTED = 0.6
#: Boxes compared at once with those around: so many rows of IoUs are in memory.
_ROWS = 128


def filter_masks(found: AutomaticMasks, settings: FilterSettings) -> AutomaticMasks:
    """Return the masks that stay, those of the highest score first.

    As in Kirillov et al. 2023, "Segment Anything", appendix B ("Automatic mask
    generation details"): thresholds, then suppression of duplicates by their boxes;
    a smaller crop goes before a larger one; then small regions, and duplicates again:
    masks that had none go before those that were changed.
    """
    stay = found.chosen(which_stay(found, settings))
    if not settings.small_regions or not len(stay):
        return stay
    masks, changed = without_small_regions(
        stay.masks, settings.small_regions, found.plane_shape
    )
    cleaned = AutomaticMasks(tuple(masks), found.plane_shape)
    order = np.argsort(changed, kind="stable")
    kept = order[_without_duplicates(cleaned.boxes[order], settings.overlap)]
    return cleaned.chosen(np.sort(kept))


def which_stay(found: AutomaticMasks, settings: FilterSettings) -> NDArray[np.intp]:
    """Return the indices of the masks that stay, as `filter_masks` orders them.

    Raises
    ------
    SettingError
        If sizes are not in pixels: `sizes_in_pixels` converts them.
    """
    if settings.size_unit is not None:
        raise SettingError(
            f"size_unit={settings.size_unit!r}: the size of a pixel is not known here. "
            "Give smallest and largest in pixels, or call sizes_in_pixels."
        )
    stays = (found.scores >= settings.score) & (found.areas >= settings.smallest)
    stays &= found.stabilities >= settings.stability
    if settings.largest is not None:
        stays &= found.areas <= settings.largest
    if settings.exclude_border:
        stays &= ~_at_border(found)
    indices = np.flatnonzero(stays)
    remaining = found.chosen(indices)
    best = np.argsort(-remaining.scores, kind="stable")
    in_crops = [
        crop[_without_duplicates(remaining.boxes[crop], settings.overlap)]
        for crop in _by_crop(remaining, best)
    ]
    order = np.concatenate([*in_crops, np.zeros(0, np.intp)])
    order = order[np.argsort(remaining.crop_areas[order], kind="stable")]
    kept = order[_without_duplicates(remaining.boxes[order], settings.overlap)]
    best_first = kept[np.argsort(-remaining.scores[kept], kind="stable")]
    share = settings.nested
    if share is None:
        share = 1.0 if found.may_nest else _NESTED
    if share < 1:
        masks = [remaining.masks[i].mask for i in best_first]
        best_first = best_first[without_nested(masks, share)]
    return np.asarray(indices[best_first], np.intp)


def _by_crop(
    found: AutomaticMasks, order: NDArray[np.intp]
) -> Iterator[NDArray[np.intp]]:
    """Yield the indices of each crop, in order."""
    crops: dict[Region, list[int]] = {}
    for i in order:
        crops.setdefault(found.masks[i].crop, []).append(int(i))
    return (np.array(some) for some in crops.values())


def _at_border(found: AutomaticMasks) -> NDArray[np.bool_]:
    rows, cols = found.plane_shape
    top, left, bottom, right = found.boxes.T
    at_edge = (top == 0) | (left == 0) | (bottom == rows) | (right == cols)
    return np.asarray(at_edge, bool)


def _without_duplicates(boxes: NDArray[np.int64], overlap: float) -> NDArray[np.intp]:
    """Return boxes, in order, that no kept one before them overlaps by more."""
    better, worse = _overlapping(boxes, overlap)
    starts = np.searchsorted(better, np.arange(len(boxes) + 1))
    dropped = np.zeros(len(boxes), bool)
    for i in np.unique(better):
        if not dropped[i]:
            dropped[worse[starts[i] : starts[i + 1]]] = True
    return np.flatnonzero(~dropped)


def _overlapping(
    boxes: NDArray[np.int64], overlap: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return pairs of boxes with a larger IoU, the earlier of each first, in order.

    Boxes are compared with those that begin above their ends only, so that a large
    plane takes as long for its area as a small one.
    """
    down = np.argsort(boxes[:, 0], kind="stable")
    ordered, pairs = boxes[down], [np.zeros((0, 2), np.intp)]
    for start in range(0, len(boxes), _ROWS):
        rows = ordered[start : start + _ROWS]
        end = int(np.searchsorted(ordered[:, 0], rows[:, 2].max()))
        over = box_ious(rows, ordered[start:end]) > overlap
        pairs.append(down[start + np.argwhere(np.triu(over, 1))])
    first, second = np.sort(np.concatenate(pairs), axis=1).T
    order = np.argsort(first, kind="stable")
    return first[order], second[order]


def box_ious(some: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.float64]:
    """IoU of each of n boxes with each of m, ``(n, m)``; boxes are half-open."""
    top_left = np.maximum(some[:, None, :2], others[None, :, :2])
    bottom_right = np.minimum(some[:, None, 2:], others[None, :, 2:])
    both = np.prod(np.maximum(bottom_right - top_left, 0), axis=2, dtype=np.float64)
    areas = [np.prod(b[:, 2:] - b[:, :2], axis=1) for b in (some, others)]
    either = areas[0][:, None] + areas[1][None] - both
    ious = np.divide(both, either, out=np.zeros_like(both), where=either > 0)
    return np.asarray(ious, np.float64)
