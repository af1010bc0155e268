"""MobileSAM's image encoder, a TinyViT.

Wu et al. 2022, "TinyViT", with the last of its three reductions left out as in Zhang
et al. 2023, "Faster Segment Anything", section 3: one stage of convolution blocks,
three of attention in windows, and the neck of Kirillov et al. 2023. The names of
modules and parameters are those of `mobile_sam.pt`, without the classifier that is
stored there and never used.

Shapes: B images, C channels, H W rows and columns, D width, N windows, A heads,
L tokens of a window, E width of queries, keys and values together.
"""

from __future__ import annotations

import copy
from functools import lru_cache, partial
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from napari_sam.models.image_encoder import build_neck
from napari_sam.models.network_layers import (
    DropPath,
    drop_path_rates,
    keep_freed_memory,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam.models.config import TinyVitConfig


class TinyVit(nn.Module):
    """Turn a normalised, padded image into its embedding.

    Parameters
    ----------
    config
        Widths and depths of the four stages.
    image_size
        Side of the square input, in pixels. No parameter depends on it.
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
        config: TinyVitConfig,
        image_size: int = 1024,
        out_channels: int = 256,
        *,
        drop_path: float = 0.0,
        checkpointing: bool = False,
    ) -> None:
        super().__init__()
        self.image_size = image_size
        self.patch_embed = PatchEmbed(config.embed_dims[0])
        rates = drop_path_rates(drop_path, sum(config.depths))
        self.layers = nn.ModuleList()
        for i, depth in enumerate(config.depths):
            drop, rates = rates[:depth], rates[depth:]
            self.layers.append(Stage(config, i, drop, checkpointing=checkpointing))
        self.neck = build_neck(config.embed_dims[-1], out_channels)

    def forward(self, image_BCHW: Tensor) -> Tensor:
        """Return the embedding: (B, out_channels, H / 16, W / 16)."""
        return self.forward_with_early(image_BCHW)[0]

    def forward_with_early(self, image_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        """Return the embedding, and early features: (B, D, H / 16, W / 16).

        Those are what the second stage makes, the first of the embedding's stride.
        """
        keep_freed_memory()
        image_BCHW = image_BCHW.contiguous(memory_format=torch.channels_last)
        x_BCHW = self.layers[0](self.patch_embed(image_BCHW))
        early_BCHW = x_BCHW = self.layers[1](x_BCHW)
        for layer in self.layers[2:]:
            x_BCHW = layer(x_BCHW)
        out: Tensor = self.neck(x_BCHW)
        return out, early_BCHW


def for_inference(encoder: TinyVit) -> TinyVit:
    """Return a frozen copy with every batch norm folded into its convolution.

    The same answers up to rounding, in two thirds of the time; it cannot be trained,
    and its parameters have other names.
    """
    frozen = copy.deepcopy(encoder).eval().requires_grad_(False)
    for module in list(frozen.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, ConvNorm):
                setattr(module, name, child.fuse())
    return frozen.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


class ConvNorm(nn.Sequential):
    """A convolution without bias and a batch norm, as `c` and `bn`."""

    def __init__(
        self, dim: int, out: int, size: int = 1, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        self.c = nn.Conv2d(
            dim, out, size, stride, padding=size // 2, groups=groups, bias=False
        )
        self.bn = nn.BatchNorm2d(out)

    @torch.no_grad()
    def fuse(self) -> nn.Conv2d:
        """Fuse convolution and normalisation into one layer for evaluation."""
        c, bn = self.c, self.bn
        variance, mean = cast("Tensor", bn.running_var), cast("Tensor", bn.running_mean)
        gain = bn.weight / (variance + bn.eps).sqrt()
        fused = copy.deepcopy(c)
        fused.weight = nn.Parameter(c.weight * gain[:, None, None, None], False)
        fused.bias = nn.Parameter(bn.bias - mean * gain, False)
        return fused


class PatchEmbed(nn.Module):
    """Two convolutions of stride 2: patches of four pixels' side, overlapping."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.seq = nn.Sequential(
            ConvNorm(3, dim // 2, 3, stride=2),
            nn.GELU(),
            ConvNorm(dim // 2, dim, 3, stride=2),
        )

    def forward(self, image_BCHW: Tensor) -> Tensor:
        """Return the patches, BCHW."""
        out: Tensor = self.seq(image_BCHW)
        return out


class Stage(nn.Module):
    """Blocks of one width, and the step to the next stage's."""

    def __init__(
        self,
        config: TinyVitConfig,
        index: int,
        drop: list[float],
        *,
        checkpointing: bool,
    ) -> None:
        super().__init__()
        dim = config.embed_dims[index]
        self.checkpointing = checkpointing
        build: Callable[..., nn.Module]
        if index == 0:
            build = partial(ConvBlock, dim, config.expand_ratio)
        else:
            heads, window = config.num_heads[index], config.window_sizes[index]
            build = partial(WindowBlock, dim, heads, window, config.mlp_ratio)
        self.blocks = nn.ModuleList(build(drop=rate) for rate in drop)
        last = index == len(config.depths) - 1
        self.downsample = None
        if not last:  # the third step widens without halving: stride 16 stays
            stride = 2 if index < 2 else 1
            self.downsample = Downsample(dim, config.embed_dims[index + 1], stride)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return the map for the next stage."""
        for block in self.blocks:
            if self.checkpointing and self.training:
                x_BCHW = checkpoint(block, x_BCHW, use_reentrant=False)
            else:
                x_BCHW = block(x_BCHW)
        return x_BCHW if self.downsample is None else self.downsample(x_BCHW)


class ConvBlock(nn.Module):
    """An inverted bottleneck: widen, convolve by depth, narrow, and add."""

    def __init__(self, dim: int, expand_ratio: float, *, drop: float) -> None:
        super().__init__()
        hidden = int(dim * expand_ratio)
        self.conv1 = ConvNorm(dim, hidden)
        self.conv2 = ConvNorm(hidden, hidden, 3, groups=hidden)
        self.conv3 = ConvNorm(hidden, dim)
        self.drop_path = DropPath(drop)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return the map, refined."""
        y_BCHW = _gelu(self.conv1(x_BCHW))
        y_BCHW = _gelu(self.conv2(y_BCHW))
        return _gelu(x_BCHW + self.drop_path(self.conv3(y_BCHW)))


class Downsample(nn.Module):
    """Change the width, and with stride 2 halve the map."""

    def __init__(self, dim: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = ConvNorm(dim, out)
        self.conv2 = ConvNorm(out, out, 3, stride, groups=out)
        self.conv3 = ConvNorm(out, out)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return the wider map."""
        y_BCHW = _gelu(self.conv1(x_BCHW))
        out: Tensor = self.conv3(_gelu(self.conv2(y_BCHW)))
        return out


class WindowBlock(nn.Module):
    """A block: attention in windows, a depthwise convolution, and two linear layers."""

    def __init__(
        self, dim: int, num_heads: int, window: int, mlp_ratio: float, *, drop: float
    ) -> None:
        super().__init__()
        self.attn = WindowAttention(dim, num_heads, window)
        self.local_conv = ConvNorm(dim, dim, 3, groups=dim)
        self.mlp = NormedMlp(dim, int(dim * mlp_ratio))
        self.drop_path = DropPath(drop)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return the map, refined."""
        x_BHWD = x_BCHW.permute(0, 2, 3, 1)
        x_BHWD = x_BHWD + self.drop_path(self.attn(x_BHWD))
        x_BCHW = self.local_conv(x_BHWD.permute(0, 3, 1, 2))
        x_BHWD = x_BCHW.permute(0, 2, 3, 1)
        y_BHWD: Tensor = x_BHWD + self.drop_path(self.mlp(x_BHWD))
        return y_BHWD.permute(0, 3, 1, 2)


class NormedMlp(nn.Module):
    """Two linear layers behind their own normalisation."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Return the layers' output, of the shape of `x`."""
        out: Tensor = self.fc2(_gelu(self.fc1(self.norm(x))))
        return out


class WindowAttention(nn.Module):
    """Self-attention in windows, with a bias for each distance.

    The table of biases holds one number per head and pair (|row offset|, |column
    offset|). It is looked up at each call: a copy kept for speed would outlive the
    loading of other weights.
    """

    def __init__(self, dim: int, num_heads: int, window: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.window = window
        self.norm = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.attention_biases = nn.Parameter(torch.zeros(num_heads, window**2))

    def forward(self, x_BHWD: Tensor) -> Tensor:
        """Return what each token has gathered, BHWD.

        Where windows stick out of the map it is padded with zeros *before* the
        normalisation, which makes its bias of them: one token, projected once.
        """
        b, h, w, d = x_BHWD.shape
        s = self.window
        rows, columns = -(-h // s), -(-w // s)
        qkv_BHWE = self.qkv(self.norm(x_BHWD))
        if (h, w) != (rows * s, columns * s):
            padding_E = self.qkv(self.norm.bias)
            padded = padding_E.expand(b, rows * s, columns * s, -1).clone()
            padded[:, :h, :w] = qkv_BHWE
            qkv_BHWE = padded
        heads = qkv_BHWE.reshape(b, rows, s, columns, s, self.num_heads, 3, -1)
        q, k, v = (
            heads.permute(6, 0, 1, 3, 5, 2, 4, 7)
            .reshape(3, b * rows * columns, self.num_heads, s * s, -1)
            .unbind(0)
        )
        y_NALD = self._attend(q, k, v)
        y = y_NALD.view(b, rows, columns, self.num_heads, s, s, -1)
        y_BHWD = y.permute(0, 1, 4, 2, 5, 3, 6).reshape(b, rows * s, columns * s, d)
        out: Tensor = self.proj(y_BHWD[:, :h, :w])
        return out

    def _attend(self, q_NALD: Tensor, k_NALD: Tensor, v_NALD: Tensor) -> Tensor:
        index_LL = _distance_index(self.window, q_NALD.device)
        bias_ALL = self.attention_biases[:, index_LL]
        scores = (q_NALD * q_NALD.shape[-1] ** -0.5) @ k_NALD.transpose(-2, -1)
        scores += bias_ALL
        return torch.matmul(scores.softmax(-1), v_NALD)


@lru_cache(maxsize=16)
def _distance_index(window: int, device: torch.device) -> Tensor:
    """Where in the table the distance of each pair of a window's tokens stands.

    Distances are numbered in the order in which the first token, the corner, meets
    them: that is in reading order.
    """
    with torch.inference_mode(False):  # a cached inference tensor would bar training
        at = torch.arange(window, device=device)
        away = (at[:, None] - at[None, :]).abs()
        index = away[:, None, :, None] * window + away[None, :, None, :]
        return index.reshape(window**2, window**2)


def _gelu(x: Tensor) -> Tensor:
    """GELU of a tensor that nobody else holds: in its own memory where none learns.

    The widest are 67 MB each; to ask the system for another costs as much again.
    """
    if torch.is_grad_enabled():
        return F.gelu(x)
    out: Tensor = torch.ops.aten.gelu_(x)
    return out
