"""The instance decoder of micro-sam: an image embedding to maps of all instances.

The convolutional decoder of Archit et al. 2025, "Segment Anything for Microscopy",
automatic instance segmentation, after Hatamizadeh et al. 2022, "UNETR", without skip
connections from the encoder. Its tensors have the names of the published checkpoints.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Channels at the embedding's resolution, and at twice, four and eight times of it.
_WIDTHS = (512, 256, 128, 64)
#: Maps: the foreground, the distance to the centre, and that to the boundary.
MAPS = 3


class _Up(nn.Module):
    """Twice the resolution, bilinearly, then a convolution of single pixels."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W)`` to ``(B, out, 2H, 2W)``."""
        size = [2 * n for n in x.shape[2:]]
        bilinear = F.interpolate(x, size, mode="bilinear", align_corners=False)
        found: Tensor = self.conv(bilinear)
        return found


class _UpTransposed(nn.Module):
    """Twice the resolution by a transposed convolution."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.block = nn.ConvTranspose2d(channels, out, 2, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W)`` to ``(B, out, 2H, 2W)``."""
        found: Tensor = self.block(x)
        return found


class _Wrapped(nn.Module):
    """Layers under the name ``block``, as the checkpoints have them."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layers."""
        found: Tensor = self.block(x)
        return found


class _Stages(nn.Module):
    """Up by two three times, each time with what another branch sees there."""

    def __init__(self, transposed: bool) -> None:
        super().__init__()
        pairs = list(pairwise(_WIDTHS))
        self.blocks = nn.ModuleList([_convs(a, b) for a, b in pairs])
        self.samplers = nn.ModuleList([_up(a, b, transposed) for a, b in pairs])

    def forward(self, x: Tensor, branches: Sequence[Tensor]) -> Tensor:
        """Go up from the embedding's resolution to eight times of it."""
        for block, sampler, branch in zip(
            self.blocks, self.samplers, branches, strict=True
        ):
            x = sampler(x)
            # Of the branch, as many channels from the middle as there are here.
            skipped = (branch.shape[1] - x.shape[1]) // 2
            x = block(torch.cat([x, branch[:, skipped : skipped + x.shape[1]]], 1))
        return x


class InstanceDecoder(nn.Module):
    """Image embedding ``(B, C, H, W)`` to maps ``(B, 3, 16 H, 16 W)`` from 0 to 1.

    Parameters
    ----------
    channels
        Of the embedding.
    transposed_branches, transposed
        Whether the branch that goes up beside the decoder, and the decoder itself, do
        so by transposed convolutions; else bilinearly. Checkpoints have either.
    """

    def __init__(
        self,
        channels: int = 256,
        *,
        transposed_branches: bool = False,
        transposed: bool = False,
    ) -> None:
        super().__init__()
        widths = (channels, *_WIDTHS)
        branches = [_branch(a, b, transposed_branches) for a, b in pairwise(widths)]
        self.deconv1, self.deconv2, self.deconv3, self.deconv4 = branches
        self.base = _convs(channels, _WIDTHS[0])
        self.decoder = _Stages(transposed)
        self.deconv_out = _up(_WIDTHS[-1], _WIDTHS[-1], transposed)
        self.decoder_head = _convs(2 * _WIDTHS[-1], _WIDTHS[-1])
        self.out_conv = nn.Conv2d(_WIDTHS[-1], MAPS, 1)

    def forward(self, embedding: Tensor) -> Tensor:
        """Return foreground, distance to the centre and to the boundary.

        Distances are inverted: 0 at the centre, and farthest from the boundary.
        """
        first = self.deconv1(embedding)
        second = self.deconv2(first)
        third = self.deconv3(second)
        finest = self.deconv4(third)
        x = self.decoder(self.base(embedding), [first, second, third])
        x = torch.cat([self.deconv_out(x), finest], 1)
        maps: Tensor = self.out_conv(self.decoder_head(x)).sigmoid()
        return maps


def instance_decoder_from_state(state: Mapping[str, Tensor]) -> InstanceDecoder | None:
    """Build the decoder of a state dict, or None if it is of another kind.

    Raises
    ------
    ValueError
        If tensors are missing, unknown, or of another shape.
    """
    first = state.get("base.block.1.weight")
    if first is None or first.ndim != 4:
        return None
    model = InstanceDecoder(
        first.shape[1],
        transposed_branches="deconv1.block.0.block.weight" in state,
        transposed="decoder.samplers.0.block.weight" in state,
    )
    expected = model.state_dict()
    wrong = sorted(
        n for n in {**expected, **state}
        if n not in expected or n not in state or expected[n].shape != state[n].shape
    )  # fmt: skip
    if wrong:
        raise ValueError(
            f"the instance decoder is not one of micro-sam's: {len(wrong)} tensors are "
            f"missing, unknown or of another shape, the first {wrong[0]!r}"
        )
    model.load_state_dict({n: v.to(expected[n].dtype) for n, v in state.items()})
    return model.eval().requires_grad_(False)


def _up(channels: int, out: int, transposed: bool) -> nn.Module:
    return _UpTransposed(channels, out) if transposed else _Up(channels, out)


def _branch(channels: int, out: int, transposed: bool) -> nn.Module:
    conv = _Wrapped(nn.Conv2d(out, out, 3, padding=1))
    norm = nn.BatchNorm2d(out)
    return _Wrapped(
        nn.Sequential(_up(channels, out, transposed), conv, norm, nn.ReLU(inplace=True))
    )


def _convs(channels: int, out: int) -> nn.Module:
    """Return two convolutions, each of its input normalised image by image."""
    layers: list[nn.Module] = []
    for a, b in ((channels, out), (out, out)):
        layers += [nn.InstanceNorm2d(a), nn.Conv2d(a, b, 3, padding=1)]
        layers.append(nn.ReLU(inplace=True))
    return _Wrapped(nn.Sequential(*layers))
