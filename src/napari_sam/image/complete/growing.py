"""Growing a mask from tile to tile, where a coarser level does not show the object."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from napari_sam.core.geometry import rasterize
from napari_sam.core.geometry.region import Region
from napari_sam.core.prompts import MaskPrompt, Prompts
from napari_sam.image.complete.blending import agreement, blend, to_prediction

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_sam.core.geometry.tiles import Tile, TileGrid
    from napari_sam.core.prediction import Prediction
    from napari_sam.image.complete.plane import PromptablePlane

#: A neighbour shows the same object if it agrees this much (IoU) in the overlap.
_SAME = 0.5
#: From the top, left, bottom and right of a tile to the tile beyond.
_STEPS = ((-1, 0), (0, -1), (1, 0), (0, 1))


def grow_into_tiles(
    plane: PromptablePlane, prompts: Prompts, tile: Tile, first: Prediction
) -> Prediction:
    """Decode the neighbours of a tile that the mask leaves, and theirs, and blend all.

    Each gets a few points of the object in the part that both tiles cover, and the
    prompts in it. A mask of something else is left out. If that happens, or there are
    more tiles than `Tiling.most`, the prediction says that it is truncated.
    """
    grid = plane.tiling.tiles(plane.shape, tile.level)
    masks, refused = _masks_by_tile(plane, prompts, tile, first)
    open_ends = any(
        neighbour.index not in masks
        for index, mask in masks.items()
        for neighbour in _crossed_into(grid, grid[index], mask)
    )
    step = tile.scale
    window = reduce(Region.union, (m.tile for m in masks.values())).coarser(step)
    logits, _ = blend(masks.values(), window, step)
    mean = replace(first, score=min(m.score for m in masks.values()))
    return replace(
        to_prediction(logits, window, step, mean, plane=plane.shape),
        open_edges=(False, False, False, False),
        truncated=refused or open_ends,
    )


def _masks_by_tile(
    plane: PromptablePlane, prompts: Prompts, tile: Tile, first: Prediction
) -> tuple[dict[int, Prediction], bool]:
    """Return the mask in each tile by its index, and whether one was left out."""
    grid = plane.tiling.tiles(plane.shape, tile.level)
    masks, refused = {tile.index: first}, False
    waiting = deque([tile])
    while waiting and len(masks) < plane.tiling.most:
        here = waiting.popleft()
        for neighbour in _crossed_into(grid, here, masks[here.index]):
            if neighbour.index in masks or len(masks) == plane.tiling.most:
                continue
            mask = _decoded(plane, prompts, here, neighbour, masks[here.index])
            if mask is None:
                refused = True
                continue
            masks[neighbour.index] = mask
            waiting.append(neighbour)
    return masks, refused


def _crossed_into(grid: TileGrid, tile: Tile, mask: Prediction) -> list[Tile]:
    """Return the neighbours of a tile that its mask reaches into."""
    neighbours = (
        grid.neighbour(tile, *step)
        for step, crossed in zip(_STEPS, mask.crossed_edges, strict=True)
        if crossed
    )
    return [found for found in neighbours if found is not None]


def _decoded(
    plane: PromptablePlane,
    prompts: Prompts,
    here: Tile,
    neighbour: Tile,
    known: Prediction,
) -> Prediction | None:
    """Decode the same object in the next tile; None if the mask is of another one."""
    common = here.window.intersection(neighbour.window)
    if min(common.shape) < 1:
        return None
    mask = known.sampled(common, here.scale) > known.threshold
    if not mask.any():
        return None
    points = _points_in(mask, common, neighbour.window)
    found = plane.decode_again(neighbour, prompts, points)
    return found if agreement(known, found) >= _SAME else None


def _points_in(mask: NDArray[np.bool_], common: Region, window: Region) -> Prompts:
    """Choose a few points inside a mask, in pixels of the tile with that window."""
    top, left = common.top - window.top, common.left - window.left
    shape = MaskPrompt.from_array(mask, top=top, left=left)
    points = Prompts()
    for row, col in rasterize.representative_points(shape, window.shape):
        points = points.point(row, col)
    return points
