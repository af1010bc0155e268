"""Names of EdgeTAM's parameters: from the official file to those of this package.

They are those of transformers, but for the image encoder, which is ours.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from napari_sam.backends.sam2.parameter_names import renamed_for_transformers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from torch import Tensor

#: What names of the image encoder begin with: officially, and in transformers.
_OFFICIAL, _TRANSFORMERS = "image_encoder.trunk.body.", "vision_encoder.backbone."
_TIMM = f"{_TRANSFORMERS}timm_model."
_PERCEIVER = "spatial_perceiver."
#: Keys and values are one parameter in the official file.
_BOTH = re.compile(r"(.*attention\.)to_kv\.weight$")
#: Patterns and what takes their place, one after another on each name.
_RENAMED = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (rf"^{re.escape(_OFFICIAL)}", _TRANSFORMERS),
        (r"^spatial_perceiver\.latents$", "spatial_perceiver.latents_1d"),
        (r"^spatial_perceiver\.norm\.", "spatial_perceiver.layer_norm."),
        (r"^(spatial_perceiver\.layers\.\d+)\.attn\.norm_x\.", r"\1.layer_norm_input."),
        (
            r"^(spatial_perceiver\.layers\.\d+)\.attn\.norm_latents\.",
            r"\1.layer_norm_latents.",
        ),
        (r"^(spatial_perceiver\.layers\.\d+)\.attn\.", r"\1.cross_attention."),
        (
            r"^(spatial_perceiver\.layers\.\d+)\.self_attn\.norm\.",
            r"\1.layer_norm_self.",
        ),
        (r"^(spatial_perceiver\.layers\.\d+)\.self_attn\.", r"\1.self_attention."),
        (r"^(spatial_perceiver\.layers\.\d+)\.self_ff\.", r"\1.self_mlp."),
        (r"^(spatial_perceiver\.layers\.\d+)\.ff\.", r"\1.mlp."),
        (r"(mlp)\.0\.(weight|bias)$", r"\1.layer_norm.\2"),
        (r"(mlp)\.1\.weight$", r"\1.up_proj.weight"),
        (r"(mlp)\.3\.weight$", r"\1.down_proj.weight"),
        (r"attention\.to_q\.", "attention.q_proj."),
        (r"attention\.to_out\.", "attention.o_proj."),
        (r"^(memory_attention\.layers\.\d+)\.linear1\.", r"\1.mlp.up_proj."),
        (r"^(memory_attention\.layers\.\d+)\.linear2\.", r"\1.mlp.down_proj."),
    )
)


def is_edgetam(names: Iterable[str]) -> bool:
    """Whether parameters are those of EdgeTAM, by their names."""
    return any(name.startswith((_OFFICIAL, _PERCEIVER)) for name in names)


def edgetam_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return parameters under the names that this package has for them.

    Parameters
    ----------
    state
        As in the official file, or as transformers writes them.

    Returns
    -------
    dict
        The same tensors; keys and values are two.
    """
    official = any(name.startswith(_OFFICIAL) for name in state)
    found: dict[str, Tensor] = {}
    for name, value in state.items():
        if not official:
            found[name.replace(_TIMM, _TRANSFORMERS, 1)] = value
            continue
        for pattern, replacement in _RENAMED:
            name = pattern.sub(replacement, name)
        both = _BOTH.match(name)
        if both is None:
            found[name] = value
        else:
            keys, values = value.chunk(2)
            found[f"{both[1]}k_proj.weight"] = keys.contiguous()
            found[f"{both[1]}v_proj.weight"] = values.contiguous()
    return renamed_for_transformers(found, official=official)
