"""`pocket`: a small promptable model that ships in the wheel.

The same three parts as the paper's SAM, narrowed for a laptop's CPU: a convolutional
encoder with features at four strides, a prompt encoder, and a two-way mask decoder.
Three things differ from SAM, each for small objects:

* positions are encoded in working pixels, not as a share of the image, so that what
  was learnt on small crops holds on large ones;
* clicks, boxes, strokes and the previous mask also enter as *maps* at stride 4, and
  their features join the decoder's upscaling, as the encoder's do;
* masks are read out at stride 2, but only where the object may be: a first map at
  stride 16 says where that is, and spares the rest of a large view (`Pocket.answer`).

Shapes: B images, N prompts, T tokens, D token width, C channels, H W rows and columns
of the stride-16 grid (so that stride 4 is 4H x 4W), P points, M masks.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from math import log, pi
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from napari_sam.models.transformer import CrossAttention

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The longest side, in working pixels, that one encoding covers.
WORKING_SIZE = 1024
#: Sides are padded to a multiple of this, the encoder's deepest stride.
GRID = 32
#: Channels of the prompt maps: positive, negative, box, previous mask.
MAPS = 4
#: Stride-16 cells from which a cell of the maps' features can still hear something.
MAP_REACH = 2
#: Rows of the embedding of prompt kinds.
NEGATIVE, POSITIVE, TOP_LEFT, BOTTOM_RIGHT, PADDING = range(5)


def working_scale(shape: tuple[int, int]) -> float:
    """Working pixels per pixel of a plane of `shape` (rows, columns).

    Small views are enlarged, since most objects in microscopy are under 20 pixels
    wide, but at most twice: beyond that there is nothing to see.
    """
    return min(2.0, WORKING_SIZE / max(shape))


def prompt_maps(
    xy: Tensor,
    kinds: Tensor,
    grid: tuple[int, int],
    prior: Tensor | None = None,
    previous: Tensor | None = None,
) -> Tensor:
    """Draw what was said on a stride-4 grid.

    Parameters
    ----------
    xy, kinds
        Points and box corners in working pixels, ``(N, P, 2)`` and ``(N, P)``.
    grid
        Rows and columns of the stride-4 grid.
    prior
        ``(N, *grid)``: 1 where a drawing said inside, -1 outside, 0 unsaid.
    previous
        ``(N, *grid)`` logits of the answer so far.

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
        for channel, wanted in ((0, POSITIVE), (1, NEGATIVE)):
            drawn = disc * (kind == wanted).view(-1, 1, 1)
            maps[:, channel] = torch.maximum(maps[:, channel], drawn)
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
    heard
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
    heard: tuple[int, int] = (32, 8)
    heads: int = 4
    mlp_dim: int = 512

    @classmethod
    def tiny(cls) -> PocketConfig:
        """Smallest that exercises everything; for tests."""
        return cls((4, 4, 8, 8, 8), (1, 1, 1, 1), 16, (8, 4, 4), (4, 4), 2, 32)


class Features(NamedTuple):
    """What the encoder says of a batch of images, at four strides."""

    s16: Tensor  # (B, dim, H, W)
    s8: Tensor  # (B, skips[0], 2H, 2W)
    s4: Tensor  # (B, skips[1], 4H, 4W)
    s2: Tensor  # (B, skips[2], 8H, 8W)

    def of(self, index: Tensor | slice) -> Features:
        """Features of some of the images, repeated as `index` says."""
        return Features(*(f[index] for f in self))


