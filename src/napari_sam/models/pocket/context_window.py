"""How far around a prompt the model looks, whatever tile it looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from napari_sam.models.pocket.config import PADDING, Features
from napari_sam.models.pocket.prompts import prompt_maps
from napari_sam.models.pocket.window import Window, cells_at

if TYPE_CHECKING:
    from torch import Tensor

#: Stride-16 cells heard on every side of what was said. The model learnt on crops of
#: about this size; and what is heard does not depend on where the seams of tiles are.
CONTEXT = 10
#: How much finer each of `Features` is than stride 16.
_TIMES = (1, 2, 4, 8)


class PocketPrompts(NamedTuple):
    """What was said of one object, and answered until now; N = 1."""

    xy: Tensor  # (1, P, 2), working pixels
    kinds: Tensor  # (1, P)
    prior: Tensor | None = None  # (1, 4H, 4W), see `prompt_maps`
    previous: Tensor | None = None  # (1, 4H, 4W) logits

    def window(self, grid: tuple[int, int]) -> Window:
        """Smallest window of a grid of cells that holds all of it."""
        at = cells_at(self.xy[self.kinds != PADDING], grid)
        cells = torch.zeros(*grid, dtype=torch.bool, device=self.xy.device)
        cells[at[:, 1], at[:, 0]] = True
        for drawn in (self.prior, self.previous):
            if drawn is not None:
                inside = drawn[0] > 0 if drawn is self.previous else drawn[0] != 0
                cells |= (
                    inside.unflatten(0, (-1, 4)).unflatten(2, (-1, 4)).any(3).any(1)
                )
        return Window.around(cells)

    def within(self, window: Window) -> PocketPrompts:
        """Say the same in a window; places count from its corner."""
        corner = self.xy.new_tensor([window.left, window.top]) * 16
        prior, previous = (
            None if drawn is None else drawn[..., *window.at(4)]
            for drawn in (self.prior, self.previous)
        )
        return PocketPrompts(self.xy - corner, self.kinds, prior, previous)

    def maps(self, grid: tuple[int, int]) -> Tensor:
        """Draw it on the stride-4 grid of a grid of cells."""
        fine = grid[0] * 4, grid[1] * 4
        return prompt_maps(self.xy, self.kinds, fine, self.prior, self.previous)


def cut(features: Features, window: Window) -> Features:
    """Return the features of one window."""
    return Features(
        *(f[..., *window.at(k)] for f, k in zip(features, _TIMES, strict=True))
    )


def reaches_border(mask: Tensor, window: Window, grid: tuple[int, int]) -> bool:
    """Whether a mask at stride 2 comes within a cell of where hearing ends."""
    top, left, bottom, right = window
    return bool(
        (top > 0 and mask[:8].any())
        or (left > 0 and mask[:, :8].any())
        or (bottom < grid[0] and mask[-8:].any())
        or (right < grid[1] and mask[:, -8:].any())
    )
