"""Objects larger than a tile, answered whole.

An answer that reaches the edge of its tile goes on in one of two ways. Where a coarser
level shows the same object, that answer is taken, and its outline is drawn again from
the finer tiles along it. Where it does not, because the object is too thin to be seen
there, the answer grows from tile to tile. Either way it depends on what was said, on
the pixels and on the tiling, never on what was asked before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_sam.core.prompts import Prompts
from napari_sam.core.prompts.items import Candidate
from napari_sam.core.prompts.tiles import nearest_tile, prompts_in_tile
from napari_sam.image.complete.blending import agreement
from napari_sam.image.complete.boundary import refine_boundary
from napari_sam.image.complete.growing import grow_into_tiles

if TYPE_CHECKING:
    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.prediction import Prediction
    from napari_sam.image.complete.plane import PromptablePlane

#: A coarser answer is of the same object if it agrees this much (IoU) in the tile.
_SAME = 0.6
#: Pixels that may be read for one more, coarser look.
_MOST_READ = 1 << 26


def complete(
    view: PromptablePlane, prompts: Prompts, tile: Tile, first: Prediction
) -> Prediction:
    """Go on from the answer of one tile until all of the object was seen.

    Of a mask for clicks, only what is connected with them is kept, if it is asked for.
    """
    near = view.cleaned(first, prompts)
    if near.complete and tile.level == 0:
        return near
    seen: tuple[Tile, Prediction] | None = (tile, near)
    if not near.complete:
        seen = _seen_from_afar(view, prompts, tile, near)
    if seen is None:
        found = grow_into_tiles(view, prompts, tile, first)
    else:
        found = refine_boundary(view, prompts, *seen, down_to=0)
    return replace(view.cleaned(found, prompts), alternatives=near.alternatives)


def _seen_from_afar(
    view: PromptablePlane, prompts: Prompts, tile: Tile, first: Prediction
) -> tuple[Tile, Prediction] | None:
    """Return the answer of the finest coarser level that shows the object whole.

    If none that may be read does, the coarsest that agrees; None if none agrees.
    """
    said = Prompts(tuple(s for s in prompts.items if not isinstance(s, Candidate)))
    best: tuple[Tile, Prediction] | None = None
    for level in range(tile.level + 1, view.tiling.levels(view.shape)):
        coarser = nearest_tile(prompts, view.tiling, view.shape, level)
        if view.cost(coarser) > _MOST_READ:
            return best
        answer = view.decode(coarser, prompts_in_tile(said, coarser))
        answer = view.cleaned(answer, prompts)
        found = max(answer.candidates, key=lambda c: agreement(first, c))
        if agreement(first, found) < _SAME:
            return best
        best = coarser, replace(found, alternatives=())
        if found.complete:
            return best
    return best
