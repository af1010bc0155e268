"""Mask inputs: prompts that cover an area, on the coarse grid that a model takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.core.geometry import rasterize
from napari_sam.core.geometry.resampling import bordered, dilate
from napari_sam.core.prompts.items import MaskPrompt, Polygon, Scribble

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.prompts import Prompts


def to_mask_input(
    prompts: Prompts, shape: tuple[int, int], grid: tuple[int, int]
) -> NDArray[np.float32] | None:
    """Rasterize prompts as a mask input: a grid whose cells span a plane of `shape`.

    +1 is inside, -1 outside, 0 unknown. A positive polygon or mask also means that
    everything beyond a margin of one cell is outside; a scribble means nothing for the
    rest. Where two prompts differ, the later one wins.

    Returns
    -------
    Float32 array of shape `grid` in [-1, 1], or None for points and boxes.
    """
    areal = [s for s in prompts.items if isinstance(s, Polygon | MaskPrompt | Scribble)]
    if not areal:
        return None
    areas = [_Area.of(s, shape, grid) for s in areal]
    outlined = [
        area
        for s, area in zip(areal, areas, strict=True)
        if s.positive and not isinstance(s, Scribble)
    ]
    mask_input = np.full(grid, -1 if outlined else 0, np.float32)
    for area in outlined:
        area.clear_near(mask_input)
    for prompt, area in zip(areal, areas, strict=True):
        mask_input[area.window][area.filled] = 1 if prompt.positive else -1
    return mask_input


class _Area(NamedTuple):
    """Cells of a window of a grid that a prompt fills, and those that it touches."""

    window: tuple[slice, slice]
    filled: NDArray[np.bool_]
    touched: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        prompt: Polygon | MaskPrompt | Scribble,
        shape: tuple[int, int],
        grid: tuple[int, int],
    ) -> _Area:
        """Find the cells of a prompt."""
        if isinstance(prompt, Scribble):
            line = rasterize.rasterize_line(prompt.path, shape, grid)
            return cls((slice(0, grid[0]), slice(0, grid[1])), line, line)
        window, share = rasterize.coverage(prompt, shape, grid)
        enough = min(0.5, float(share.max(initial=0)))
        return cls(window, (share >= enough) & (share > 0), share > 0)

    def clear_near(self, cells: NDArray[np.float32]) -> None:
        """Set to 0 the cells of a grid that are touched, or next to one that is."""
        near = dilate(bordered(self.touched, 1))
        rows, cols = (
            slice(max(at.start - 1, 0), min(at.stop + 1, n))
            for at, n in zip(self.window, cells.shape, strict=True)
        )
        top, left = (at.start - 1 for at in self.window)
        own = near[rows.start - top : rows.stop - top, cols.start - left :]
        cells[rows, cols][own[:, : cols.stop - cols.start]] = 0
