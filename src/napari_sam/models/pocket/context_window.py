"""The context window of a prompt: the cells around it that the decoder takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import torch

from napari_sam.models.pocket.cell_window import STEP, CellWindow, cells_at
from napari_sam.models.pocket.config import PADDING, Features
from napari_sam.models.pocket.prompt_encoder import prompt_maps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

#: Stride-16 cells of context on every side of a prompt. The model was trained on crops
#: of about this size; and so the context does not depend on where tiles end.
CONTEXT = 9
#: The same around an approximate mask, which tells about where all of the object is.
NEAR = 5
#: Stride-16 cells around a window on which logits at its edge depend; those of an
#: approximate mask are looked at nowhere near that edge.
HALO, NEAR_HALO = 3, 0
#: Sides of what is decoded finely around an approximate mask are multiples of so many
#: cells: that it is small is worth more than that shapes are few.
NEAR_STEP = 2
#: How much finer each of `Features` is than stride 16.
_TIMES = (1, 2, 4, 8)


class PocketPrompts(NamedTuple):
    """Prompt tensors of N objects, and the logits of their previous masks."""

    xy: Tensor  # (N, P, 2), working pixels
    kinds: Tensor  # (N, P)
    prior: Tensor | None = None  # (N, 4H, 4W), see `prompt_maps`
    previous: Tensor | None = None  # (N, 4H, 4W) logits
    approximate: bool = False  # whether the prior is a mask of another frame

    @property
    def reach(self) -> int:
        """Stride-16 cells of context on every side."""
        return NEAR if self.approximate else CONTEXT

    @property
    def halo(self) -> int:
        """Stride-16 cells around the part that is decoded finely."""
        return NEAR_HALO if self.approximate else HALO

    @property
    def step(self) -> int:
        """Sides of the part that is decoded finely are multiples of so many cells."""
        return NEAR_STEP if self.approximate else STEP

    @classmethod
    def together(cls, some: Sequence[PocketPrompts]) -> PocketPrompts:
        """Put prompts of one `kind_of_arrays` side by side."""
        xy, kinds, prior, previous = (
            None if arrays[0] is None else torch.cat(arrays)
            for arrays in zip(*(one[:4] for one in some), strict=True)
        )
        assert xy is not None
        assert kinds is not None
        return cls(xy, kinds, prior, previous, some[0].approximate)

    @property
    def kind_of_arrays(self) -> tuple[int, bool, bool, bool]:
        """How many points there are, which of the other arrays, and their context."""
        points = self.xy.shape[1]
        return points, self.prior is None, self.previous is None, self.approximate

    def window(self, grid: tuple[int, int]) -> CellWindow:
        """Smallest window of a grid of cells that holds all prompts of one object."""
        is_prompt = (self.kinds != PADDING).cpu().numpy()
        at = cells_at(self.xy.cpu().numpy()[is_prompt], grid)
        cells = np.zeros(grid, bool)
        cells[at[:, 1], at[:, 0]] = True
        for dense in (self.prior, self.previous):
            # Negative cells of a mask reach over all of the tile: they say where the
            # object is not.
            inside = None if dense is None else dense[0].cpu().numpy() > 0
            if inside is not None and inside.any():
                top, left, bottom, right = CellWindow.around(inside, 4)
                cells[top:bottom, left:right] = True
        return CellWindow.around(cells)

    def within(self, window: CellWindow) -> PocketPrompts:
        """Crop them to a window; coordinates count from its corner."""
        corner = self.xy.new_tensor([window.left, window.top]) * 16
        prior, previous = (
            None if dense is None else dense[..., *window.at(4)]
            for dense in (self.prior, self.previous)
        )
        return self._replace(xy=self.xy - corner, prior=prior, previous=previous)

    def maps(self, grid: tuple[int, int]) -> Tensor:
        """Rasterize them on the stride-4 grid of a grid of cells."""
        fine = grid[0] * 4, grid[1] * 4
        return prompt_maps(self.xy, self.kinds, fine, self.prior, self.previous)


class Windowed(Protocol):
    """A feature map ``(C, rows, cols)`` that is read in windows."""

    @property
    def shape(self) -> Sequence[int]:
        """Channels, rows and columns."""

    def window(self, rows: slice, cols: slice) -> Tensor:
        """Return a window as floats."""


def crop(features: Sequence[Windowed], windows: Sequence[CellWindow]) -> Features:
    """Crop features of one image, coarsest first, to windows of one shape."""
    return Features(
        *(cropped(f, windows, k) for f, k in zip(features, _TIMES, strict=True))
    )


def cropped(features: Windowed, windows: Sequence[CellWindow], times: int) -> Tensor:
    """Cut windows of one shape out of features: ``(N, C, h, w)``."""
    return torch.stack([features.window(*w.at(times)) for w in windows])


def crops(
    array: Tensor, windows: Sequence[CellWindow], times: int, of: Sequence[int]
) -> Tensor:
    """Cut windows of one shape out of ``(N, C, h, w)``, each from one of N.

    They are laid out as convolutions take them: channels last.
    """
    rows, cols = (s.stop - s.start for s in windows[0].at(times))
    out = array.new_empty((len(of), rows, cols, array.shape[1])).permute(0, 3, 1, 2)
    for part, n, window in zip(out, of, windows, strict=True):
        part.copy_(array[n][:, *window.at(times)])
    return out


def reaches_edge(
    logits: Tensor, part: CellWindow, context: CellWindow, grid: tuple[int, int]
) -> bool:
    """Whether a mask comes within a cell of an edge of its context, inside the grid.

    Its logits at stride 2 are those of a part of the context.
    """
    return bool(
        (part.top == context.top > 0 and (logits[:8] > 0).any())
        or (part.left == context.left > 0 and (logits[:, :8] > 0).any())
        or (part.bottom == context.bottom < grid[0] and (logits[-8:] > 0).any())
        or (part.right == context.right < grid[1] and (logits[:, -8:] > 0).any())
    )
