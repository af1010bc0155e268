"""Small layers that the parts of `pocket` share."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_sam.models.network_layers import PromptwiseLinear


def conv_norm(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Module:
    """Convolution, batch norm, SiLU: the norm folds into the weights to infer."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.SiLU(inplace=True),
    )


class ChannelNorm(nn.Module):
    """Layer norm over channels at each position: no running statistics."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Normalise ``(N, C, H, W)``."""
        x = x_NCHW.permute(0, 2, 3, 1)
        x = F.layer_norm(x, (x.shape[-1],), self.weight, self.bias, 1e-5)
        return x.permute(0, 3, 1, 2)


class FusedBlock(nn.Module):
    """Inverted residual whose expansion is a full 3 x 3 convolution."""

    def __init__(self, channels: int, expansion: int = 2) -> None:
        super().__init__()
        self.expand = conv_norm(channels, channels * expansion)
        self.project = nn.Sequential(
            nn.Conv2d(channels * expansion, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape ``(B, C, h, w)``."""
        return x + self.project(self.expand(x))


class WideBlock(nn.Module):
    """Large depthwise kernel, then a pointwise MLP: context without attention."""

    def __init__(self, channels: int, kernel: int = 7, expansion: int = 2) -> None:
        super().__init__()
        self.spread = nn.Conv2d(
            channels, channels, kernel, padding=kernel // 2, groups=channels
        )
        self.norm = ChannelNorm(channels)
        self.mix = nn.Sequential(
            nn.Conv2d(channels, channels * expansion, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels * expansion, channels, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape ``(B, C, h, w)``."""
        return self.mix(self.norm(self.spread(x))).add_(x)


def upsample(x: Tensor) -> Tensor:
    """Twice the rows and columns, bilinear."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def weigh_channels(weights: Tensor, x: Tensor) -> Tensor:
    """Weigh channels ``(N, M, C)`` of ``(N or 1, C, h, w)`` into ``(N, M, h, w)``."""
    return promptwise_product(weights, x.flatten(2)).unflatten(2, x.shape[2:])


def promptwise(x: Tensor) -> bool:
    """Whether prompts ``(N, ...)`` are computed one at a time: on a CPU, to infer.

    A library may compute many in another way than one, with other last bits, and a CPU
    is no faster with them.
    """
    return len(x) > 1 and x.device.type == "cpu" and not torch.is_grad_enabled()


def promptwise_product(a: Tensor, b: Tensor) -> Tensor:
    """Multiply ``(N, A, B)`` by ``(N or 1, B, C)``; see `promptwise`."""
    if not promptwise(a):
        return a @ b
    return torch.cat([x @ y for x, y in zip(a.split(1), _each(b, len(a)), strict=True)])


def _each(x: Tensor, count: int) -> tuple[Tensor, ...]:
    return (x,) * count if len(x) == 1 else x.split(1)


def token_mlp(dim: int, out: int) -> nn.Sequential:
    """Return the paper's small MLP from a token to weights or scores."""
    return nn.Sequential(
        PromptwiseLinear(dim, dim), nn.GELU(), PromptwiseLinear(dim, dim), nn.GELU(),
        PromptwiseLinear(dim, out),
    )  # fmt: skip
