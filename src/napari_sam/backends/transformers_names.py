"""Names of Segment Anything's and SAM-HQ's tensors in the files of transformers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

#: Parts of two convolutions, and their numbers in the published names.
_PARTS = {"conv1": 0, "norm": 1, "conv2": 3}
#: Layers that have numbers in the published names: what these begin with there and
#: here, and the number of each part.
_NUMBERED = (
    (
        "vision_encoder.neck.",
        "image_encoder.neck.",
        {"conv1": 0, "layer_norm1": 1, "conv2": 2, "layer_norm2": 3},
    ),
    (
        "prompt_encoder.mask_embed.",
        "prompt_encoder.mask_downscaling.",
        {"conv1": 0, "layer_norm1": 1, "conv2": 3, "layer_norm2": 4, "conv3": 6},
    ),
    (
        "mask_decoder.upscale_",
        "mask_decoder.output_upscaling.",
        {"conv1": 0, "layer_norm": 1, "conv2": 3},
    ),
    ("mask_decoder.compress_vit_", "mask_decoder.compress_vit_feat.", _PARTS),
    ("mask_decoder.encoder_", "mask_decoder.embedding_encoder.", _PARTS),
    ("mask_decoder.mask_", "mask_decoder.embedding_maskfeature.", _PARTS),
)
#: Patterns of names there, and the published ones; each is tried on every name.
_RULES = (
    *(
        (rf"^{re.escape(there + part)}\.", f"{here}{number}.")
        for there, here, parts in _NUMBERED
        for part, number in parts.items()
    ),
    (
        r"^shared_image_embedding\.positional_embedding$",
        "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix",
    ),
    (r"^vision_encoder\.layers\.", "image_encoder.blocks."),
    (r"^vision_encoder\.patch_embed\.projection\.", "image_encoder.patch_embed.proj."),
    (r"^vision_encoder\.", "image_encoder."),
    (r"^prompt_encoder\.point_embed\.", "prompt_encoder.point_embeddings."),
    (r"^mask_decoder\.hq_token\.", "mask_decoder.hf_token."),
    (r"^mask_decoder\.hq_mask_mlp\.", "mask_decoder.hf_mlp."),
    # the three layers of an MLP, the middle one before the first
    (r"^(mask_decoder\.(?!transformer).*)\.layers\.0\.", r"\1.layers.1."),
    (r"^(mask_decoder\..*)\.proj_in\.", r"\1.layers.0."),
    (r"^(mask_decoder\..*)\.proj_out\.", r"\1.layers.2."),
    (r"\.layer_norm(\d|_final_attn)\.", r".norm\1."),
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
        name = re.sub(pattern, other, name)
    return name
