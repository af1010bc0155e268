"""Names of SAM 2's parameters: from the official files to those of transformers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from torch import Tensor

#: A parameter that every official file has, and the same in transformers.
_OFFICIAL = "image_encoder.trunk.patch_embed.proj.weight"
_TRANSFORMERS = "vision_encoder.backbone.patch_embed.projection.weight"
#: The random matrix that encodes positions; transformers has it under two names.
_POSITIONS = "shared_image_embedding.positional_embedding"
_POSITIONS_AGAIN = "prompt_encoder.shared_embedding.positional_embedding"
#: The kinds of points are one parameter each in the official files.
_POINTS = re.compile(r"sam_prompt_encoder\.point_embeddings\.(\d+)\.weight")
_POINT = "prompt_encoder.point_embed.weight"
#: Patterns and what takes their place, one after another on each name.
_RENAMED = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"^maskmem_tpos_enc$", "memory_temporal_positional_encoding"),
        (r"^no_mem_embed$", "no_memory_embedding"),
        (r"^no_mem_pos_enc$", "no_memory_positional_encoding"),
        (r"^no_obj_ptr$", "no_object_pointer"),
        (r"^no_obj_embed_spatial$", "occlusion_spatial_embedding_parameter"),
        (r"^obj_ptr_tpos_proj\.", "temporal_positional_encoding_projection_layer."),
        (r"^obj_ptr_proj\.", "object_pointer_proj."),
        (r"^image_encoder\.trunk\.", "vision_encoder.backbone."),
        (
            r"^image_encoder\.neck\.convs\.(\d+)\.conv\.",
            r"vision_encoder.neck.convs.\1.",
        ),
        (r"\.patch_embed\.proj\.", ".patch_embed.projection."),
        (r"^memory_encoder\.out_proj\.", "memory_encoder.projection."),
        (r"\.pix_feat_proj\.", ".feature_projection."),
        (r"\.fuser\.", ".memory_fuser."),
        (r"\.dwconv\.", ".depthwise_conv."),
        (r"\.pwconv(\d)\.", r".pointwise_conv\1."),
        (r"\.gamma$", ".scale"),
        (r"^sam_prompt_encoder\.pe_layer\.\w+$", _POSITIONS_AGAIN),
        (r"^sam_prompt_encoder\.", "prompt_encoder."),
        (r"\.mask_downscaling\.0\.", ".mask_embed.conv1."),
        (r"\.mask_downscaling\.1\.", ".mask_embed.layer_norm1."),
        (r"\.mask_downscaling\.3\.", ".mask_embed.conv2."),
        (r"\.mask_downscaling\.4\.", ".mask_embed.layer_norm2."),
        (r"\.mask_downscaling\.6\.", ".mask_embed.conv3."),
        (r"^sam_mask_decoder\.", "mask_decoder."),
        (r"\.output_upscaling\.0\.", ".upscale_conv1."),
        (r"\.output_upscaling\.1\.", ".upscale_layer_norm."),
        (r"\.output_upscaling\.3\.", ".upscale_conv2."),
        (r"\.out_proj\.", ".o_proj."),
        (r"\.norm(\d|_final_attn|)\.", r".layer_norm\1."),
        (r"\.mlp\.layers\.0\.", ".mlp.proj_in."),
        (r"\.mlp\.layers\.1\.", ".mlp.proj_out."),
    )
)
#: Small networks of three layers: the first, the middle and the last.
_THREE_LAYERS = re.compile(
    r"^(mask_decoder\.output_hypernetworks_mlps\.\d+|mask_decoder\.iou_prediction_head"
    r"|mask_decoder\.pred_obj_score_head|object_pointer_proj)\.layers\.([012])\."
)
_LAYERS = {"0": "proj_in", "1": "layers.0", "2": "proj_out"}
#: Convolution, norm and activation take turns where masks are made smaller.
_DOWNSAMPLER = re.compile(r"\.mask_downsampler\.encoder\.(\d+)\.")


def is_sam2(names: Iterable[str]) -> bool:
    """Whether parameters are those of SAM 2 or SAM 2.1, by their names."""
    return not {_OFFICIAL, _TRANSFORMERS}.isdisjoint(names)


def as_in_transformers(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return parameters under the names that transformers has for them.

    Parameters
    ----------
    state
        As in an official file, or as transformers writes them.

    Returns
    -------
    dict
        The same tensors; kinds of points are joined to one, and the matrix that encodes
        positions has both its names. Names that are not known stay as they are.
    """
    return renamed_for_transformers(state, official=_OFFICIAL in state)


def renamed_for_transformers(
    state: Mapping[str, Tensor], *, official: bool
) -> dict[str, Tensor]:
    """Rename the parts that every model of this family has; see `as_in_transformers`.

    Parameters
    ----------
    state
        As in an official file, or as transformers writes them.
    official
        Which of the two.

    Returns
    -------
    dict
        As of `as_in_transformers`.
    """
    found: dict[str, Tensor] = {}
    points: dict[int, Tensor] = {}
    last = _last_of_downsampler(state)
    for name, value in state.items():
        point = _POINTS.fullmatch(name)
        if point is not None:
            points[int(point[1])] = value
        else:
            found[_renamed(name, last) if official else name] = value
    if points:
        found[_POINT] = torch.cat([points[i] for i in sorted(points)])
    for one, other in ((_POSITIONS, _POSITIONS_AGAIN), (_POSITIONS_AGAIN, _POSITIONS)):
        if one in found:
            found.setdefault(other, found[one])
    return found


def _renamed(name: str, last: int) -> str:
    for pattern, replacement in _RENAMED:
        name = pattern.sub(replacement, name)
    name = _THREE_LAYERS.sub(lambda m: f"{m[1]}.{_LAYERS[m[2]]}.", name)
    return _DOWNSAMPLER.sub(lambda m: _of_downsampler(int(m[1]), last), name)


def _of_downsampler(index: int, last: int) -> str:
    if index == last:
        return ".mask_downsampler.final_conv."
    kind = "layer_norm" if index % 3 else "conv"
    return f".mask_downsampler.layers.{index // 3}.{kind}."


def _last_of_downsampler(names: Iterable[str]) -> int:
    found = (_DOWNSAMPLER.search(name) for name in names)
    return max((int(m[1]) for m in found if m is not None), default=-1)