def conv_norm(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Module:
    """Convolution, batch norm, SiLU: the norm folds into the weights to infer."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.SiLU(inplace=True),
    )


class ChannelNorm(nn.Module):
    """Layer norm over channels, one place at a time: no running statistics."""

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
        return x + self.mix(self.norm(self.spread(x)))


def upsampled(x: Tensor) -> Tensor:
    """Twice the rows and columns, bilinear."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


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
        s16 = self.out16(self.side16(a16) + upsampled(self.side32(a32)))
        s8 = self.out8(self.side8(a8) + upsampled(self.down8(s16)))
        s4 = self.out4(self.side4(a4) + upsampled(self.down4(s8)))
        s2 = self.side2(a2) + upsampled(self.down2(s4))
        return Features(s16, s8, s4, s2)


class PixelEncoding(nn.Module):
    """Random Fourier features of a place, in working pixels.

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
        angle = 2 * pi * (xy @ self.waves)
        return torch.cat([angle.sin(), angle.cos()], -1)

    def remembered(self, cells: tuple[int, int]) -> Tensor:
        """Return `grid` of the last size asked for without computing it again."""
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


class Window(NamedTuple):
    """Half-open rectangle of stride-16 cells."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def around(cls, cells: Tensor) -> Window:
        """Smallest window that holds every true cell of ``(H, W)``, of one at least."""
        rows, cols = cells.any(1).nonzero(), cells.any(0).nonzero()
        return cls(int(rows[0]), int(cols[0]), int(rows[-1]) + 1, int(cols[-1]) + 1)

    def at(self, factor: int) -> tuple[slice, slice]:
        """Slices of an array `factor` times as fine."""
        return (
            slice(self.top * factor, self.bottom * factor),
            slice(self.left * factor, self.right * factor),
        )

    def grown(self, cells: int, grid: Sequence[int]) -> Window:
        """Grow on every side, up to the edges of the grid."""
        return Window(
            max(self.top - cells, 0),
            max(self.left - cells, 0),
            min(self.bottom + cells, grid[0]),
            min(self.right + cells, grid[1]),
        )

    def shifted(self, rows: int, cols: int) -> Window:
        """Move, e.g. to count from a larger window's corner."""
        return Window(
            self.top + rows, self.left + cols, self.bottom + rows, self.right + cols
        )


class MapFeatures(NamedTuple):
    """What the prompt maps say, at the strides where the decoder hears it."""

    s16: Tensor
    s8: Tensor
    s4: Tensor


class PocketPromptEncoder(nn.Module):
    """Points and boxes to tokens; maps of everything said to features."""

    def __init__(self, config: PocketConfig) -> None:
        super().__init__()
        k8, k4 = config.heard
        self._blank: dict[tuple[int, int, float], Tensor] = {}
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
        """Encode places and what was said of them as ``(N, P, D)``."""
        said = (kinds_NP != PADDING).unsqueeze(-1)
        return self.position(xy_NP2) * said + self.kind(kinds_NP)

    def forward(self, maps: Tensor) -> MapFeatures:
        """Features of ``(N, MAPS, 4H, 4W)`` maps."""
        s4 = self.map4(maps)
        s8 = self.map8(s4)
        return MapFeatures(self.map16(s8), s8, s4)

    def within(self, maps: Tensor, window: Window) -> MapFeatures:
        """Features of one window only, the same as a part of those of the whole."""
        grid = [n // 4 for n in maps.shape[2:]]
        around = window.grown(MAP_REACH, grid)
        found = self(maps[..., *around.at(4)])
        inner = window.shifted(-around.top, -around.left)
        return MapFeatures(
            *(f[..., *inner.at(k)] for f, k in zip(found, (1, 2, 4), strict=True))
        )

    def blank(self, grid: tuple[int, int], previous: float) -> Tensor:
        """Stride-16 features where nothing was said, ``(1, D, *grid)``; remembered."""
        known = self._blank.get((*grid, previous))
        if known is None:
            maps = torch.zeros(1, MAPS, 4 * grid[0], 4 * grid[1])
            maps[:, 3] = previous
            known = self(maps.to(self.kind.weight.device)).s16
            kept = {k: v for k, v in self._blank.items() if k[:2] == grid}
            self._blank = {**kept, (*grid, previous): known}
        return known


class SelfAttention(nn.Module):
    """Attention among tokens, some of which are padding that nobody hears."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj = nn.Linear(dim, dim)
        self.k_proj = nn.Linear(dim, dim)
        self.v_proj = nn.Linear(dim, dim)
        self.out_proj = nn.Linear(dim, dim)

    def forward(self, placed: Tensor, x: Tensor, said: Tensor) -> Tensor:
        """Attend by tokens with positions ``(N, T, D)``; gather those without."""
        q, k, v = (
            project(y).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for project, y in (
                (self.q_proj, placed),
                (self.k_proj, placed),
                (self.v_proj, x),
            )
        )
        heard = said[:, None, None]
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=heard)
        return self.out_proj(out.transpose(1, 2).flatten(2))


class TwoWayBlock(nn.Module):
    """Tokens hear each other, then the image, then the image hears them."""

    def __init__(self, config: PocketConfig) -> None:
        super().__init__()
        dim, heads = config.dim, config.heads
        self.self_attn = SelfAttention(dim, heads)
        self.token_to_image = CrossAttention(dim, heads)
        self.image_to_token = CrossAttention(dim, heads)
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(4))
        self.mlp = nn.Sequential(
            nn.Linear(dim, config.mlp_dim), nn.GELU(), nn.Linear(config.mlp_dim, dim)
        )

    def forward(
        self, q: Tensor, k: Tensor, q_pe: Tensor, k_pe: Tensor, said: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Update tokens ``(N, T, D)`` and image ``(N, H*W, D)``."""
        q = self.norms[0](q + self.self_attn(q + q_pe, q, said))
        placed = k + k_pe
        q = self.norms[1](q + self.token_to_image.gather(q + q_pe, placed, k))
        q = self.norms[2](q + self.mlp(q))
        told = self.image_to_token.scatter(placed, q + q_pe, q, said)
        return q, self.norms[3](told.add_(k))


def three_layers(dim: int, out: int) -> nn.Sequential:
    """Return the paper's small MLP from a token to weights or scores."""
    return nn.Sequential(
        nn.Linear(dim, dim), nn.GELU(), nn.Linear(dim, dim), nn.GELU(),
        nn.Linear(dim, out),
    )  # fmt: skip


class Sought(NamedTuple):
    """What is known once tokens and image have heard each other."""

    image: Tensor  # (N, D, H, W)
    where: Tensor  # (N, 4, H, W) logits: may the mask reach into this cell?
    weights: Tensor  # (N, 4, K) of every mask's read-out
    scores: Tensor  # (N, 4) expected IoU


class PocketMaskDecoder(nn.Module):
    """Tokens and features to four masks, each with the IoU it expects to reach.

    Mask 0 answers prompts that leave no doubt; masks 1 to 3 are the candidates for
    an ambiguous one (paper, section 3, "Resolving ambiguity").

    Each mask is first sought at stride 16 over the whole image (`attend`), then drawn
    at strides 8, 4 and 2 (`draw`): everywhere in training, in a window to infer.
    """

    n_masks = 4

    def __init__(self, config: PocketConfig) -> None:
        super().__init__()
        dim, (k8, k4, k2), (m8, m4) = config.dim, config.skips, config.heard
        self.iou_token = nn.Embedding(1, dim)
        self.mask_tokens = nn.Embedding(self.n_masks, dim)
        self.layers = nn.ModuleList(TwoWayBlock(config) for _ in range(2))
        self.final_attn = CrossAttention(dim, config.heads)
        self.final_norm = nn.LayerNorm(dim)
        self.up8 = nn.ConvTranspose2d(dim, k8, 2, 2)
        self.heard8 = nn.Conv2d(m8, k8, 1)
        self.norm8 = ChannelNorm(k8)
        self.refine8 = WideBlock(k8, expansion=1)
        self.up4 = nn.ConvTranspose2d(k8, k4, 2, 2)
        self.heard4 = nn.Conv2d(m4, k4, 1)
        self.norm4 = ChannelNorm(k4)
        self.refine4 = WideBlock(k4, kernel=5, expansion=1)
        self.sizes = [k8, 1, k4, k2, dim, 1]
        self.hyper = nn.ModuleList(
            three_layers(dim, sum(self.sizes)) for _ in range(self.n_masks)
        )
        self.iou_head = three_layers(dim, self.n_masks)

    def attend(
        self, image: Tensor, tokens: Tensor, said: Tensor, position: Tensor
    ) -> Sought:
        """Hear the prompts and say where the object may be.

        Parameters
        ----------
        image
            ``(N, D, H, W)``: stride-16 features of the image and of the maps, added.
        tokens
            Prompt tokens ``(N, P, D)``.
        said
            ``(N, P)``, false where a token is padding.
        position
            Encoding of the stride-16 grid, ``(H*W, D)``.
        """
        n, _, rows, cols = image.shape
        ours = torch.cat([self.iou_token.weight, self.mask_tokens.weight])
        q_pe = torch.cat([ours.expand(n, -1, -1), tokens], 1)
        always = said.new_ones((n, len(ours)))
        said = torch.cat([always, said], 1)
        q, k = q_pe, image.flatten(2).transpose(1, 2)
        for layer in self.layers:
            q, k = layer(q, k, q_pe, position, said)
        q = self.final_norm(q + self.final_attn.gather(q + q_pe, k + position, k))
        weights = torch.stack([h(q[:, 1 + m]) for m, h in enumerate(self.hyper)], 1)
        image = k.transpose(1, 2).unflatten(2, (rows, cols))
        *_, w16, bias = weights.split(self.sizes, -1)
        where = weighed(w16, image) + bias.unsqueeze(-1)
        return Sought(image, where, weights, self.iou_head(q[:, 0]))

    def draw(
        self, image: Tensor, weights: Tensor, features: Features, maps: MapFeatures
    ) -> tuple[Tensor, Tensor]:
        """Draw the masks whose weights ``(N, M, K)`` are given.

        All arrays may be cut to one window of stride-16 cells.

        Returns
        -------
        tuple
            Logits at stride 2 and, for training, at stride 8.
        """
        w8, bias, w4, w2, *_ = weights.split(self.sizes, -1)
        x8 = self.up8(image) + features.s8 + self.heard8(maps.s8)
        x8 = self.refine8(F.relu(self.norm8(x8), inplace=True))
        coarse = weighed(w8, x8) + bias.unsqueeze(-1)
        x4 = self.up4(x8) + features.s4 + self.heard4(maps.s4)
        x4 = self.refine4(F.relu(self.norm4(x4), inplace=True))
        fine = upsampled(weighed(w4, x4)) + weighed(w2, features.s2)
        return upsampled(upsampled(coarse)) + fine, coarse


def weighed(weights: Tensor, x: Tensor) -> Tensor:
    """Weigh channels ``(N, M, C)`` of ``(N or 1, C, h, w)`` into ``(N, M, h, w)``."""
    return (weights @ x.flatten(2)).unflatten(2, x.shape[2:])


class Decoded(NamedTuple):
    """Answers to N prompts."""

    logits: Tensor  # (N, 4, 8H, 8W), stride 2
    scores: Tensor  # (N, 4) expected IoU
    coarse: Tensor  # (N, 4, 2H, 2W), stride 8
    where: Tensor  # (N, 4, H, W), stride 16


class Pocket(nn.Module):
    """The whole model."""

    def __init__(self, config: PocketConfig | None = None) -> None:
        super().__init__()
        self.config = config or PocketConfig()
        self.encoder = PocketEncoder(self.config)
        self.prompts = PocketPromptEncoder(self.config)
        self.decoder = PocketMaskDecoder(self.config)

    def seek(
        self, features: Features, xy: Tensor, kinds: Tensor, maps: Tensor, offset: float
    ) -> tuple[Sought, MapFeatures]:
        """Run everything at stride 16; see `decode` for the arguments."""
        tokens = self.prompts.tokens(xy + offset, kinds)
        rows, cols = features.s16.shape[2:]
        position = self.prompts.position.grid(rows, cols, offset=offset)
        heard = self.prompts(maps)
        image = features.s16 + heard.s16
        return self.decoder.attend(image, tokens, kinds != PADDING, position), heard

    def decode(
        self,
        features: Features,
        xy: Tensor,
        kinds: Tensor,
        maps: Tensor,
        *,
        offset: float = 0,
    ) -> Decoded:
        """Answer N prompts over the whole image: what training uses.

        Parameters
        ----------
        features
            Batch N, or 1 when one image answers all.
        xy
            ``(N, P, 2)`` places in working pixels.
        kinds
            ``(N, P)``: negative, positive, top left, bottom right, padding.
        maps
            ``(N, 4, 4H, 4W)``: positive, negative and box cells, previous mask.
        offset
            Working pixels added to every place: training moves the origin about so
            that no position is ever new to the model.
        """
        sought, heard = self.seek(features, xy, kinds, maps, offset)
        logits, coarse = self.decoder.draw(
            sought.image, sought.weights, features, heard
        )
        return Decoded(logits, sought.scores, coarse, sought.where)

    @torch.inference_mode()
    def answer(
        self,
        features: Features,
        xy: Tensor,
        kinds: Tensor,
        maps: Tensor,
        *,
        several: bool,
    ) -> tuple[Tensor, Tensor]:
        """Answer one prompt, drawing only where the object may be.

        The arguments are those of `decode`, for N = 1, and whether the prompt is
        ambiguous: then the three of the four masks that expect most are drawn, else
        mask 0 alone. Where nothing is drawn the logits only say "not here".

        Returns
        -------
        tuple
            Logits ``(M, 8H, 8W)`` and expected IoU ``(M,)``, best first.
        """
        cells = features.s16.shape[2], features.s16.shape[3]
        position = self.prompts.position.remembered(cells)
        tokens = self.prompts.tokens(xy, kinds)
        image = self._heard(features.s16, maps, cells)
        sought = self.decoder.attend(image, tokens, kinds != PADDING, position)
        order = sought.scores[0].argsort(descending=True, stable=True)
        masks = order[:CANDIDATES].tolist() if several else [0]
        here = possible(sought.where[:, masks], xy, kinds)
        window = Window.around(here)
        near = window.grown(HALO, cells)
        part, _ = self.decoder.draw(
            sought.image[..., *near.at(1)],
            sought.weights[:, masks],
            Features(
                *(f[..., *near.at(k)] for f, k in zip(features, _TIMES, strict=True))
            ),
            self.prompts.within(maps, near),
        )
        logits = part.new_full((part.shape[1], 8 * cells[0], 8 * cells[1]), NOT_HERE)
        inner = window.shifted(-near.top, -near.left)
        drawn = here[window.at(1)].repeat_interleave(8, 0).repeat_interleave(8, 1)
        found = torch.where(drawn, part[0, :, *inner.at(8)], NOT_HERE)
        logits[:, *window.at(8)] = found
        return logits, sought.scores[0, masks]

    def _heard(self, s16: Tensor, maps: Tensor, cells: tuple[int, int]) -> Tensor:
        """Add what the maps say, computed only near where they say anything."""
        previous = float(maps[0, 3, -1, -1])
        image = s16 + self.prompts.blank(cells, previous)
        blank = maps.new_tensor([0, 0, 0, previous]).view(1, MAPS, 1, 1)
        said = (maps != blank).flatten(0, 1).any(0)
        said = F.max_pool2d(said[None].float(), 4)[0] > 0
        if said.any():
            spot = Window.around(said).grown(MAP_REACH, cells)
            inside = s16[..., *spot.at(1)] + self.prompts.within(maps, spot).s16
            image[..., *spot.at(1)] = inside
        return image


#: How much finer each of `Features` is than stride 16.
_TIMES = (1, 2, 4, 8)
#: Masks that answer an ambiguous prompt.
CANDIDATES = 3
#: Cells where the first map is above this may belong to the object.
POSSIBLE = -3.0
#: Stride-16 cells around a window that its edge must see to be drawn exactly.
HALO = 3
#: Logit of everything outside the window.
NOT_HERE = -10.0


def possible(where: Tensor, xy: Tensor, kinds: Tensor) -> Tensor:
    """Return which cells may belong to the object, ``(H, W)``.

    These are the cells pointed at, those of the box, the cells above `POSSIBLE` that
    hang together with them, and one more all around. A likeness elsewhere in the
    image is not this object.
    """
    cells = (where > POSSIBLE).flatten(0, 1).any(0)
    found = _pointed_at(cells.shape, xy[0], kinds[0])
    cells |= found
    count = 0
    while (now := int(found.sum())) != count:
        count = now
        found = _spread(found) & cells
    return _spread(found)


def _spread(cells: Tensor) -> Tensor:
    """Add the eight neighbours of every cell."""
    return F.max_pool2d(cells[None].float(), 3, 1, 1)[0] > 0


def _pointed_at(grid: Sequence[int], xy: Tensor, kinds: Tensor) -> Tensor:
    """Cells of positive points and boxes, of all points if there are none."""
    limits = xy.new_tensor([grid[1] - 1, grid[0] - 1])
    at = torch.minimum((xy / 16).floor().clamp(min=0), limits).long()
    found = torch.zeros(*grid, dtype=torch.bool, device=xy.device)
    wanted = at[kinds == POSITIVE]
    found[wanted[:, 1], wanted[:, 0]] = True
    corners = at[(kinds == TOP_LEFT) | (kinds == BOTTOM_RIGHT)]
    if len(corners):
        (left, top), (right, bottom) = corners.amin(0), corners.amax(0)
        found[top : bottom + 1, left : right + 1] = True
    elif not len(wanted):
        found[at[:, 1], at[:, 0]] = True
    return found


def fused(model: Pocket) -> Pocket:
    """Return a copy for inference, every batch norm folded into its convolution."""
    model = copy.deepcopy(model).eval()
    for block in model.modules():
        if not isinstance(block, nn.Sequential):
            continue
        for i in range(len(block) - 1):
            conv, norm = block[i], block[i + 1]
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                block[i] = fuse_conv_bn_eval(conv, norm)
                block[i + 1] = nn.Identity()
    return model
