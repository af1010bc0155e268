"""Prompts in tiles: the tile that decodes them first, and their coordinates in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import PromptOutsideImageError
from napari_sam.core.geometry import rasterize
from napari_sam.core.geometry.region import Region
from napari_sam.core.prompts import Prompts
from napari_sam.core.prompts.items import (
    Box,
    MaskPrompt,
    Point,
    Polygon,
    Scribble,
    bounds,
    shifted,
)

if TYPE_CHECKING:
    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.geometry.tiling import Tiling
    from napari_sam.core.prompts.items import Path, Prompt


def first_tile(prompts: Prompts, tiling: Tiling, shape: tuple[int, int]) -> Tile:
    """Choose the tile that prompts about a plane of `shape` are decoded in first.

    It is the one whose middle is nearest to the first positive prompt, on the finest
    level where it covers all positive prompts. A negative prompt changes nothing here.

    Raises
    ------
    PromptOutsideImageError
        If any prompt lies outside the plane.
    """
    check_inside(prompts, shape)
    last = tiling.levels(shape) - 1
    for level in range(last):
        tile = nearest_tile(prompts, tiling, shape, level)
        if fits(prompts, tile, tiling, shape):
            return tile
    return nearest_tile(prompts, tiling, shape, last)


def nearest_tile(
    prompts: Prompts, tiling: Tiling, shape: tuple[int, int], level: int
) -> Tile:
    """Return the tile of a level whose middle is nearest to where the object is."""
    row, col = (_coarser(p, 1 << level) for p in prompts.anchor)
    return tiling.tiles(shape, level).nearest(row, col)


def prompts_in_tile(prompts: Prompts, tile: Tile) -> Prompts:
    """Return prompts in the pixels of a tile, without those outside it."""
    inside, items = Region(0, 0, *tile.window.shape), prompts.items
    if tile.scale > 1:
        items = tuple(_coarser_prompt(p, tile.scale) for p in items)
    local = (shifted(p, -tile.window.top, -tile.window.left) for p in items)
    return Prompts(tuple(p for p in local if _reaches(p, inside)))


def enlarged(prompts: Prompts, by: int) -> Prompts:
    """Return prompts in pixels that are `by` times as small."""
    return Prompts(tuple(_enlarged(p, by) for p in prompts.items))


def fits(prompts: Prompts, tile: Tile, tiling: Tiling, shape: tuple[int, int]) -> bool:
    """Whether a tile covers all positive prompts, with some of its halo."""
    window = tile.region(shape)
    rows, cols = (n * tile.scale // 2 for n in tiling.halo)
    inner = Region(
        window.top + rows * (window.top > 0),
        window.left + cols * (window.left > 0),
        window.bottom - rows * (window.bottom < shape[0]),
        window.right - cols * (window.right < shape[1]),
    )
    for prompt in prompts.items:
        around = _clipped(bounds(prompt), shape)
        if around is None or not prompt.positive:
            continue
        if isinstance(prompt, Point):
            if not inner.contains(prompt.row, prompt.col):
                return False
        elif not inner.covers(around):
            return False
    return True


def _coarser_prompt(prompt: Prompt, by: int) -> Prompt:
    if isinstance(prompt, MaskPrompt):
        return _averaged(prompt, by)
    return _scaled(prompt, by)


def _enlarged(prompt: Prompt, by: int) -> Prompt:
    if isinstance(prompt, MaskPrompt):
        return _repeated(prompt, by)
    return _scaled(prompt, 1 / by)


def _scaled(prompt: Prompt, by: float) -> Prompt:
    """Return a prompt, other than a mask, in pixels that are `by` times as large."""
    match prompt:
        case Point(row, col, positive):
            return Point(_coarser(row, by), _coarser(col, by), positive)
        case Box(top, left, bottom, right):
            return Box(top / by, left / by, bottom / by, right / by)
        case Polygon(vertices, positive):
            return Polygon(_along(vertices, by), positive)
        case Scribble(path, positive):
            return Scribble(_along(path, by), positive)
    return prompt


def _coarser(position: float, by: float) -> float:
    """Where a position is among pixels that are `by` times as large."""
    return (position + 0.5) / by - 0.5


def _along(path: Path, by: float) -> Path:
    return tuple((_coarser(row, by), _coarser(col, by)) for row, col in path)


def _averaged(prompt: MaskPrompt, by: int) -> MaskPrompt:
    """Downsample a mask prompt: cells half covered, or if none is, those touched."""
    region = prompt.mask.region
    grid = region.coarser(by)
    above, before = region.top % by, region.left % by
    below, after = -region.bottom % by, -region.right % by
    fine = np.pad(prompt.array, ((above, below), (before, after)))
    share = fine.reshape(grid.shape[0], by, grid.shape[1], by).mean((1, 3))
    half = share >= 0.5
    covered = half if half.any() else share > 0
    return MaskPrompt.from_array(
        covered, top=grid.top, left=grid.left, approximate=prompt.approximate
    )


def _repeated(prompt: MaskPrompt, by: int) -> MaskPrompt:
    region = prompt.mask.region
    return MaskPrompt.from_array(
        prompt.array.repeat(by, 0).repeat(by, 1),
        top=region.top * by,
        left=region.left * by,
        approximate=prompt.approximate,
    )


def check_inside(prompts: Prompts, shape: tuple[int, int]) -> None:
    """Refuse prompts of which a part lies outside a plane of `shape`.

    A point must lie on a pixel; what has an extent must reach the plane with a part of
    itself, since what is drawn by hand often reaches over the edge.
    """
    for prompt in prompts.items:
        if not _reaches(prompt, Region(0, 0, *shape)):
            what = f"{prompt}"
            if isinstance(prompt, Point):
                what = f"({prompt.row:g}, {prompt.col:g})"
            raise PromptOutsideImageError(
                f"{what} is outside the image, which has {shape[0]} rows and "
                f"{shape[1]} columns. Coordinates are (row, col), counted from the "
                "top-left pixel."
            )


def _reaches(prompt: Prompt, plane: Region) -> bool:
    """Whether any of it lies on the plane, and not only of the box around it."""
    if isinstance(prompt, Point):
        return plane.contains(prompt.row, prompt.col)
    around = bounds(prompt)
    if around is None or isinstance(prompt, Box):
        return around is None or plane.overlaps(around)
    if plane.covers(around):
        return True
    if isinstance(prompt, MaskPrompt):
        return bool(prompt.mask.in_window(plane).any())
    points = rasterize.representative_points(prompt, plane.shape)
    return any(plane.contains(row, col) for row, col in points)


def _clipped(box: Box | None, shape: tuple[int, int]) -> Box | None:
    if box is None:
        return None
    top, left = max(box.top, 0), max(box.left, 0)
    bottom, right = min(box.bottom, shape[0]), min(box.right, shape[1])
    return Box(top, left, bottom, right)
