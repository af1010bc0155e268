"""Tokens and features to masks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_sam.models.pocket.layers import (
    ChannelNorm,
    WideBlock,
    three_layers,
    upsampled,
    weighed,
)
from napari_sam.models.transformer import CrossAttention

if TYPE_CHECKING:
    from napari_sam.models.pocket.config import Features, PocketConfig
    from napari_sam.models.pocket.prompts import MapFeatures


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


class CoarseOutput(NamedTuple):
    """What is known once tokens and image have heard each other."""

    image: Tensor  # (N, D, H, W)
    where: Tensor  # (N, 4, H, W) logits: may the mask reach into this cell?
    tokens: Tensor  # (N, 4, D), one for each mask
    weights: Tensor  # (N, 4, K) of every mask's read-out
    scores: Tensor  # (N, 4) IoU expected before anything is drawn


class Drawn(NamedTuple):
    """Masks, and what they were drawn from."""

    logits: Tensor  # (N, M, h, w), stride 2
    coarse: Tensor  # (N, M, h/4, w/4), stride 8
    features: Tensor  # (N, K, h/4, w/4), stride 8


class IouHead(nn.Module):
    """How good a mask is, from the mask itself and from what it covers.

    The token that sought a mask has not seen it drawn. This looks at the features
    inside the mask and just outside, and at how firmly it was drawn: a mask that hardly
    changes with the threshold is seldom wrong.
    """

    def __init__(self, dim: int, channels: int, hidden: int = 64) -> None:
        super().__init__()
        self.features = nn.Linear(2 * channels + FIRMNESS, hidden)
        self.token = nn.Linear(dim, hidden)
        last = nn.Linear(hidden, 1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.mix = nn.Sequential(nn.GELU(), nn.Linear(hidden, hidden), nn.GELU(), last)

    def forward(self, tokens: Tensor, drawn: Drawn) -> Tensor:
        """Return what to add to the scores ``(N, M)`` of masks ``(N, M, h, w)``.

        The masks are judged as they are: no gradient reaches them.
        """
        logits = drawn.logits.detach()
        inside = F.avg_pool2d(logits.sigmoid(), 4)
        around = (F.max_pool2d(inside, 5, 1, 2) - inside).clamp_(min=0)
        seen = [_covered(inside, drawn.features), _covered(around, drawn.features)]
        seen.append(_firmness(logits))
        return self.mix(self.features(torch.cat(seen, -1)) + self.token(tokens))[..., 0]


#: Figures that `_firmness` gives of a mask.
FIRMNESS = 4


def _covered(weights: Tensor, features: Tensor) -> Tensor:
    """Mean features ``(N, M, K)`` under weights ``(N, M, h, w)``."""
    total = weights.flatten(2).sum(-1, keepdim=True).clamp(min=1e-3)
    return weights.flatten(2) @ features.flatten(2).transpose(1, 2) / total


def _firmness(logits: Tensor) -> Tensor:
    """Size of masks, and how much of it stays when the threshold moves."""
    area = [_count(logits > t).float() + 1 for t in (-2, -1, 0, 1, 2)]
    size = area[2].log() / 8 - 1
    sure = [area[4] / area[2], area[3] / area[1], area[2] / area[0]]
    return torch.stack([size, *sure], -1)


def _count(masks: Tensor) -> Tensor:
    """Count true pixels; torch adds bytes up in half the time of bools."""
    return masks.view(torch.uint8).flatten(2).sum(-1, dtype=torch.int32)


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
        self.judge = IouHead(dim, k8)

    def attend(
        self, image: Tensor, tokens: Tensor, said: Tensor, position: Tensor
    ) -> CoarseOutput:
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
        tokens = q[:, 1 : 1 + self.n_masks]
        weights = torch.stack([h(tokens[:, m]) for m, h in enumerate(self.hyper)], 1)
        image = k.transpose(1, 2).unflatten(2, (rows, cols))
        *_, w16, bias = weights.split(self.sizes, -1)
        where = weighed(w16, image) + bias.unsqueeze(-1)
        return CoarseOutput(image, where, tokens, weights, self.iou_head(q[:, 0]))

    def draw(
        self, image: Tensor, weights: Tensor, features: Features, maps: MapFeatures
    ) -> Drawn:
        """Draw the masks whose weights ``(N, M, K)`` are given.

        All arrays may be cut to one window of stride-16 cells.
        """
        w8, bias, w4, w2, *_ = weights.split(self.sizes, -1)
        x8 = self.up8(image) + features.s8 + self.heard8(maps.s8)
        x8 = self.refine8(F.relu(self.norm8(x8), inplace=True))
        coarse = weighed(w8, x8) + bias.unsqueeze(-1)
        x4 = self.up4(x8) + features.s4 + self.heard4(maps.s4)
        x4 = self.refine4(F.relu(self.norm4(x4), inplace=True))
        fine = upsampled(weighed(w4, x4)) + weighed(w2, features.s2)
        return Drawn(upsampled(upsampled(coarse)) + fine, coarse, x8)
