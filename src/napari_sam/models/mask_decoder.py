"""The mask decoder of Segment Anything: from embeddings to masks and scores.

Kirillov et al. 2023, appendix A, "Lightweight mask decoder", "Making the model
ambiguity-aware". Each prompt is answered by one mask for a clear prompt or three for
an ambiguous one, with a predicted IoU each. The transformer works on tokens, and so
does everything after it: a 2 x 2 transposed convolution of stride 2 is a linear layer
that makes four pixels of one, and pixels are put in their places last, when only
one number per mask is left of their channels.

Shapes: B prompts, K prompt tokens, T tokens, N = H W image tokens, C width,
M masks, U channels of an upscaled pixel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_sam.models.network_layers import LayerNorm2d, Mlp, keep_freed_memory
from napari_sam.models.transformer import TwoWayTransformer

if TYPE_CHECKING:
    from napari_sam.models.config import SamConfig


class MaskDecoder(nn.Module):
    """Predict masks for prompts about one image."""

    def __init__(self, config: SamConfig) -> None:
        super().__init__()
        dim = config.prompt_dim
        self.transformer = TwoWayTransformer(
            config.decoder_depth, dim, config.decoder_heads, config.decoder_mlp_dim
        )
        self.num_mask_tokens = config.num_multimask_outputs + 1
        self.iou_token = nn.Embedding(1, dim)
        self.mask_tokens = nn.Embedding(self.num_mask_tokens, dim)
        self.output_upscaling = nn.Sequential(
            nn.ConvTranspose2d(dim, dim // 4, kernel_size=2, stride=2),
            LayerNorm2d(dim // 4),
            nn.GELU(),
            nn.ConvTranspose2d(dim // 4, dim // 8, kernel_size=2, stride=2),
            nn.GELU(),
        )
        self.output_hypernetworks_mlps = nn.ModuleList(
            Mlp(dim, dim, dim // 8, 3) for _ in range(self.num_mask_tokens)
        )
        self.iou_prediction_head = Mlp(
            dim, config.iou_head_dim, self.num_mask_tokens, config.iou_head_depth
        )

    def predict(
        self,
        image_CHW: Tensor,
        position_CHW: Tensor,
        sparse_BKC: Tensor,
        dense_BCHW: Tensor,
        *,
        multimask: bool | None,
        chunk: int | None = None,
        detail_UHW: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Predict masks for prompts about one image, a few prompts at a time.

        Parameters
        ----------
        image_CHW
            The image embedding. To train, and with all prompts in one chunk, it may be
            BCHW: one for each prompt.
        position_CHW
            The positional encoding of its places, `PromptEncoder.dense_pe`.
        sparse_BKC, dense_BCHW
            The prompts, `PromptEncoder.encode`; the dense part of one prompt may
            serve all.
        multimask
            Whether to give the masks for an ambiguous prompt rather than the one for
            a clear prompt. None gives all, the one for a clear prompt first.
        chunk
            Prompts decoded at once. More is slower, as the work leaves the cache: one
            in float32, two in half precision.
        detail_UHW
            What a decoder that refines masks takes besides; see `HqMaskDecoder`.

        Returns
        -------
        logits_BMHW, scores_BM
            Float32 logits at four times the embedding's size, and predicted IoUs.
        """
        keep_freed_memory()
        dtype, (h, w) = self.mask_tokens.weight.dtype, image_CHW.shape[-2:]
        position_NC = position_CHW.to(dtype).flatten(1).t().contiguous()
        sparse_BKC = sparse_BKC.to(dtype)
        answers = {True: slice(1, None), False: slice(0, 1), None: slice(None)}
        chosen = answers[multimask]
        chunk = chunk or (1 if dtype == torch.float32 else 2)
        m = len(range(self.num_mask_tokens)[chosen])
        b = len(sparse_BKC)
        if torch.is_grad_enabled() or b <= chunk:
            image_BNC = _as_tokens(image_CHW, dense_BCHW, dtype)
            return self._predict(
                image_BNC, position_NC, sparse_BKC, chosen, (h, w), detail_UHW
            )
        logits_BMHW = image_CHW.new_empty((b, m, 4 * h, 4 * w), dtype=torch.float32)
        scores_BM = image_CHW.new_empty((b, m), dtype=torch.float32)
        shared_BNC = _as_tokens(image_CHW, dense_BCHW[:1], dtype)
        for i in range(0, b, chunk):
            part, image_BNC = slice(i, i + chunk), shared_BNC
            if len(dense_BCHW) > 1:
                image_BNC = _as_tokens(image_CHW, dense_BCHW[part], dtype)
            logits_BMHW[part], scores_BM[part] = self._predict(
                image_BNC, position_NC, sparse_BKC[part], chosen, (h, w), detail_UHW
            )
        return logits_BMHW, scores_BM

    def _predict(
        self,
        image_BNC: Tensor,
        position_NC: Tensor,
        sparse_BKC: Tensor,
        chosen: slice,
        shape: tuple[int, int],
        detail_UHW: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """Decode one chunk; `image_BNC` may be one for all of it."""
        b, m = len(sparse_BKC), self.num_mask_tokens
        output_BTC = self._output_tokens().expand(b, -1, -1)
        tokens_BTC = torch.cat([output_BTC, sparse_BKC], 1)
        x_BTC, keys_BNC = self.transformer(
            image_BNC.expand(b, -1, -1), position_NC, tokens_BTC
        )
        scores_BM = self.iou_prediction_head(x_BTC[:, 0])[:, chosen]
        weights_BMU = torch.stack(
            [
                mlp(x_BTC[:, 1 + i])
                for i, mlp in enumerate(self.output_hypernetworks_mlps)
                if i in range(m)[chosen]
            ],
            1,
        )
        pixels = self._upscaled(keys_BNC)
        logits = torch.matmul(weights_BMU, pixels.flatten(1, -2).transpose(1, 2))
        logits_BMHW = in_place(logits, shape)
        refined = self._refine(logits_BMHW, scores_BM, pixels, x_BTC, detail_UHW)
        return refined.float(), scores_BM.float()

    def _output_tokens(self) -> Tensor:
        """Return the learned tokens, TC: that of the scores, and one of each mask."""
        return torch.cat([self.iou_token.weight, self.mask_tokens.weight])

    def _upscaled(self, keys_BNC: Tensor) -> Tensor:
        """Make 4 x 4 pixels of each image token: B N 4 4 U, in reading order twice."""
        first, norm, _, second, _ = self.output_upscaling
        assert isinstance(norm, LayerNorm2d)
        x = _upscale(keys_BNC, first)  # each token: 2 x 2 pixels
        x = F.gelu(norm.normalise(x))
        return F.gelu(_upscale(x, second))  # each pixel: 2 x 2 pixels again

    def _refine(
        self,
        logits_BMHW: Tensor,
        scores_BM: Tensor,
        pixels: Tensor,
        x_BTC: Tensor,
        detail_UHW: Tensor | None,
    ) -> Tensor:
        """Return the logits as they are; a decoder of fine outlines changes them."""
        return logits_BMHW


def in_place(x: Tensor, shape: tuple[int, int]) -> Tensor:
    """Put the 16 pixels of each of H x W tokens in their places: BMHW, four times."""
    h, w = shape
    # B M (H W) (row column) (row column) -> B M (H row row) (W column column)
    x = x.reshape(len(x), -1, h, w, 2, 2, 2, 2).permute(0, 1, 2, 4, 6, 3, 5, 7)
    return x.reshape(len(x), -1, 4 * h, 4 * w)


def _as_tokens(image_CHW: Tensor, dense_BCHW: Tensor, dtype: torch.dtype) -> Tensor:
    """Add the mask prompts to the image embedding, BNC."""
    image_BCN = (image_CHW + dense_BCHW).to(dtype).flatten(2)
    return image_BCN.transpose(1, 2).contiguous()


def _upscale(x: Tensor, layer: nn.Module) -> Tensor:
    """Apply a 2 x 2 transposed convolution of stride 2 to tokens (..., C).

    The answer is (..., 4, U), the four pixels in reading order.
    """
    assert isinstance(layer, nn.ConvTranspose2d)
    assert layer.bias is not None
    weight = layer.weight.permute(2, 3, 1, 0).flatten(0, 2)
    return torch.unflatten(F.linear(x, weight, layer.bias.repeat(4)), -1, (4, -1))
