"""Image to features at four strides."""

from __future__ import annotations

from torch import Tensor, nn

from napari_sam.models.pocket.config import Features, PocketConfig
from napari_sam.models.pocket.network_layers import (
    ChannelNorm,
    FusedBlock,
    WideBlock,
    conv_norm,
    upsample,
)


class PocketEncoder(nn.Module):
    """Image to features at strides 16, 8, 4 and 2, coarse meaning flowing down."""

    def __init__(self, config: PocketConfig) -> None:
        super().__init__()
        c2, c4, c8, c16, c32 = config.widths
        n4, n8, n16, n32 = config.depths
        k8, k4, k2 = config.skips
        self.stem = conv_norm(3, c2, stride=2)
        self.stage4 = nn.Sequential(
            conv_norm(c2, c4, stride=2), *(FusedBlock(c4) for _ in range(n4))
        )
        self.stage8 = nn.Sequential(
            conv_norm(c4, c8, stride=2), *(FusedBlock(c8) for _ in range(n8))
        )
        self.stage16 = nn.Sequential(
            conv_norm(c8, c16, stride=2), *(FusedBlock(c16) for _ in range(n16))
        )
        self.stage32 = nn.Sequential(
            conv_norm(c16, c32, stride=2), *(WideBlock(c32) for _ in range(n32))
        )
        self.side32 = nn.Conv2d(c32, config.dim, 1)
        self.side16 = nn.Conv2d(c16, config.dim, 1)
        self.side8 = nn.Conv2d(c8, k8, 1)
        self.side4 = nn.Conv2d(c4, k4, 1)
        self.side2 = nn.Conv2d(c2, k2, 3, padding=1)
        self.down8 = nn.Conv2d(config.dim, k8, 1)
        self.down4 = nn.Conv2d(k8, k4, 1)
        self.down2 = nn.Conv2d(k4, k2, 1)
        self.out16 = nn.Sequential(
            conv_norm(config.dim, config.dim), ChannelNorm(config.dim)
        )
        self.out8 = conv_norm(k8, k8)
        self.out4 = conv_norm(k4, k4)

    def forward(self, x: Tensor) -> Features:
        """Embed ``(B, 3, h, w)`` in [0, 1]; h and w are multiples of 32."""
        a2 = self.stem(x)
        a4 = self.stage4(a2)
        a8 = self.stage8(a4)
        a16 = self.stage16(a8)
        a32 = self.stage32(a16)
        s16 = self.out16(self.side16(a16).add_(upsample(self.side32(a32))))
        s8 = self.out8(self.side8(a8).add_(upsample(self.down8(s16))))
        s4 = self.out4(self.side4(a4).add_(upsample(self.down4(s8))))
        s2 = self.side2(a2).add_(upsample(self.down2(s4)))
        return Features(s16, s8, s4, s2)
