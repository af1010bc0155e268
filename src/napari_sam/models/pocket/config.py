"""The config of `pocket`, and the features its parts pass to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch

if TYPE_CHECKING:
    from torch import Tensor

#: The longest side, in working pixels, that one encoding covers.
WORKING_SIZE = 1024
#: Sides are padded to a multiple of this, the encoder's deepest stride.
GRID = 32
#: Channels of the prompt maps: positive, negative, box, previous mask.
MAPS = 4
#: Rows of the embedding of prompt kinds.
NEGATIVE, POSITIVE, TOP_LEFT, BOTTOM_RIGHT, PADDING = range(5)


def working_scale(shape: tuple[int, int]) -> float:
    """Working pixels per pixel of a plane of `shape` (rows, columns).

    Small views are enlarged, since most objects in microscopy are under 20 pixels
    wide, but at most twice: beyond that there is nothing to see.
    """
    return min(2.0, WORKING_SIZE / max(shape))


@dataclass(frozen=True, slots=True)
class PocketConfig:
    """Sizes of the network.

    Attributes
    ----------
    widths
        Encoder channels at strides 2, 4, 8, 16 and 32.
    depths
        Residual blocks at strides 4, 8, 16 and 32.
    dim
        Width of tokens and of the stride-16 features.
    skips
        Channels of the features at strides 8, 4 and 2 that the decoder reads.
    map_dims
        Channels of the prompt maps' features at strides 8 and 4.
    heads
        Attention heads.
    mlp_dim
        Hidden width of the token MLP.
    """

    widths: tuple[int, int, int, int, int] = (24, 40, 80, 128, 192)
    depths: tuple[int, int, int, int] = (1, 2, 3, 3)
    dim: int = 128
    skips: tuple[int, int, int] = (64, 24, 8)
    map_dims: tuple[int, int] = (32, 8)
    heads: int = 4
    mlp_dim: int = 512

    @classmethod
    def tiny(cls) -> PocketConfig:
        """Smallest that exercises everything; for tests."""
        return cls((4, 4, 8, 8, 8), (1, 1, 1, 1), 16, (8, 4, 4), (4, 4), 2, 32)


class Features(NamedTuple):
    """Features of a batch of images, at four strides."""

    s16: Tensor  # (B, dim, H, W)
    s8: Tensor  # (B, skips[0], 2H, 2W)
    s4: Tensor  # (B, skips[1], 4H, 4W)
    s2: Tensor  # (B, skips[2], 8H, 8W)

    def of(self, index: Tensor | slice) -> Features:
        """Features of some of the images, repeated as `index` says."""
        return Features(*(f[index] for f in self))

    def channels_last(self) -> Features:
        """Lay them out as convolutions take them; no number changes."""
        return Features(
            *(f.contiguous(memory_format=torch.channels_last) for f in self)
        )

    def to(self, device: torch.device) -> Features:
        """Move them to a device."""
        return Features(*(f.to(device) for f in self))
