"""Completing masks of objects larger than a tile.

A mask that reaches the edge of its tile goes on in one of two ways. Where a coarser
level shows the same object, that mask is taken, and its boundary is refined from the
finer tiles along it. Where it does not, because the object is too thin to show there,
the mask grows from tile to tile. Either way it depends on the prompts, on the pixels
and on the tiling, never on what was decoded before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_sam.core.prompts.prompts_in_tiles import nearest_tile
from napari_sam.image.complete.blending import agreement
from napari_sam.image.complete.boundary import refine_boundary
from napari_sam.image.complete.growing import grow_into_tiles

if TYPE_CHECKING:
    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.image.complete.plane import PromptablePlane

#: A coarser mask is of the same object if it agrees this much (IoU) in the tile.
_SAME = 0.6
#: Pixels that may be read for one more, coarser tile.
_MAX_PIXELS_READ = 1 << 26


def complete(
    plane: PromptablePlane, prompts: Prompts, tile: Tile, first: Prediction
) -> Prediction:
    """Complete the mask of one tile until it is of the whole object.

    A mask of clicks has only the parts connected with them, if the setting says so.
    """
    near = plane.cleaned(first, prompts)
    if near.complete and tile.level == 0:
        return near
    coarse: tuple[Tile, Prediction] | None = (tile, near)
    if not near.complete:
        coarse = _coarser_mask(plane, prompts, tile, near)
    if coarse is None:
        found = grow_into_tiles(plane, prompts, tile, first)
    else:
        found = refine_boundary(plane, prompts, *coarse, down_to=0)
    return replace(plane.cleaned(found, prompts), alternatives=near.alternatives)


def _coarser_mask(
    plane: PromptablePlane, prompts: Prompts, tile: Tile, first: Prediction
) -> tuple[Tile, Prediction] | None:
    """Return the mask of the finest coarser level that shows the whole object.

    If none that may be read does, the coarsest that agrees; None if none agrees.
    """
    best: tuple[Tile, Prediction] | None = None
    for level in range(tile.level + 1, plane.tiling.levels(plane.shape)):
        above = nearest_tile(prompts, plane.tiling, plane.shape, level)
        if plane.cost(above) > _MAX_PIXELS_READ:
            return best
        mask = plane.cleaned(plane.decode_again(above, prompts), prompts)
        found = max(mask.candidates, key=lambda c: agreement(first, c))
        if agreement(first, found) < _SAME:
            return best
        best = above, replace(found, alternatives=())
        if found.complete:
            return best
    return best
