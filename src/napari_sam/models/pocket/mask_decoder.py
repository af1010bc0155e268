"""The mask decoder of `pocket`: tokens and features to masks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_sam.models.network_layers import PromptwiseLinear
from napari_sam.models.pocket.network_layers import (
    ChannelNorm,
    WideBlock,
    promptwise_product,
    token_mlp,
    upsample,
    weigh_channels,
)
from napari_sam.models.transformer import CrossAttention

if TYPE_CHECKING:
    from napari_sam.models.pocket.config import Features, PocketConfig
    from napari_sam.models.pocket.prompt_encoder import MapFeatures


class SelfAttention(nn.Module):
    """Self-attention of the tokens; padding tokens are masked out."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj = PromptwiseLinear(dim, dim)
        self.k_proj = PromptwiseLinear(dim, dim)
        self.v_proj = PromptwiseLinear(dim, dim)
        self.out_proj = PromptwiseLinear(dim, dim)

    def forward(self, positioned: Tensor, x: Tensor, token_mask: Tensor) -> Tensor:
        """Attend by tokens with positions ``(N, T, D)``; gather those without."""
        q, k, v = (
            project(y).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for project, y in (
                (self.q_proj, positioned),
                (self.k_proj, positioned),
                (self.v_proj, x),
            )
        )
        mask = token_mask[:, None, None]
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.out_proj(out.transpose(1, 2).flatten(2))


