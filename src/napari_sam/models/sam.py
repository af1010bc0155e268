"""Segment Anything put together: image encoder, prompt encoder, mask decoder.

Kirillov et al. 2023, "Segment Anything", section 3 and appendix A.

Shapes: B images or prompts, C channels, H W rows and columns, N points, M masks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_sam.models.config import SamConfig, TinyVitConfig, VitConfig
from napari_sam.models.hq_mask_decoder import HqMaskDecoder
from napari_sam.models.image_encoder import ImageEncoder
from napari_sam.models.mask_decoder import MaskDecoder
from napari_sam.models.prompt_encoder import TOP_LEFT, PromptEncoder
from napari_sam.models.tiny_vit import TinyVit

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Mean and standard deviation of the training images' red, green and blue, of 255.
PIXEL_MEAN = (123.675, 116.28, 103.53)
PIXEL_STD = (58.395, 57.12, 57.375)
#: Prompts embedded at once. A mask prompt is 4 MB embedded.
_BATCH = 16


class PromptInputs(NamedTuple):
    """The inputs of one prompt, in (x, y) pixels of the encoder's square.

    Attributes
    ----------
    coords_N2, labels_N
        Points and their kinds: 1 "this", 0 "not this", 2 and 3 the corners of a box,
        which stand last.
    mask_1HW
        Logits of a previous answer at four times the embedding's size.
    """

    coords_N2: Tensor
    labels_N: Tensor
    mask_1HW: Tensor | None = None

    @property
    def kind(self) -> tuple[int, bool, bool]:
        """What prompts must share to be decoded as one batch."""
        boxed = bool((self.labels_N >= TOP_LEFT).any())
        return len(self.labels_N), boxed, self.mask_1HW is not None


class Sam(nn.Module):
    """A promptable model of one image at a time.

    The state dict is that of the published checkpoints.
    """

    pixel_mean: Tensor
    pixel_std: Tensor

    def __init__(
        self,
        config: SamConfig,
        *,
        drop_path: float = 0.0,
        checkpointing: bool = False,
    ) -> None:
        super().__init__()
        self.config = config
        self.image_encoder = _build_encoder(config, drop_path, checkpointing)
        self.prompt_encoder = PromptEncoder(
            config.prompt_dim,
            config.embedding_size,
            config.image_size,
            config.mask_in_channels,
        )
        decoder = HqMaskDecoder if config.high_quality else MaskDecoder
        self.mask_decoder = decoder(config)
        self.reset_pixel_statistics()

    def reset_pixel_statistics(self) -> None:
        """Set mean and standard deviation of the pixels, which no checkpoint holds."""
        mean, std = torch.tensor(PIXEL_MEAN), torch.tensor(PIXEL_STD)
        self.register_buffer("pixel_mean", mean[:, None, None], persistent=False)
        self.register_buffer("pixel_std", std[:, None, None], persistent=False)

    def set_precision(self, dtype: torch.dtype) -> Sam:
        """Let encoder and decoder work in `dtype`; prompts stay in float32."""
        self.image_encoder.to(dtype)
        self.mask_decoder.to(dtype)
        return self

    def preprocess(self, pixels_BCHW: Tensor) -> Tensor:
        """Normalise RGB pixels of 0 to 255 and pad them to the encoder's square.

        The image stands in the top left corner; its longer side should already be
        `config.image_size`.
        """
        h, w = pixels_BCHW.shape[-2:]
        size = self.config.image_size
        if max(h, w) > size:
            raise ValueError(
                f"The image is {h} x {w} pixels; the encoder sees {size} x {size}."
                " Resize its longer side first."
            )
        x_BCHW = (pixels_BCHW.float() - self.pixel_mean) / self.pixel_std
        return F.pad(x_BCHW, (0, size - w, 0, size - h))

    def encode(self, pixels_BCHW: Tensor) -> Tensor:
        """Return float32 embeddings of RGB images of 0 to 255, BCHW."""
        out: Tensor = self.image_encoder(self._encoder_input(pixels_BCHW)).float()
        return out

    def encode_detail(self, pixels_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        """Return embeddings as `encode` does, and what SAM-HQ refines masks with.

        Returns
        -------
        embedding_BCHW, detail_BUHW
            Float32; the second of `HqMaskDecoder.fuse`.
        """
        assert isinstance(self.mask_decoder, HqMaskDecoder)
        x_BCHW = self._encoder_input(pixels_BCHW)
        image, early = self.image_encoder.forward_with_early(x_BCHW)
        return image.float(), self.mask_decoder.fuse(image, early)

    def _encoder_input(self, pixels_BCHW: Tensor) -> Tensor:
        dtype = next(self.image_encoder.parameters()).dtype
        return self.preprocess(pixels_BCHW).to(dtype)

    def decode(
        self,
        embedding_CHW: Tensor,
        prompts: Sequence[PromptInputs],
        *,
        multimask: bool = True,
        chunk: int | None = None,
        group: int | None = None,
        detail_UHW: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Decode prompts about one image; those with equal tokens go together.

        Parameters
        ----------
        embedding_CHW
            One of the embeddings from `encode`.
        prompts
            In any mixture. None is padded to the length of another, which would
            change its answer.
        multimask
            Whether to give three masks, for an ambiguous prompt, rather than one.
        chunk
            Prompts decoded at once; see `MaskDecoder.predict`.
        group
            Always compute with exactly so many prompts, repeating the last where there
            are fewer, so that the bits of a mask depend on no other prompt.
        detail_UHW
            For SAM-HQ, what `encode_detail` made with the embedding.

        Returns
        -------
        logits_BMHW, scores_BM
            In the order of `prompts`.
        """
        m = self.config.num_multimask_outputs if multimask else 1
        side, b = 4 * self.config.embedding_size, len(prompts)
        logits_BMHW = embedding_CHW.new_empty((b, m, side, side), dtype=torch.float32)
        scores_BM = embedding_CHW.new_empty((b, m), dtype=torch.float32)
        groups: dict[tuple[int, bool, bool], list[int]] = {}
        for i, prompt in enumerate(prompts):
            groups.setdefault(prompt.kind, []).append(i)
        for indices in groups.values():
            for start in range(0, len(indices), _BATCH):
                some = indices[start : start + _BATCH]
                alike = [prompts[i] for i in some]
                alike += alike[-1:] * (-len(alike) % (group or 1))
                logits, scores = self.decode_alike(
                    embedding_CHW,
                    alike,
                    multimask=multimask,
                    chunk=chunk,
                    group=group,
                    detail_UHW=detail_UHW,
                )
                logits_BMHW[some] = logits[: len(some)]
                scores_BM[some] = scores[: len(some)]
        return logits_BMHW, scores_BM

    def decode_alike(
        self,
        embedding_CHW: Tensor,
        prompts: Sequence[PromptInputs],
        *,
        multimask: bool,
        chunk: int | None = None,
        group: int | None = None,
        detail_UHW: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Decode prompts of the same `kind` as one batch; see `decode`."""
        size = group or len(prompts)
        parts = [
            self._encode_prompts(prompts[i : i + size], embedding_CHW.device)
            for i in range(0, len(prompts), size)
        ]
        sparse_BKC = torch.cat([sparse for sparse, _ in parts])
        dense_BCHW = parts[0][1]
        if prompts[0].mask_1HW is not None:
            dense_BCHW = torch.cat([dense for _, dense in parts])
        out: tuple[Tensor, Tensor] = self.mask_decoder.predict(
            embedding_CHW,
            self.prompt_encoder.dense_pe(),
            sparse_BKC,
            dense_BCHW,
            multimask=multimask,
            chunk=group or chunk,
            detail_UHW=detail_UHW,
        )
        return out

    def _encode_prompts(
        self, prompts: Sequence[PromptInputs], device: torch.device
    ) -> tuple[Tensor, Tensor]:
        masks = [p.mask_1HW for p in prompts if p.mask_1HW is not None]
        out: tuple[Tensor, Tensor] = self.prompt_encoder.encode(
            torch.stack([p.coords_N2 for p in prompts]).to(device),
            torch.stack([p.labels_N for p in prompts]).to(device),
            torch.stack(masks).to(device) if masks else None,
        )
        return out


def _build_encoder(
    config: SamConfig, drop_path: float, checkpointing: bool
) -> ImageEncoder | TinyVit:
    if isinstance(config.encoder, VitConfig):
        return ImageEncoder(
            config.encoder,
            config.image_size,
            config.prompt_dim,
            drop_path=drop_path,
            checkpointing=checkpointing,
        )
    assert isinstance(config.encoder, TinyVitConfig)
    return TinyVit(
        config.encoder,
        config.image_size,
        config.prompt_dim,
        drop_path=drop_path,
        checkpointing=checkpointing,
    )


def build_sam(
    config: SamConfig, *, drop_path: float = 0.0, checkpointing: bool = False
) -> Sam:
    """Return a model with fresh random weights, in evaluation mode.

    Parameters
    ----------
    config
        The sizes, `SamConfig.vit_b()` for instance.
    drop_path, checkpointing
        For training; see `ImageEncoder`.
    """
    return Sam(config, drop_path=drop_path, checkpointing=checkpointing).eval()
