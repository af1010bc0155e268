"""The two-way transformer of the mask decoder, re-associated.

Kirillov et al. 2023, appendix A, "Lightweight mask decoder": each layer does
self-attention of the tokens, attention of the tokens to the image, an MLP on the
tokens, and attention of the image to the tokens.

There are thousands of image tokens and fewer than a dozen others. So every projection
of the image tokens is multiplied into the few tokens instead, as matrix products
associate: (X W) t = X (W t). It is the same sum in another order, at half the work,
and nothing as long as the image is projected. The bias of the image's keys shifts all
scores of a token alike, and softmax does not see it.

Products are taken prompt by prompt, never over the rows of several prompts: a library
may choose another order of adding for more rows, and bits would depend on the company.

Shapes: B prompts, T tokens, N image tokens, C width, A heads, D width of a head,
Y = A T pairs of a head and a token.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_sam.models.network_layers import MlpBlock, PromptwiseLinear


class TwoWayTransformer(nn.Module):
    """The two-way transformer: attention from tokens to image and back.

    Parameters
    ----------
    depth, dim, num_heads, mlp_dim
        Layers, width, heads, and hidden width of the layers' MLPs.
    """

    def __init__(self, depth: int, dim: int, num_heads: int, mlp_dim: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            TwoWayBlock(dim, num_heads, mlp_dim, is_first=i == 0) for i in range(depth)
        )
        self.final_attn_token_to_image = CrossAttention(dim, num_heads)
        self.norm_final_attn = nn.LayerNorm(dim)

    def forward(
        self, image_BNC: Tensor, position_NC: Tensor, tokens_BTC: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return tokens and image tokens after all blocks.

        Parameters
        ----------
        image_BNC
            The image embedding with the mask prompt added.
        position_NC
            The positional encoding of the image tokens.
        tokens_BTC
            Output tokens and prompt tokens; they also serve as their own positions.
        """
        queries_BTC, keys_BNC = tokens_BTC, image_BNC
        for layer in self.layers:
            queries_BTC, keys_BNC = layer(
                queries_BTC, keys_BNC, tokens_BTC, position_NC
            )
        found_BTC = self.final_attn_token_to_image.gather(
            queries_BTC + tokens_BTC, keys_BNC + position_NC, keys_BNC
        )
        return self.norm_final_attn(queries_BTC + found_BTC), keys_BNC