class TwoWayBlock(nn.Module):
    """Attention among tokens, of tokens to the image, and of the image to tokens."""

    def __init__(self, config: PocketConfig) -> None:
        super().__init__()
        dim, heads = config.dim, config.heads
        self.self_attn = SelfAttention(dim, heads)
        self.token_to_image = CrossAttention(dim, heads)
        self.image_to_token = CrossAttention(dim, heads)
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(4))
        self.mlp = nn.Sequential(
            PromptwiseLinear(dim, config.mlp_dim),
            nn.GELU(),
            PromptwiseLinear(config.mlp_dim, dim),
        )

    def forward(
        self, q: Tensor, k: Tensor, q_pe: Tensor, k_pe: Tensor, token_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Update tokens ``(N, T, D)`` and image ``(N, H*W, D)``."""
        q = self.norms[0](q + self.self_attn(q + q_pe, q, token_mask))
        positioned = k + k_pe
        q = self.norms[1](q + self.token_to_image.gather(q + q_pe, positioned, k))
        q = self.norms[2](q + self.mlp(q))
        update = self.image_to_token.scatter(positioned, q + q_pe, q, token_mask)
        return q, self.norms[3](update.add_(k))


class CoarseOutput(NamedTuple):
    """Masks at stride 16, and what finer masks are made from."""

    image: Tensor  # (N, D, H, W)
    where: Tensor  # (N, M, H, W) logits: does the mask reach into this cell?
    tokens: Tensor  # (N, M, D), one for each mask
    weights: Tensor  # (N, M, K) of every mask's read-out
    scores: Tensor  # (N, M) IoU predicted from the tokens alone


class FineOutput(NamedTuple):
    """Masks at strides 2 and 8, and the features they were read from."""

    logits: Tensor  # (N, M, h, w), stride 2
    coarse: Tensor  # (N, M, h/4, w/4), stride 8
    features: Tensor  # (N, K, h/4, w/4), stride 8


class IouHead(nn.Module):
    """IoU of a mask, predicted from the mask itself and the features it covers.

    The mask's token was computed before its logits. This head reads the features
    inside the mask and just outside, and its stability: a mask that hardly changes
    with the threshold is seldom wrong.
    """

    def __init__(self, dim: int, channels: int, hidden: int = 64) -> None:
        super().__init__()
        self.features = PromptwiseLinear(2 * channels + STABILITY, hidden)
        self.token = PromptwiseLinear(dim, hidden)
        last = PromptwiseLinear(hidden, 1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.mix = nn.Sequential(
            nn.GELU(), PromptwiseLinear(hidden, hidden), nn.GELU(), last
        )

    def forward(self, tokens: Tensor, fine: FineOutput) -> Tensor:
        """Return what to add to the scores ``(N, M)`` of masks ``(N, M, h, w)``.

        No gradient reaches the masks.
        """
        logits = fine.logits.detach()
        inside = F.avg_pool2d(logits.sigmoid(), 4)
        around = (F.max_pool2d(inside, 5, 1, 2) - inside).clamp_(min=0)
        covered = [_covered(inside, fine.features), _covered(around, fine.features)]
        covered.append(_stability(logits))
        return self.mix(self.features(torch.cat(covered, -1)) + self.token(tokens))[
            ..., 0
        ]


#: Numbers that `_stability` gives of a mask.
STABILITY = 4


def _covered(weights: Tensor, features: Tensor) -> Tensor:
    """Mean features ``(N, M, K)`` under weights ``(N, M, h, w)``."""
    total = weights.flatten(2).sum(-1, keepdim=True).clamp(min=1e-3)
    pixels = features.flatten(2).transpose(1, 2)
    return promptwise_product(weights.flatten(2), pixels) / total


def _stability(logits: Tensor) -> Tensor:
    """Size of masks, and the share of it that stays when the threshold moves."""
    area = [_count(logits > t).float() + 1 for t in (-2, -1, 0, 1, 2)]
    size = area[2].log() / 8 - 1
    sure = [area[4] / area[2], area[3] / area[1], area[2] / area[0]]
    return torch.stack([size, *sure], -1)


def _count(masks: Tensor) -> Tensor:
    """Count true pixels; torch adds bytes up in half the time of bools."""
    return masks.view(torch.uint8).flatten(2).sum(-1, dtype=torch.int32)


class PocketMaskDecoder(nn.Module):
    """Mask decoder: tokens and features to four masks, each with a predicted IoU.

    Mask 0 answers prompts that leave no doubt; masks 1 to 3 are the candidates for
    an ambiguous one (paper, section 3, "Resolving ambiguity").

    Each mask is first decoded at stride 16 over the whole image (`forward_coarse`),
    then at strides 8, 4 and 2 (`forward_fine`): everywhere in training, in a window
    to infer.
    """

    n_masks = 4

    def __init__(self, config: PocketConfig) -> None:
        super().__init__()
        dim, (k8, k4, k2), (m8, m4) = config.dim, config.skips, config.map_dims
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
            token_mlp(dim, sum(self.sizes)) for _ in range(self.n_masks)
        )
        self.iou_head = token_mlp(dim, self.n_masks)
        self.judge = IouHead(dim, k8)

    def forward_coarse(
        self,
        image: Tensor,
        tokens: Tensor,
        token_mask: Tensor,
        position: Tensor,
        *,
        masks: slice = slice(None),
    ) -> CoarseOutput:
        """Decode masks at stride 16, which say where the object may be.

        Parameters
        ----------
        image
            ``(N, D, H, W)``: stride-16 features of the image and of the maps, added.
        tokens
            Prompt tokens ``(N, P, D)``.
        token_mask
            ``(N, P)``, false where a token is padding.
        position
            Encoding of the stride-16 grid, ``(H*W, D)``.
        masks
            Those of the four that are wanted.
        """
        n, _, rows, cols = image.shape
        output_tokens = torch.cat([self.iou_token.weight, self.mask_tokens.weight])
        q_pe = torch.cat([output_tokens.expand(n, -1, -1), tokens], 1)
        always = token_mask.new_ones((n, len(output_tokens)))
        token_mask = torch.cat([always, token_mask], 1)
        q, k = q_pe, image.flatten(2).transpose(1, 2)
        for layer in self.layers:
            q, k = layer(q, k, q_pe, position, token_mask)
        q = self.final_norm(q + self.final_attn.gather(q + q_pe, k + position, k))
        tokens = q[:, 1 : 1 + self.n_masks]
        wanted = range(self.n_masks)[masks]
        weights = torch.stack([self.hyper[m](tokens[:, m]) for m in wanted], 1)
        image = k.transpose(1, 2).unflatten(2, (rows, cols))
        *_, w16, bias = weights.split(self.sizes, -1)
        where = weigh_channels(w16, image) + bias.unsqueeze(-1)
        scores = self.iou_head(q[:, 0])[:, masks]
        return CoarseOutput(image, where, tokens[:, masks], weights, scores)

    def forward_fine(
        self, image: Tensor, weights: Tensor, features: Features, maps: MapFeatures
    ) -> FineOutput:
        """Decode masks at stride 2 from their weights ``(N, M, K)``.

        All arrays may be cut to one window of stride-16 cells.
        """
        w8, bias, w4, w2, *_ = weights.split(self.sizes, -1)
        x8 = self.up8(image).add_(features.s8).add_(self.heard8(maps.s8))
        x8 = self.refine8(F.relu(self.norm8(x8), inplace=True))
        coarse = weigh_channels(w8, x8) + bias.unsqueeze(-1)
        x4 = self.up4(x8).add_(features.s4).add_(self.heard4(maps.s4))
        x4 = self.refine4(F.relu(self.norm4(x4), inplace=True))
        fine = upsample(weigh_channels(w4, x4)) + weigh_channels(w2, features.s2)
        return FineOutput(upsample(upsample(coarse)) + fine, coarse, x8)
