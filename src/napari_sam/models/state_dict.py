"""State dicts of published checkpoints: which model they are, and loading them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from napari_sam.models.config import PUBLISHED, SamConfig, TinyVitConfig, VitConfig
from napari_sam.models.sam import Sam

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from torch import Tensor

#: MobileSAM's checkpoint still holds the classifier its encoder was pre-trained with.
#: Nothing reads it.
UNUSED_HEADS = (
    "image_encoder.norm_head.weight",
    "image_encoder.norm_head.bias",
    "image_encoder.head.weight",
    "image_encoder.head.bias",
)

#: What SAM-HQ adds to the mask decoder; the rest of it is Segment Anything's own.
_HQ_PARTS = (
    "mask_decoder.hf_token.",
    "mask_decoder.hf_mlp.",
    "mask_decoder.compress_vit_feat.",
    "mask_decoder.embedding_encoder.",
    "mask_decoder.embedding_maskfeature.",
)

_EXAMPLES = 6


def drop_unused_heads(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the state dict without MobileSAM's classifier (`UNUSED_HEADS`)."""
    return {k: v for k, v in state.items() if k not in UNUSED_HEADS}


def guess_config(state: Mapping[str, Tensor]) -> SamConfig:
    """Return the sizes of the model a state dict belongs to.

    Raises
    ------
    ValueError
        If it is not a Segment Anything model.
    """
    try:
        if "image_encoder.patch_embed.proj.weight" in state:
            return _guess_vit(state)
        return _guess_tiny_vit(state)
    except KeyError as error:
        raise ValueError(
            f"These {len(state)} tensors are not a Segment Anything model: there is"
            f" no {error}. They begin with {_some(state)}."
        ) from None


