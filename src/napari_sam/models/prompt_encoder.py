"""The prompt encoder of Segment Anything: points, boxes and masks as embeddings.

Kirillov et al. 2023, appendix A, "Prompt encoder": points and box corners become a
positional encoding (random Fourier features, Tancik et al. 2020) plus a learnt vector
for their kind; a mask is downscaled by convolutions and added to the image embedding.

Shapes: B prompts, N points, K tokens, C channels, H W rows and columns of the
embedding, XY the two coordinates.
"""

from __future__ import annotations

from math import tau
from typing import cast

import torch
from torch import Tensor, nn

from napari_sam.models.network_layers import LayerNorm2d

#: Kinds of points. A padding point is "not a point" and has no position.
PADDING, NEGATIVE, POSITIVE, TOP_LEFT, BOTTOM_RIGHT = -1, 0, 1, 2, 3


class PromptEncoder(nn.Module):
    """Embed points, boxes and masks.

    Always in float32, also beside an encoder and decoder in bfloat16: the positions
    of the encoding are angles of many turns.

    Parameters
    ----------
    dim
        Width of a token.
    embedding_size
        Side of the image embedding.
    image_size
        Side of the square the coordinates refer to, in pixels.
    mask_in_channels
        Hidden channels of the mask's embedding.
    """

    def __init__(
        self, dim: int, embedding_size: int, image_size: int, mask_in_channels: int
    ) -> None:
        super().__init__()
        self.embedding_size = embedding_size
        self.image_size = image_size
        self.pe_layer = FourierPositions(dim // 2)
        self.point_embeddings = nn.ModuleList(nn.Embedding(1, dim) for _ in range(4))
        self.not_a_point_embed = nn.Embedding(1, dim)
        hidden = mask_in_channels
        self.mask_downscaling = nn.Sequential(
            nn.Conv2d(1, hidden // 4, kernel_size=2, stride=2),
            LayerNorm2d(hidden // 4),
            nn.GELU(),
            nn.Conv2d(hidden // 4, hidden, kernel_size=2, stride=2),
            LayerNorm2d(hidden),
            nn.GELU(),
            nn.Conv2d(hidden, dim, kernel_size=1),
        )
        self.no_mask_embed = nn.Embedding(1, dim)
        self._dense_pe: Tensor | None = None

    def encode(
        self,
        coords_BNXY: Tensor,
        labels_BN: Tensor,
        mask_B1HW: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Embed prompts that have the same number of points.

        Parameters
        ----------
        coords_BNXY
            Points as (x, y) in pixels of the encoder's square. A box is two points,
            its corners; they stand after the other points.
        labels_BN
            1 for "this", 0 for "not this", 2 and 3 for the corners of a box, -1 for
            padding.
        mask_B1HW
            Logits of a previous answer at four times the embedding's size.

        Returns
        -------
        sparse_BKC, dense_BCHW
            Tokens, and what is added to the image embedding; without masks the latter
            is one for all prompts (1, C, 1, 1).

        Raises
        ------
        ValueError
            If only some of the prompts have a box: they need different numbers of
            tokens, so they cannot share a batch.

        Notes
        -----
        SAM was trained with one padding token wherever there are points and no box,
        so that is appended here.
        """
        if labels_BN.shape[1] and not _all_have_box(labels_BN):
            coords_BNXY = torch.cat([coords_BNXY, coords_BNXY[:, :1] * 0], 1)
            labels_BN = torch.cat([labels_BN, labels_BN[:, :1] * 0 + PADDING], 1)
        sparse_BKC = self.embed_points(coords_BNXY, labels_BN)
        return sparse_BKC, self.embed_mask(mask_B1HW)

    def embed_points(self, coords_BNXY: Tensor, labels_BN: Tensor) -> Tensor:
        """Embed each point as it is, adding none; pixels are hit in their middle."""
        points_BNXY = (coords_BNXY.float() + 0.5) / self.image_size
        kinds = [self.not_a_point_embed, *self.point_embeddings]
        kinds_5C = torch.cat([cast("Tensor", kind.weight) for kind in kinds])
        positions_BNC = self.pe_layer.encode(points_BNXY)
        labels_BN = labels_BN.long()
        is_prompt_BN1 = (labels_BN != PADDING)[..., None]
        return positions_BNC * is_prompt_BN1 + kinds_5C[labels_BN - PADDING]

    def embed_mask(self, mask_B1HW: Tensor | None) -> Tensor:
        """Embed previous logits (B, C, H, W), or their absence (1, C, 1, 1)."""
        if mask_B1HW is None:
            return self.no_mask_embed.weight[:, :, None, None]
        out: Tensor = self.mask_downscaling(mask_B1HW.float())
        return out

    def dense_pe(self) -> Tensor:
        """Return the encodings of all positions of the embedding, CHW; cached."""
        if self._dense_pe is None:
            with torch.inference_mode(False), torch.no_grad():
                self._dense_pe = self.pe_layer.grid(self.embedding_size)
        return self._dense_pe

    def _apply(self, *args: object, **kwargs: object) -> PromptEncoder:
        self._dense_pe = None  # the module moves to another device
        super()._apply(*args, **kwargs)  # type: ignore[no-untyped-call]
        return self

    def _load_from_state_dict(self, *args: object, **kwargs: object) -> None:
        self._dense_pe = None  # the frequencies are loaded too
        super()._load_from_state_dict(*args, **kwargs)


def _all_have_box(labels_BN: Tensor) -> bool:
    boxed_B = (labels_BN >= TOP_LEFT).any(1)
    if bool(boxed_B.any()) and not bool(boxed_B.all()):
        raise ValueError(
            f"{int(boxed_B.sum())} of {len(boxed_B)} prompts have a box. Prompts with"
            " and without one differ in their number of tokens; encode them in"
            " separate batches."
        )
    return bool(boxed_B.all())


class FourierPositions(nn.Module):
    """Sines and cosines of positions at random frequencies."""

    positional_encoding_gaussian_matrix: Tensor

    def __init__(self, frequencies: int) -> None:
        super().__init__()
        self.register_buffer(
            "positional_encoding_gaussian_matrix", torch.randn(2, frequencies)
        )

    def encode(self, points_XY: Tensor) -> Tensor:
        """Encode positions, given as (x, y) with the square's side as 1."""
        matrix = self.positional_encoding_gaussian_matrix.float()
        angles = tau * ((2 * points_XY - 1) @ matrix)
        return torch.cat([angles.sin(), angles.cos()], dim=-1)

    def grid(self, size: int) -> Tensor:
        """Encode the middle of each cell of a grid over the square, CHW."""
        device = self.positional_encoding_gaussian_matrix.device
        middle = (torch.arange(size, device=device) + 0.5) / size
        y, x = torch.meshgrid(middle, middle, indexing="ij")
        return self.encode(torch.stack([x, y], -1)).permute(2, 0, 1).contiguous()
