"""The prompt encoder of `pocket`: prompts as tokens and as maps."""

from __future__ import annotations

from math import log, pi
from typing import NamedTuple

import torch
from torch import Tensor, nn

from napari_sam.models.pocket.config import (
    BOTTOM_RIGHT,
    MAPS,
    NEGATIVE,
    PADDING,
    POSITIVE,
    TOP_LEFT,
    WORKING_SIZE,
    PocketConfig,
)
from napari_sam.models.pocket.network_layers import ChannelNorm, promptwise


def prompt_maps(
    xy: Tensor,
    kinds: Tensor,
    grid: tuple[int, int],
    prior: Tensor | None = None,
    previous: Tensor | None = None,
) -> Tensor:
    """Rasterize prompts on a stride-4 grid: the prompt maps.

    Parameters
    ----------
    xy, kinds
        Points and box corners in working pixels, ``(N, P, 2)`` and ``(N, P)``.
    grid
        Rows and columns of the stride-4 grid.
    prior
        ``(N, *grid)``: 1 inside of drawn prompts, -1 outside, 0 unknown.
    previous
        ``(N, *grid)`` logits of the previous mask.

    Returns
    -------
    Tensor
        ``(N, 4, *grid)``: positive, negative, box, previous mask in [-0.5, 0.5].
    """
    maps = xy.new_zeros((len(xy), MAPS, *grid))
    y = torch.arange(grid[0], device=xy.device) + 0.5
    x = torch.arange(grid[1], device=xy.device) + 0.5
    for j in range(xy.shape[1]):
        at, kind = xy[:, j] / 4, kinds[:, j]
        away = (y - at[:, 1:]).square()[:, :, None] + (x - at[:, :1]).square()[:, None]
        disc = (away <= 1.5**2).to(maps.dtype)
        for channel, channel_kind in ((0, POSITIVE), (1, NEGATIVE)):
            discs = disc * (kind == channel_kind).view(-1, 1, 1)
            maps[:, channel] = torch.maximum(maps[:, channel], discs)
    _draw_boxes(maps[:, 2], xy / 4, kinds, y, x)
    if prior is not None:
        maps[:, 0] = torch.maximum(maps[:, 0], prior.clamp(min=0))
        maps[:, 1] = torch.maximum(maps[:, 1], (-prior).clamp(min=0))
    if previous is not None:
        maps[:, 3] = previous.sigmoid() - 0.5
    return maps


def _draw_boxes(
    out: Tensor, cells: Tensor, kinds: Tensor, y: Tensor, x: Tensor
) -> None:
    """Fill the cells whose centres lie between the corners, where there are any."""
    first, last = kinds == TOP_LEFT, kinds == BOTTOM_RIGHT
    for n in torch.nonzero(first.any(1)).flatten().tolist():
        (left, top), (right, bottom) = cells[n, first[n]][-1], cells[n, last[n]][-1]
        out[n] = ((y > top) & (y < bottom))[:, None] & ((x > left) & (x < right))


class PixelEncoding(nn.Module):
    """Random Fourier features of positions, in working pixels.

    Wavelengths run from 32 pixels to the working size. Since they are lengths and not
    shares of the image, two places 20 pixels apart differ alike in any image.
    """

    waves: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        seeded = torch.Generator().manual_seed(0)
        turn = torch.rand(dim // 2, generator=seeded) * 2 * pi
        octave = torch.rand(dim // 2, generator=seeded)
        waves = torch.exp(-(log(32) + octave * (log(WORKING_SIZE) - log(32))))
        self._last: tuple[tuple[int, int], Tensor] | None = None
        self.register_buffer("waves", waves * torch.stack([turn.cos(), turn.sin()]))

    def forward(self, xy: Tensor) -> Tensor:
        """Encode ``(..., 2)`` pixels as ``(..., dim)``."""
        # Of two terms, and not a product of matrices, whose bits depend on how many.
        angle = 2 * pi * (xy[..., :1] * self.waves[0] + xy[..., 1:] * self.waves[1])
        return torch.cat([angle.sin(), angle.cos()], -1)

    def cached_grid(self, cells: tuple[int, int]) -> Tensor:
        """Return `grid`, computed once for the size of the last call."""
        known = self._last
        if known is None or known[0] != cells:
            known = self._last = cells, self.grid(*cells)
        return known[1]

    def grid(self, rows: int, cols: int, *, offset: float = 0) -> Tensor:
        """Encode the centres of a stride-16 grid: ``(rows * cols, dim)``."""
        y = (torch.arange(rows, device=self.waves.device) + 0.5) * 16 + offset
        x = (torch.arange(cols, device=self.waves.device) + 0.5) * 16 + offset
        grid_y, grid_x = torch.meshgrid(y, x, indexing="ij")
        return self(torch.stack([grid_x, grid_y], -1)).flatten(0, 1)


class MapFeatures(NamedTuple):
    """Features of the prompt maps, at the strides where the decoder adds them."""

    s16: Tensor
    s8: Tensor
    s4: Tensor


class PocketPromptEncoder(nn.Module):
    """Prompt encoder: points and boxes to tokens, prompt maps to features."""

    def __init__(self, config: PocketConfig) -> None:
        super().__init__()
        k8, k4 = config.map_dims
        self.position = PixelEncoding(config.dim)
        self.kind = nn.Embedding(5, config.dim)
        self.map4 = nn.Sequential(
            nn.Conv2d(MAPS, k4, 3, padding=1), ChannelNorm(k4), nn.ReLU(inplace=True)
        )
        self.map8 = nn.Sequential(
            nn.Conv2d(k4, k8, 3, 2, padding=1), ChannelNorm(k8), nn.ReLU(inplace=True)
        )
        self.map16 = nn.Sequential(
            nn.Conv2d(k8, config.dim, 3, 2, padding=1), ChannelNorm(config.dim)
        )

    def tokens(self, xy_NP2: Tensor, kinds_NP: Tensor) -> Tensor:
        """Embed points and box corners as tokens ``(N, P, D)``."""
        is_prompt = (kinds_NP != PADDING).unsqueeze(-1)
        return self.position(xy_NP2) * is_prompt + self.kind(kinds_NP)

    def forward(self, maps: Tensor) -> MapFeatures:
        """Features of ``(N, MAPS, 4H, 4W)`` maps."""
        if not promptwise(maps):
            return self._features(maps)
        each = zip(*(self._features(one) for one in maps.split(1)), strict=True)
        return MapFeatures(*map(torch.cat, each))

    def _features(self, maps: Tensor) -> MapFeatures:
        s4 = self.map4(maps)
        s8 = self.map8(s4)
        return MapFeatures(self.map16(s8), s8, s4)