def _guess_vit(state: Mapping[str, Tensor]) -> SamConfig:
    prefix = "image_encoder."
    dim, _, patch, _ = state[f"{prefix}patch_embed.proj.weight"].shape
    grid = state[f"{prefix}pos_embed"].shape[1]
    depth = _count(state, f"{prefix}blocks.")
    offsets = [len(state[f"{prefix}blocks.{i}.attn.rel_pos_h"]) for i in range(depth)]
    is_global = [n == 2 * grid - 1 for n in offsets]
    windows = [(n + 1) // 2 for n, g in zip(offsets, is_global, strict=True) if not g]
    head_dim = state[f"{prefix}blocks.0.attn.rel_pos_h"].shape[1]
    encoder = VitConfig(
        embed_dim=dim,
        depth=depth,
        num_heads=dim // head_dim,
        global_attn_indexes=tuple(i for i, g in enumerate(is_global) if g),
        window_size=windows[0] if windows else 14,
        patch_size=patch,
        mlp_ratio=len(state[f"{prefix}blocks.0.mlp.lin1.bias"]) / dim,
    )
    return _with_decoder(state, encoder, grid * patch)


def _guess_tiny_vit(state: Mapping[str, Tensor]) -> SamConfig:
    prefix = "image_encoder.layers."
    depths = [_count(state, f"{prefix}{i}.blocks.") for i in range(4)]
    expanded, width = state[f"{prefix}0.blocks.0.conv1.c.weight"].shape[:2]
    dims, heads, windows = [width], [1], [1]
    for i in (1, 2, 3):
        heads_i, squared = state[f"{prefix}{i}.blocks.0.attn.attention_biases"].shape
        dims.append(len(state[f"{prefix}{i}.blocks.0.attn.proj.bias"]))
        heads.append(heads_i)
        windows.append(round(squared**0.5))
    known = TinyVitConfig()  # the first stage's heads and window are never read
    encoder = TinyVitConfig(
        embed_dims=(dims[0], dims[1], dims[2], dims[3]),
        depths=(depths[0], depths[1], depths[2], depths[3]),
        num_heads=(known.num_heads[0], heads[1], heads[2], heads[3]),
        window_sizes=(known.window_sizes[0], windows[1], windows[2], windows[3]),
        mlp_ratio=len(state[f"{prefix}1.blocks.0.mlp.fc1.bias"]) / dims[1],
        expand_ratio=expanded / dims[0],
    )
    return _with_decoder(state, encoder, 1024)


def _with_decoder(
    state: Mapping[str, Tensor], encoder: VitConfig | TinyVitConfig, image_size: int
) -> SamConfig:
    layers = "mask_decoder.transformer.layers."
    head = "mask_decoder.iou_prediction_head.layers."
    tokens, dim = state["mask_decoder.mask_tokens.weight"].shape
    return SamConfig(
        encoder=encoder,
        image_size=image_size,
        prompt_dim=dim,
        mask_in_channels=len(state["prompt_encoder.mask_downscaling.3.bias"]),
        decoder_depth=_count(state, layers),
        decoder_mlp_dim=len(state[f"{layers}0.mlp.lin1.bias"]),
        num_multimask_outputs=tokens - 1,
        iou_head_depth=_count(state, head),
        iou_head_dim=len(state[f"{head}0.bias"]),
        high_quality=any(name.startswith(_HQ_PARTS) for name in state),
    )


def published_name(config: SamConfig) -> str | None:
    """Return the name of a published model (`PUBLISHED`), or None."""
    return next((name for name in PUBLISHED if config == SamConfig.named(name)), None)


def _count(state: Mapping[str, Tensor], prefix: str) -> int:
    """Count the numbered modules under a prefix."""
    rests = (k.removeprefix(prefix) for k in state if k.startswith(prefix))
    return len({rest.split(".")[0] for rest in rests})


def load_sam_state(model: Sam, state: Mapping[str, Tensor]) -> None:
    """Load a checkpoint: every key, no other key, and every shape must agree.

    The classifier in MobileSAM's checkpoint is dropped; nothing else is.

    Raises
    ------
    ValueError
        If anything is missing, unexpected or of another shape. The message names
        the keys and the model the state dict seems to belong to.
    """
    state = drop_unused_heads(state)
    complaints = differences(model.state_dict(), state)
    if complaints:
        raise ValueError(
            f"The weights do not fit {_name(model.config)}: {'; '.join(complaints)}."
            f" {_diagnosis(state)}"
        )
    model.load_state_dict(state, strict=True)


def sam_from_state(state: Mapping[str, Tensor]) -> Sam:
    """Build the model a checkpoint belongs to *around* its tensors.

    No parameter is held twice; with a memory-mapped checkpoint, what is never used
    is never read. In evaluation mode.

    Raises
    ------
    ValueError
        As `guess_config` and `load_sam_state` do.
    """
    config = guess_config(state)
    with torch.device("meta"):
        model = Sam(config)
    state = drop_unused_heads(state)
    complaints = differences(model.state_dict(), state)
    if complaints:
        raise ValueError(f"The weights are broken: {'; '.join(complaints)}.")
    model.load_state_dict(state, strict=True, assign=True)
    model.reset_pixel_statistics()
    return model.requires_grad_(True).eval()


def differences(own: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> list[str]:
    """Say in which keys and shapes a state dict differs from a model's own."""
    found = {
        "missing": own.keys() - state.keys(),
        "unexpected": state.keys() - own.keys(),
        "of another shape": {
            f"{k} ({tuple(state[k].shape)}, not {tuple(own[k].shape)})"
            for k in own.keys() & state.keys()
            if own[k].shape != state[k].shape
        },
    }
    return [f"{len(ks)} {what}: {_some(ks)}" for what, ks in found.items() if ks]


def _some(keys: Iterable[str]) -> str:
    names = sorted(keys)
    more = f" and {len(names) - _EXAMPLES} more" if len(names) > _EXAMPLES else ""
    return ", ".join(names[:_EXAMPLES]) + more


def _name(config: SamConfig) -> str:
    """Return a published model's name, or the sizes."""
    return published_name(config) or repr(config)


def _diagnosis(state: Mapping[str, Tensor]) -> str:
    try:
        return f"They look like {_name(guess_config(state))}."
    except ValueError as error:
        return str(error)
