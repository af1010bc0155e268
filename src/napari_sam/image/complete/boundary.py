"""Refining the boundary of a coarse mask from the finer tiles along it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.core.geometry.region import Region
from napari_sam.core.prompts import Prompts
from napari_sam.image.complete.blending import agreement, blend, to_prediction

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.geometry.tiles import Tile, TileGrid
    from napari_sam.core.prediction import Prediction
    from napari_sam.image.complete.plane import PromptablePlane

#: The finer tiles decide within this many coarse pixels of the outline.
_BAND = 4
#: They count where they agree this much (IoU) with the coarse mask.
_SAME = 0.75


def refine_boundary(
    plane: PromptablePlane,
    prompts: Prompts,
    tile: Tile,
    coarse: Prediction,
    *,
    down_to: int,
) -> Prediction:
    """Return the mask of a coarse tile with the boundary that finer tiles show.

    They are decoded on the finest level, from `down_to`, on which the boundary crosses
    no more of them than `Tiling.most`. Each gets the coarse mask and the prompts in it,
    and decides only near the boundary, so that no part of the object is lost.
    """
    window = coarse.tile.coarser(tile.scale)
    mask = coarse.sampled(window, tile.scale) > coarse.threshold
    if not mask.any():
        return coarse
    boundary = mask & ~ndimage.binary_erosion(mask, border_value=1)
    pixels = np.add(np.argwhere(boundary), (window.top, window.left))
    for level in range(down_to, tile.level):
        grid = plane.tiling.tiles(plane.shape, level)
        crossed = _crossed(grid, pixels, 1 << (tile.level - level))
        if len(crossed) <= plane.tiling.most:
            held = Region.around(mask).shifted(window.top, window.left)
            return _refined(plane, grid, crossed, prompts, coarse, held, tile.level)
    return coarse


def _crossed(grid: TileGrid, pixels: NDArray[np.intp], by: int) -> list[Tile]:
    """Tiles whose cores hold any of these pixels, which are `by` times as large."""
    at = np.unique((pixels + 0.5) * by - 0.5, axis=0)
    down = {row: grid.down.nearest(row) for row in np.unique(at[:, 0]).tolist()}
    across = {col: grid.across.nearest(col) for col in np.unique(at[:, 1]).tolist()}
    pairs = {(down[row], across[col]) for row, col in at.tolist()}
    return [grid[i * grid.across.count + j] for i, j in sorted(pairs)]


def _refined(
    plane: PromptablePlane,
    grid: TileGrid,
    crossed: list[Tile],
    prompts: Prompts,
    coarse: Prediction,
    held: Region,
    level: int,
) -> Prediction:
    """Decode the tiles; `held` is where the mask is, in pixels of its own `level`."""
    by, step = 1 << (level - grid.level), 1 << grid.level
    width = _BAND * by
    window = Region(
        held.top * by - width,
        held.left * by - width,
        held.bottom * by + width,
        held.right * by + width,
    ).intersection(Region(0, 0, *grid.shape))
    base = coarse.sampled(window, step) - coarse.threshold
    masks = [_decoded(plane, tile, base > 0, window, prompts) for tile in crossed]
    agreed = [a for a in masks if a is not None and agreement(a, coarse) >= _SAME]
    fine, known = blend(agreed, window, step)
    logits = np.where(known & _near_boundary(base > 0, width), fine, base)
    return to_prediction(logits, window, step, coarse, plane=plane.shape)


def _decoded(
    plane: PromptablePlane,
    tile: Tile,
    mask: NDArray[np.bool_],
    window: Region,
    prompts: Prompts,
) -> Prediction | None:
    """Decode one tile, with a rough mask of the object and the prompts in it."""
    common = tile.window.intersection(window)
    hint = mask[common.shifted(-window.top, -window.left).slices]
    if not hint.any():
        return None
    top, left = common.top - tile.window.top, common.left - tile.window.left
    rough = Prompts.from_mask(hint, top=top, left=left)
    return plane.decode_again(tile, prompts, rough)


def _near_boundary(mask: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    size = 2 * width + 1
    grown = ndimage.maximum_filter(mask, size)
    return np.asarray(grown & ~ndimage.minimum_filter(mask, size))
