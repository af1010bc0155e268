"""Names of Segment Anything's and SAM-HQ's tensors in the files of transformers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

#: Patterns of names there, and the published ones; each is tried on every name.
_RULES = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (
            r"^shared_image_embedding\.positional_embedding$",
            "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix",
        ),
        (r"^vision_encoder\.layers\.", "image_encoder.blocks."),
        (r"^vision_encoder\.", "image_encoder."),
        (r"^(image_encoder\.patch_embed)\.projection\.", r"\1.proj."),
        (r"^(image_encoder\.neck)\.conv1\.", r"\1.0."),
        (r"^(image_encoder\.neck)\.layer_norm1\.", r"\1.1."),
        (r"^(image_encoder\.neck)\.conv2\.", r"\1.2."),
        (r"^(image_encoder\.neck)\.layer_norm2\.", r"\1.3."),
        (r"^prompt_encoder\.point_embed\.", "prompt_encoder.point_embeddings."),
        (r"^(prompt_encoder\.mask_)embed\.conv1\.", r"\1downscaling.0."),
        (r"^(prompt_encoder\.mask_)embed\.layer_norm1\.", r"\1downscaling.1."),
        (r"^(prompt_encoder\.mask_)embed\.conv2\.", r"\1downscaling.3."),
        (r"^(prompt_encoder\.mask_)embed\.layer_norm2\.", r"\1downscaling.4."),
        (r"^(prompt_encoder\.mask_)embed\.conv3\.", r"\1downscaling.6."),
        (r"^mask_decoder\.upscale_conv1\.", "mask_decoder.output_upscaling.0."),
        (r"^mask_decoder\.upscale_layer_norm\.", "mask_decoder.output_upscaling.1."),
        (r"^mask_decoder\.upscale_conv2\.", "mask_decoder.output_upscaling.3."),
        (r"^mask_decoder\.hq_token\.", "mask_decoder.hf_token."),
        (r"^mask_decoder\.hq_mask_mlp\.", "mask_decoder.hf_mlp."),
        (r"^(mask_decoder\.compress_vit)_conv1\.", r"\1_feat.0."),
        (r"^(mask_decoder\.compress_vit)_norm\.", r"\1_feat.1."),
        (r"^(mask_decoder\.compress_vit)_conv2\.", r"\1_feat.3."),
        (r"^mask_decoder\.encoder_conv1\.", "mask_decoder.embedding_encoder.0."),
        (r"^mask_decoder\.encoder_norm\.", "mask_decoder.embedding_encoder.1."),
        (r"^mask_decoder\.encoder_conv2\.", "mask_decoder.embedding_encoder.3."),
        (r"^mask_decoder\.mask_conv1\.", "mask_decoder.embedding_maskfeature.0."),
        (r"^mask_decoder\.mask_norm\.", "mask_decoder.embedding_maskfeature.1."),
        (r"^mask_decoder\.mask_conv2\.", "mask_decoder.embedding_maskfeature.3."),
        # the three layers of an MLP, the middle one before the first
        (r"^(mask_decoder\.(?!transformer).*)\.layers\.0\.", r"\1.layers.1."),
        (r"^(mask_decoder\..*)\.proj_in\.", r"\1.layers.0."),
        (r"^(mask_decoder\..*)\.proj_out\.", r"\1.layers.2."),
        (r"\.layer_norm(\d|_final_attn)\.", r".norm\1."),
    )
)
#: The same tensor as the one that both encoders share.
_TWICE = "prompt_encoder.shared_embedding.positional_embedding"


def has_transformers_names(state: Mapping[str, Tensor]) -> bool:
    """Whether names are those of transformers."""
    return "shared_image_embedding.positional_embedding" in state


def with_published_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors under the names of the published checkpoints."""
    return {_published(name): v for name, v in state.items() if name != _TWICE}


def _published(name: str) -> str:
    for pattern, other in _RULES:
        name = pattern.sub(other, name)
    return name
