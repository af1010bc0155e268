"""An answer that grows from tile to tile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_sam.core.geometry import rasterize
from napari_sam.core.prompts import Prompts
from napari_sam.core.prompts.items import Candidate, MaskPrompt
from napari_sam.core.prompts.tiles import prompts_in_tile
from napari_sam.image.complete.blending import (
    agreement,
    blend,
    enclosing,
    to_level,
    to_prediction,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_sam.core.geometry.region import Region
    from napari_sam.core.geometry.tiles import Tile, TileGrid
    from napari_sam.core.prediction import Prediction
    from napari_sam.image.complete.plane import PromptablePlane

#: A neighbour shows the same object if it agrees this much (IoU) in the overlap.
_SAME = 0.5
#: From the top, left, bottom and right of a tile to the tile beyond.
_STEPS = ((-1, 0), (0, -1), (1, 0), (0, 1))


def grow_into_tiles(
    view: PromptablePlane, prompts: Prompts, tile: Tile, first: Prediction
) -> Prediction:
    """Ask the neighbours of a tile that the mask leaves, and theirs, and blend all.

    Each is told a few places of the object in the part that both see, and what was
    said in it. One that answers with something else there is not believed. If that
    happens, or there are more tiles to ask than `Tiling.most`, the answer says that it
    is unfinished.
    """
    grid = view.tiling.tiles(view.shape, tile.level)
    answers, refused = {tile.index: first}, False
    waiting = [tile]
    while waiting and len(answers) < view.tiling.most:
        here = waiting.pop(0)
        for beyond in _left_through(grid, here, answers[here.index]):
            if beyond.index in answers or len(answers) == view.tiling.most:
                continue
            answer = _asked(view, prompts, here, beyond, answers[here.index])
            if answer is None:
                refused = True
                continue
            answers[beyond.index] = answer
            waiting.append(beyond)
    found = answers.values()
    open_ends = any(
        beyond.index not in answers
        for index, answer in answers.items()
        for beyond in _left_through(grid, grid[index], answer)
    )
    step = tile.scale
    window = to_level(enclosing(a.tile for a in found), step)
    logits, _ = blend(found, window, step)
    mean = replace(first, score=min(a.score for a in found))
    return replace(
        to_prediction(logits, window, step, mean),
        open_edges=(False, False, False, False),
        truncated=refused or open_ends,
    )


def _left_through(grid: TileGrid, tile: Tile, answer: Prediction) -> list[Tile]:
    """Return the tiles beside one that its answer reaches into."""
    beside = (
        grid.neighbour(tile, *step)
        for step, leaves in zip(_STEPS, answer.crossed_edges, strict=True)
        if leaves
    )
    return [found for found in beside if found is not None]


def _asked(
    view: PromptablePlane,
    prompts: Prompts,
    here: Tile,
    beyond: Tile,
    answer: Prediction,
) -> Prediction | None:
    """Ask the next tile about the same object; None if it sees another one."""
    common = here.window.intersection(beyond.window)
    if min(common.shape) < 1:
        return None
    step = here.scale
    mask = answer.sampled(common, step) > answer.threshold
    if not mask.any():
        return None
    places = _places(mask, common, beyond.window)
    said = Prompts(tuple(s for s in prompts.items if not isinstance(s, Candidate)))
    asked = Prompts()
    for row, col in places:
        asked = asked.point(row, col)
    found = view.decode(beyond, asked + prompts_in_tile(said, beyond))
    return found if agreement(answer, found) >= _SAME else None


def _places(
    mask: NDArray[np.bool_], common: Region, read: Region
) -> list[tuple[float, float]]:
    """Choose a few places inside a mask, in pixels of the tile that reads `read`."""
    top, left = common.top - read.top, common.left - read.left
    drawn = MaskPrompt.from_array(mask, top=top, left=left)
    height, width = read.shape
    return rasterize.representative_points(drawn, (height, width))
