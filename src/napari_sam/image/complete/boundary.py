"""The outline of a coarse answer, drawn again from the finer tiles along it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.core.geometry.region import Region
from napari_sam.core.prompts import Prompts
from napari_sam.core.prompts.items import Candidate
from napari_sam.core.prompts.tiles import prompts_in_tile
from napari_sam.image.complete.blending import agreement, blend, to_level, to_prediction

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.geometry.tiles import Tile, TileGrid
    from napari_sam.core.prediction import Prediction
    from napari_sam.image.complete.plane import PromptablePlane

#: The finer tiles decide within this many coarse pixels of the outline.
_BAND = 4
#: They are believed where they agree this much (IoU) with the coarse answer.
_SAME = 0.75


def refine_boundary(
    view: PromptablePlane,
    prompts: Prompts,
    tile: Tile,
    coarse: Prediction,
    *,
    down_to: int,
) -> Prediction:
    """Return the answer of a coarse tile with the outline that finer tiles see.

    They are asked on the finest level, from `down_to`, on which the outline crosses no
    more of them than `Tiling.most`. Each is shown the coarse mask and what was said in
    it, and decides only near the outline, so that no part of the object is lost.
    """
    window = to_level(coarse.tile, tile.scale)
    mask = coarse.sampled(window, tile.scale) > coarse.threshold
    if not mask.any():
        return coarse
    outline = mask & ~ndimage.binary_erosion(mask, border_value=1)
    places = np.add(np.argwhere(outline), (window.top, window.left))
    for level in range(down_to, tile.level):
        grid = view.tiling.tiles(view.shape, level)
        crossed = _crossed(grid, places, 1 << (tile.level - level))
        if len(crossed) <= view.tiling.most:
            held = Region.around(mask).shifted(window.top, window.left)
            return _drawn(view, grid, crossed, prompts, coarse, held, tile.level)
    return coarse


def _crossed(grid: TileGrid, places: NDArray[np.intp], by: int) -> list[Tile]:
    """Tiles whose cores hold a place, given in pixels `by` times as large."""
    at = np.unique((places + 0.5) * by - 0.5, axis=0)
    down = {row: grid.down.nearest(row) for row in np.unique(at[:, 0]).tolist()}
    across = {col: grid.across.nearest(col) for col in np.unique(at[:, 1]).tolist()}
    pairs = {(down[row], across[col]) for row, col in at.tolist()}
    return [grid[i * grid.across.count + j] for i, j in sorted(pairs)]


def _drawn(
    view: PromptablePlane,
    grid: TileGrid,
    crossed: list[Tile],
    prompts: Prompts,
    coarse: Prediction,
    held: Region,
    level: int,
) -> Prediction:
    """Ask the tiles; `held` is where the mask is, in pixels of its own `level`."""
    by, step = 1 << (level - grid.level), 1 << grid.level
    width = _BAND * by
    window = Region(
        held.top * by - width,
        held.left * by - width,
        held.bottom * by + width,
        held.right * by + width,
    ).intersection(Region(0, 0, *grid.shape))
    base = coarse.sampled(window, step) - coarse.threshold
    asked = [_asked(view, tile, base > 0, window, prompts) for tile in crossed]
    agreed = [a for a in asked if a is not None and agreement(a, coarse) >= _SAME]
    fine, known = blend(agreed, window, step)
    logits = np.where(known & _near_outline(base > 0, width), fine, base)
    return to_prediction(logits, window, step, coarse)


def _asked(
    view: PromptablePlane,
    tile: Tile,
    mask: NDArray[np.bool_],
    window: Region,
    prompts: Prompts,
) -> Prediction | None:
    """Ask one tile: the object looks roughly like this, and this was said here."""
    common = tile.window.intersection(window)
    hint = mask[common.shifted(-window.top, -window.left).slices]
    if not hint.any():
        return None
    top, left = common.top - tile.window.top, common.left - tile.window.left
    said = Prompts(tuple(s for s in prompts.items if not isinstance(s, Candidate)))
    drawn = Prompts.from_mask(hint, top=top, left=left)
    return view.decode(tile, drawn + prompts_in_tile(said, tile))


def _near_outline(mask: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    size = 2 * width + 1
    grown = ndimage.maximum_filter(mask, size)
    return np.asarray(grown & ~ndimage.minimum_filter(mask, size))
