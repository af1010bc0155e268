"""The image encoder of Segment Anything: a plain vision transformer.

Kirillov et al. 2023, appendix A, "Image encoder": a ViT pre-trained as a masked
autoencoder, with attention in 14 x 14 windows except for four blocks that see the
whole image, and a neck that brings the width to 256. The names of modules and
parameters are those of the published checkpoints.

Shapes: B images, C channels, H W rows and columns (of pixels for images, of patches
for everything else), D width, E = 3 D, A heads, N windows, L tokens of a window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from napari_sam.models.attention import attend, gather_positions
from napari_sam.models.network_layers import (
    DropPath,
    LayerNorm2d,
    MlpBlock,
    drop_path_rates,
    keep_freed_memory,
)

if TYPE_CHECKING:
    from napari_sam.models.attention import RelativePositions
    from napari_sam.models.config import VitConfig


class ImageEncoder(nn.Module):
    """Turn a normalised, padded image into its embedding.

    Parameters
    ----------
    config
        Width, depth and windows.
    image_size
        Side of the square input, in pixels.
    out_channels
        Channels of the embedding.
    drop_path
        In training, the chance that the last block is skipped for an image; earlier
        blocks are skipped less.
    checkpointing
        In training, keep only what enters each block and compute it again for the
        gradient: less memory, a third more time.
    """

    def __init__(
        self,
        config: VitConfig,
        image_size: int = 1024,
        out_channels: int = 256,
        *,
        drop_path: float = 0.0,
        checkpointing: bool = False,
    ) -> None:
        super().__init__()
        grid, dim = image_size // config.patch_size, config.embed_dim
        self.image_size = image_size
        self.checkpointing = checkpointing
        self.first_global = min(config.global_attn_indexes, default=0)
        self.patch_embed = PatchEmbed(config.patch_size, dim)
        self.pos_embed = nn.Parameter(torch.zeros(1, grid, grid, dim))
        self.blocks = nn.ModuleList(
            Block(config, grid, is_global=i in config.global_attn_indexes, drop=rate)
            for i, rate in enumerate(drop_path_rates(drop_path, config.depth))
        )
        self.neck = build_neck(dim, out_channels)

    def forward(self, image_BCHW: Tensor) -> Tensor:
        """Return the embedding: (B, out_channels, H / 16, W / 16)."""
        return self.forward_with_early(image_BCHW)[0]

    def forward_with_early(self, image_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        """Return the embedding, and early features: (B, D, H / 16, W / 16).

        Those are what the first block with global attention makes.
        """
        keep_freed_memory()
        x_BHWD = self.patch_embed(image_BCHW) + self.pos_embed
        early_BHWD = x_BHWD
        for i, block in enumerate(self.blocks):
            if self.checkpointing and self.training:
                x_BHWD = checkpoint(block, x_BHWD, use_reentrant=False)
            else:
                x_BHWD = block(x_BHWD)
            if i == self.first_global:
                early_BHWD = x_BHWD
        out: Tensor = self.neck(x_BHWD.permute(0, 3, 1, 2))
        return out, early_BHWD.permute(0, 3, 1, 2)


def build_neck(dim: int, out_channels: int) -> nn.Sequential:
    """Return the 1 x 1 and 3 x 3 convolutions that end the encoder, each normalised."""
    return nn.Sequential(
        nn.Conv2d(dim, out_channels, kernel_size=1, bias=False),
        LayerNorm2d(out_channels),
        nn.Conv2d(out_channels, out_channels, kernel_size=3, padding=1, bias=False),
        LayerNorm2d(out_channels),
    )


class PatchEmbed(nn.Module):
    """Cut the image into patches and project each."""

    def __init__(self, patch_size: int, dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, dim, kernel_size=patch_size, stride=patch_size)

    def forward(self, image_BCHW: Tensor) -> Tensor:
        """Return the patches, BHWD."""
        x_BDHW: Tensor = self.proj(image_BCHW)
        # contiguous, or every later sum would keep the order of the channels
        return x_BDHW.permute(0, 2, 3, 1).contiguous()


class Block(nn.Module):
    """Attention and two linear layers, each behind a normalisation."""

    def __init__(
        self, config: VitConfig, grid: int, *, is_global: bool, drop: float = 0.0
    ) -> None:
        super().__init__()
        dim = config.embed_dim
        window = 0 if is_global else config.window_size
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, config.num_heads, grid=grid, window=window)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = MlpBlock(dim, int(dim * config.mlp_ratio))
        self.drop_path = DropPath(drop)

    def forward(self, x_BHWD: Tensor) -> Tensor:
        """Return the tokens, refined."""
        x_BHWD = x_BHWD + self.drop_path(self.attn(self.norm1(x_BHWD)))
        out: Tensor = x_BHWD + self.drop_path(self.mlp(self.norm2(x_BHWD)))
        return out


class Attention(nn.Module):
    """Self-attention with relative positions, everywhere or within windows.

    Parameters
    ----------
    dim, num_heads
        Width of a token, and the number of heads it is split into.
    grid
        Side of the image, in patches.
    window
        Side of a window, in patches; 0 attends to the whole image.
    """

    def __init__(self, dim: int, num_heads: int, *, grid: int, window: int = 0) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.window = window
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        offsets = 2 * (window or grid) - 1
        self.rel_pos_h = nn.Parameter(torch.zeros(offsets, dim // num_heads))
        self.rel_pos_w = nn.Parameter(torch.zeros(offsets, dim // num_heads))

    def forward(self, x_BHWD: Tensor) -> Tensor:
        """Return what each token has gathered, BHWD."""
        at = gather_positions(self.rel_pos_h, self.rel_pos_w)
        if self.window == 0:
            return self._attend(x_BHWD, at)
        bands = torch.split(x_BHWD, self.window, dim=1)
        return torch.cat([self._attend_windows(band, at) for band in bands], 1)

    def _attend(self, x_BHWD: Tensor, at: RelativePositions) -> Tensor:
        b, h, w, d = x_BHWD.shape
        qkv_BLE = self.qkv(x_BHWD).view(b, h * w, 3, self.num_heads, -1)
        q, k, v = qkv_BLE.permute(2, 0, 3, 1, 4)
        y_BLAD = attend(q, k, v, at)
        out: Tensor = self.proj(y_BLAD.reshape(b, h, w, d))
        return out

    def _attend_windows(self, band_BHWD: Tensor, at: RelativePositions) -> Tensor:
        """Attend in the windows of one row of windows, from tokens to tokens.

        Where windows stick out of the grid, the paper's model pads *normalised*
        tokens with zeros. Those take part in attention, and what the projection makes
        of zero is its bias: so only real tokens are projected, and the bias is
        filled in.
        """
        b, h, w, d = band_BHWD.shape
        s, n = self.window, -(-w // self.window)
        qkv = self.qkv(band_BHWD)
        if (h, w) != (s, n * s):
            padded = self.qkv.bias.expand(b, s, n * s, -1).clone()
            padded[:, :h, :w] = qkv
            qkv = padded
        qkv = qkv.view(b, s, n, s, 3, self.num_heads, -1).permute(4, 0, 2, 5, 1, 3, 6)
        q, k, v = qkv.reshape(3, b * n, self.num_heads, s * s, -1)
        y = attend(q, k, v, at).reshape(b, n, s, s, d).transpose(1, 2)
        out: Tensor = self.proj(y.reshape(b, s, n * s, d)[:, :h, :w])
        return out
