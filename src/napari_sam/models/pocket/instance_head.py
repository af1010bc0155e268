"""The instance head of `pocket`: features to foreground and distance maps."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F

from napari_sam.models.pocket.config import Features, PocketConfig
from napari_sam.models.pocket.network_layers import (
    FusedBlock,
    WideBlock,
    conv_norm,
    upsample,
)

#: Maps that the head draws: foreground, boundary distance, centre distance.
MAPS = 3


class HeadWidths(NamedTuple):
    """Channels of the head at strides 16, 8, 4 and 2."""

    s16: int = 128
    s8: int = 96
    s4: int = 48
    s2: int = 16


class InstanceHead(nn.Module):
    """Features of an image to three maps at stride 2, from which instances are cut.

    The maps are logits of the foreground, of the distance to the object's boundary
    and of the closeness to its centre, both as a share of the object's largest (as in
    Archit et al. 2025, "Segment Anything for Microscopy", automatic instance
    segmentation). It reads features that the encoder has computed for prompts, so that
    all instances of an image cost one pass of this small network.
    """

    def __init__(
        self, config: PocketConfig | None = None, widths: HeadWidths | None = None
    ) -> None:
        super().__init__()
        config, c = config or PocketConfig(), widths or HeadWidths()
        k8, k4, k2 = config.skips
        self.in16 = nn.Conv2d(config.dim, c.s16, 1)
        self.mix16 = nn.Sequential(WideBlock(c.s16), WideBlock(c.s16))
        self.down8, self.in8 = nn.Conv2d(c.s16, c.s8, 1), nn.Conv2d(k8, c.s8, 1)
        self.mix8 = nn.Sequential(WideBlock(c.s8), WideBlock(c.s8))
        self.down4, self.in4 = nn.Conv2d(c.s8, c.s4, 1), nn.Conv2d(k4, c.s4, 1)
        self.mix4 = nn.Sequential(FusedBlock(c.s4), FusedBlock(c.s4))
        self.out4 = nn.Conv2d(c.s4, MAPS, 1)
        self.down2, self.in2 = nn.Conv2d(c.s4, c.s2, 1), nn.Conv2d(k2, c.s2, 1)
        self.mix2 = conv_norm(c.s2, c.s2)
        self.out2 = nn.Conv2d(c.s2, MAPS, 1)

    def forward(self, features: Features) -> Tensor:
        """Return the logits of the maps ``(B, 3, 8H, 8W)``."""
        x = self.mix16(self.in16(features.s16))
        x = self.mix8(upsample(self.down8(x)) + self.in8(features.s8))
        x = self.mix4(upsample(self.down4(x)) + self.in4(features.s4))
        fine = F.silu(upsample(self.down2(x)) + self.in2(features.s2))
        fine = fine + self.mix2(fine)
        return upsample(self.out4(x)) + self.out2(fine)
