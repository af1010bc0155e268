"""The context window of a prompt: the cells around it that the decoder takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from napari_sam.models.pocket.cell_window import CellWindow, cells_at
from napari_sam.models.pocket.config import PADDING, Features
from napari_sam.models.pocket.prompt_encoder import prompt_maps

if TYPE_CHECKING:
    from torch import Tensor

#: Stride-16 cells of context on every side of a prompt. The model was trained on crops
#: of about this size; and so the context does not depend on where tiles end.
CONTEXT = 10
#: How much finer each of `Features` is than stride 16.
_TIMES = (1, 2, 4, 8)


class PocketPrompts(NamedTuple):
    """Prompt tensors of one object, and the logits of its previous mask; N = 1."""

    xy: Tensor  # (1, P, 2), working pixels
    kinds: Tensor  # (1, P)
    prior: Tensor | None = None  # (1, 4H, 4W), see `prompt_maps`
    previous: Tensor | None = None  # (1, 4H, 4W) logits

    def window(self, grid: tuple[int, int]) -> CellWindow:
        """Smallest window of a grid of cells that holds all prompts."""
        at = cells_at(self.xy[self.kinds != PADDING], grid)
        cells = torch.zeros(*grid, dtype=torch.bool, device=self.xy.device)
        cells[at[:, 1], at[:, 0]] = True
        for dense in (self.prior, self.previous):
            if dense is not None:
                # Negative cells of a mask reach over all of the tile: they say where
                # the object is not.
                inside = (dense[0] > 0).unflatten(0, (-1, 4)).unflatten(2, (-1, 4))
                cells |= inside.any(3).any(1)
        return CellWindow.around(cells)

    def within(self, window: CellWindow) -> PocketPrompts:
        """Crop them to a window; coordinates count from its corner."""
        corner = self.xy.new_tensor([window.left, window.top]) * 16
        prior, previous = (
            None if dense is None else dense[..., *window.at(4)]
            for dense in (self.prior, self.previous)
        )
        return PocketPrompts(self.xy - corner, self.kinds, prior, previous)

    def maps(self, grid: tuple[int, int]) -> Tensor:
        """Rasterize them on the stride-4 grid of a grid of cells."""
        fine = grid[0] * 4, grid[1] * 4
        return prompt_maps(self.xy, self.kinds, fine, self.prior, self.previous)


def crop(features: Features, window: CellWindow) -> Features:
    """Crop features to one window."""
    return Features(
        *(f[..., *window.at(k)] for f, k in zip(features, _TIMES, strict=True))
    )


def reaches_edge(mask: Tensor, window: CellWindow, grid: tuple[int, int]) -> bool:
    """Whether a mask at stride 2 comes within a cell of an edge of its context."""
    top, left, bottom, right = window
    return bool(
        (top > 0 and mask[:8].any())
        or (left > 0 and mask[:, :8].any())
        or (bottom < grid[0] and mask[-8:].any())
        or (right < grid[1] and mask[:, -8:].any())
    )