class TwoWayBlock(nn.Module):
    """A two-way block. In the first, tokens have no positions to add yet."""

    def __init__(
        self, dim: int, num_heads: int, mlp_dim: int, *, is_first: bool
    ) -> None:
        super().__init__()
        self.is_first = is_first
        self.self_attn = SelfAttention(dim, num_heads)
        self.norm1 = nn.LayerNorm(dim)
        self.cross_attn_token_to_image = CrossAttention(dim, num_heads)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = MlpBlock(dim, mlp_dim, F.relu)
        self.norm3 = nn.LayerNorm(dim)
        self.norm4 = nn.LayerNorm(dim)
        self.cross_attn_image_to_token = CrossAttention(dim, num_heads)

    def forward(
        self, x_BTC: Tensor, keys_BNC: Tensor, tokens_BTC: Tensor, position_NC: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return tokens and image tokens, updated by each other."""
        if self.is_first:
            x_BTC = self.self_attn(x_BTC, x_BTC)
        else:
            x_BTC = x_BTC + self.self_attn(x_BTC + tokens_BTC, x_BTC)
        x_BTC = self.norm1(x_BTC)
        positioned_BNC = keys_BNC + position_NC
        x_BTC = x_BTC + self.cross_attn_token_to_image.gather(
            x_BTC + tokens_BTC, positioned_BNC, keys_BNC
        )
        x_BTC = self.norm2(x_BTC)
        x_BTC = self.norm3(x_BTC + self.mlp(x_BTC))
        update_BNC = self.cross_attn_image_to_token.scatter(
            positioned_BNC, x_BTC + tokens_BTC, x_BTC
        )
        return x_BTC, self.norm4(update_BNC.add_(keys_BNC))


class _Projections(nn.Module):
    """The four projections of an attention layer, under their published names."""

    def __init__(self, dim: int, inner: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.scale = (inner // num_heads) ** -0.5
        self.q_proj = PromptwiseLinear(dim, inner)
        self.k_proj = PromptwiseLinear(dim, inner)
        self.v_proj = PromptwiseLinear(dim, inner)
        self.out_proj = PromptwiseLinear(inner, dim)

    def split(self, x_BTE: Tensor) -> Tensor:
        """Separate the heads, (B, T, A, D)."""
        return torch.unflatten(x_BTE, -1, (self.num_heads, -1))


class SelfAttention(_Projections):
    """Attention among the few tokens, as it is usually written."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__(dim, dim, num_heads)

    def forward(self, positioned_BTC: Tensor, x_BTC: Tensor) -> Tensor:
        """Attend by tokens with positions; gather tokens without."""
        q_BTAD = self.split(self.q_proj(positioned_BTC))
        k_BTAD = self.split(self.k_proj(positioned_BTC))
        v_BTAD = self.split(self.v_proj(x_BTC))
        scores_BATT = torch.einsum("btad,bsad->bats", q_BTAD, k_BTAD) * self.scale
        y_BTAD = torch.einsum("bats,bsad->btad", scores_BATT.softmax(-1), v_BTAD)
        out: Tensor = self.out_proj(y_BTAD.flatten(2))
        return out


class CrossAttention(_Projections):
    """Attention between tokens and image, at half the width inside."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__(dim, dim // 2, num_heads)

    def gather(
        self, tokens_BTC: Tensor, positioned_BNC: Tensor, image_BNC: Tensor
    ) -> Tensor:
        """Attention of the tokens to the image: what each gathers, BTC."""
        b, t, _ = tokens_BTC.shape
        q_BATD = self.split(self.q_proj(tokens_BTC)).transpose(1, 2) * self.scale
        wk_ADC = torch.unflatten(self.k_proj.weight, 0, (self.num_heads, -1))
        wv_ADC = torch.unflatten(self.v_proj.weight, 0, (self.num_heads, -1))
        q_BYC = (q_BATD @ wk_ADC).flatten(1, 2)
        scores_BYN = torch.bmm(q_BYC, positioned_BNC.transpose(1, 2))
        y_BYC = torch.bmm(scores_BYN.softmax(-1), image_BNC)
        y_BATC = y_BYC.view(b, self.num_heads, t, -1)
        y_BTE = (y_BATC @ wv_ADC.transpose(1, 2)).transpose(1, 2).flatten(2)
        out: Tensor = self.out_proj(y_BTE + self.v_proj.bias)
        return out

    def scatter(
        self,
        positioned_BNC: Tensor,
        tokens_BTC: Tensor,
        values_BTC: Tensor,
        is_prompt_BT: Tensor | None = None,
    ) -> Tensor:
        """Attention of the image to the tokens: the update of each position, BNC.

        Where `is_prompt_BT` is false a token is padding, which is not attended to.

        The softmax runs over a handful of tokens; with the positions last in memory it
        is a few long rows instead of thousands of short ones.
        """
        heads = (self.num_heads, -1)
        k_BATD = self.split(self.k_proj(tokens_BTC)).transpose(1, 2) * self.scale
        v_BATD = self.split(self.v_proj(values_BTC)).transpose(1, 2)
        wq_ADC = torch.unflatten(self.q_proj.weight, 0, heads)
        bq_AD = torch.unflatten(self.q_proj.bias, 0, heads)
        wo_ADC = torch.unflatten(self.out_proj.weight, 1, heads).permute(1, 2, 0)
        k_BYC = (k_BATD @ wq_ADC).flatten(1, 2)
        k_BY1 = (k_BATD @ bq_AD[..., None]).flatten(1, 2)
        if is_prompt_BT is not None:
            padding_BYE = ~is_prompt_BT.repeat(1, self.num_heads)[..., None]
            k_BY1 = k_BY1.masked_fill(padding_BYE, -torch.inf)
        v_BYC = (v_BATD @ wo_ADC).flatten(1, 2)
        scores_BYN = torch.baddbmm(k_BY1, k_BYC, positioned_BNC.transpose(1, 2))
        scores_BATN = torch.unflatten(scores_BYN, 1, heads).softmax(2)
        update_BNC = torch.bmm(scores_BATN.flatten(1, 2).transpose(1, 2), v_BYC)
        return update_BNC.add_(self.out_proj.bias)
