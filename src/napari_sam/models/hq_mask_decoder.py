"""The mask decoder of SAM-HQ: one more token, and early features for fine outlines.

Ke et al. 2023, "Segment Anything in High Quality", section 3.2: a token of its own
predicts what is added to the logits of Segment Anything's mask, from features that fuse
the encoder's early ones, its last ones and the decoder's own. Nothing of Segment
Anything changes, so its state dict is part of this one.

Shapes: B prompts, C width, D width of the encoder's early features, H W rows and
columns, T tokens, M masks, U channels of an upscaled pixel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from napari_sam.models.mask_decoder import MaskDecoder, in_place
from napari_sam.models.network_layers import LayerNorm2d, Mlp

if TYPE_CHECKING:
    from napari_sam.models.config import SamConfig


class HqMaskDecoder(MaskDecoder):
    """Predict masks for prompts about one image, and refine one of each prompt.

    Of the three masks for an ambiguous prompt, the one with the best score is refined,
    as in the published model. The others are drawn as Segment Anything does, and differ
    from its own only by what attention hears of the additional token.
    """

    def __init__(self, config: SamConfig) -> None:
        super().__init__(config)
        dim, fine = config.prompt_dim, config.prompt_dim // 8
        self.hf_token = nn.Embedding(1, dim)
        self.hf_mlp = Mlp(dim, dim, fine, 3)
        self.compress_vit_feat = _enlarge_4_times(config.encoder.early_dim, dim, fine)
        self.embedding_encoder = _enlarge_4_times(dim, dim // 4, fine)
        self.embedding_maskfeature = nn.Sequential(
            nn.Conv2d(fine, dim // 4, kernel_size=3, padding=1),
            LayerNorm2d(dim // 4),
            nn.GELU(),
            nn.Conv2d(dim // 4, fine, kernel_size=3, padding=1),
        )

    def fuse(self, image_BCHW: Tensor, early_BDHW: Tensor) -> Tensor:
        """Fuse the encoder's last and early features, at four times their size.

        All of the refinement that does not depend on a prompt: it belongs to the
        embedding of an image.

        Returns
        -------
        detail_BUHW
            With U an eighth of C, and four times the rows and columns.
        """
        dtype = self.hf_token.weight.dtype
        image = self.embedding_encoder(image_BCHW.to(dtype))
        out: Tensor = image + self.compress_vit_feat(early_BDHW.to(dtype))
        return out.float()

    def _output_tokens(self) -> Tensor:
        return torch.cat([super()._output_tokens(), self.hf_token.weight])

    def _refine(
        self,
        logits_BMHW: Tensor,
        scores_BM: Tensor,
        pixels: Tensor,
        x_BTC: Tensor,
        detail_UHW: Tensor | None,
    ) -> Tensor:
        if detail_UHW is None:
            raise ValueError(
                "This decoder refines masks with early features of the image: give "
                "detail_UHW, one of those from Sam.encode_detail."
            )
        rows, columns = logits_BMHW.shape[-2:]
        weights_BU = self.hf_mlp(x_BTC[:, 1 + self.num_mask_tokens])
        own_BUHW = in_place(pixels.movedim(-1, 1), (rows // 4, columns // 4))
        features_BUHW = self.embedding_maskfeature(own_BUHW) + detail_UHW.to(x_BTC)
        fine_B1N = torch.bmm(weights_BU[:, None], features_BUHW.flatten(2))
        best = torch.arange(len(logits_BMHW)), scores_BM.argmax(1)
        logits_BMHW[best] += fine_B1N.view(-1, rows, columns)
        return logits_BMHW


def _enlarge_4_times(dim: int, hidden: int, out: int) -> nn.Sequential:
    """Return two transposed convolutions of stride 2."""
    return nn.Sequential(
        nn.ConvTranspose2d(dim, hidden, kernel_size=2, stride=2),
        LayerNorm2d(hidden),
        nn.GELU(),
        nn.ConvTranspose2d(hidden, out, kernel_size=2, stride=2),
    )
