"""RepViT-M1: the image encoder of EdgeTAM, with the names of its published weights.

Wang et al. 2024, "RepViT: Revisiting Mobile CNN From ViT Perspective". Depthwise
convolutions mix places, 1 x 1 convolutions mix channels, and every second block weighs
its channels. Branches that run side by side in training are one convolution after
`for_inference`.

Shapes: N images, C channels, H W rows and columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

if TYPE_CHECKING:
    from torch import Tensor

#: Channels and blocks of the four stages, at strides of 4, 8, 16 and 32 pixels.
WIDTHS, DEPTHS = (48, 96, 192, 384), (2, 2, 14, 2)
#: Channels that weights of channels are computed with are a multiple of this.
_DIVISOR = 8


class _ConvNorm(nn.Sequential):
    """A convolution without bias, and its normalisation."""

    def __init__(
        self, width: int, out: int, kernel: int = 1, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        conv = nn.Conv2d(
            width, out, kernel, stride, kernel // 2, groups=groups, bias=False
        )
        self.add_module("c", conv)
        self.add_module("bn", nn.BatchNorm2d(out))

    def fused(self) -> nn.Conv2d:
        """Fuse two layers into one convolution."""
        conv, norm = self.c, self.bn
        assert isinstance(conv, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        return fuse_conv_bn_eval(conv, norm)


class _PlaceMixer(nn.Module):
    """Depthwise 3 x 3 and 1 x 1 convolutions and what came in, added up."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = _ConvNorm(width, width, 3, groups=width)
        self.conv1 = _ConvNorm(width, width, groups=width)

    def forward(self, x: Tensor) -> Tensor:
        """Mix ``(N, C, H, W)``."""
        return self.conv(x) + self.conv1(x) + x

    def fused(self) -> nn.Conv2d:
        """Fuse the block into one 3 x 3 convolution."""
        large, small = self.conv.fused(), self.conv1.fused()
        assert large.bias is not None
        assert small.bias is not None
        with torch.no_grad():
            large.weight += F.pad(small.weight + 1, [1, 1, 1, 1])
            large.bias += small.bias
        return large


class _ChannelMixer(nn.Module):
    """Two 1 x 1 convolutions, twice as wide between them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = _ConvNorm(width, 2 * width)
        self.conv2 = _ConvNorm(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Mix ``(N, C, H, W)``."""
        return self.conv2(F.gelu(self.conv1(x)))


class _ChannelWeights(nn.Module):
    """Weights of channels by their means (squeeze and excitation)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = max(_DIVISOR, int(width / 4 + _DIVISOR / 2) // _DIVISOR * _DIVISOR)
        self.fc1 = nn.Conv2d(width, inner, 1)
        self.fc2 = nn.Conv2d(inner, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Weigh ``(N, C, H, W)``."""
        means = x.mean((2, 3), keepdim=True)
        return x * self.fc2(F.relu(self.fc1(means))).sigmoid()


class _Block(nn.Module):
    def __init__(self, width: int, *, weighs: bool) -> None:
        super().__init__()
        self.token_mixer = _PlaceMixer(width)
        self.se = _ChannelWeights(width) if weighs else nn.Identity()
        self.channel_mixer = _ChannelMixer(width)

    def forward(self, x: Tensor) -> Tensor:
        x = self.se(self.token_mixer(x))
        return x + self.channel_mixer(x)


class _Downsample(nn.Module):
    """Half as many rows and columns, and other channels."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.pre_block = _Block(width, weighs=False)
        self.spatial_downsample = _ConvNorm(width, width, 3, 2, groups=width)
        self.channel_downsample = _ConvNorm(width, out)
        self.ffn = _ChannelMixer(out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.channel_downsample(self.spatial_downsample(self.pre_block(x)))
        return x + self.ffn(x)


class _Stage(nn.Module):
    def __init__(self, width: int, out: int, depth: int) -> None:
        super().__init__()
        first = width == out
        self.downsample = nn.Identity() if first else _Downsample(width, out)
        blocks = (_Block(out, weighs=i % 2 == 0) for i in range(depth))
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(self.downsample(x))


class _Stem(nn.Module):
    """Two strided convolutions: a quarter as many rows and columns."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = _ConvNorm(3, width // 2, 3, 2)
        self.conv2 = _ConvNorm(width // 2, width, 3, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(F.gelu(self.conv1(x)))


class RepVit(nn.Module):
    """RepViT-M1 without its classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _Stem(WIDTHS[0])
        before = (WIDTHS[0], *WIDTHS)
        for i, (width, depth) in enumerate(zip(WIDTHS, DEPTHS, strict=True)):
            self.add_module(f"stages_{i}", _Stage(before[i], width, depth))

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the features of ``(N, 3, H, W)`` at strides of 4, 8, 16 and 32."""
        x, found = self.stem(x), []
        for i in range(len(WIDTHS)):
            x = self.get_submodule(f"stages_{i}")(x)
            found.append(x)
        return found


def for_inference(model: RepVit) -> RepVit:
    """Make one convolution of every group of them; changes the model, and returns it.

    It answers as before but for rounding, and cannot be trained any more.
    """
    model.eval()
    for kind in (_PlaceMixer, _ConvNorm):
        for name, part in list(model.named_modules()):
            if isinstance(part, kind):
                parent, _, attribute = name.rpartition(".")
                setattr(model.get_submodule(parent), attribute, part.fused())
    return model
