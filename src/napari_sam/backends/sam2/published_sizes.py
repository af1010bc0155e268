"""The published sizes of SAM 2: what their files do not say of themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam.backends.sam2.parameter_names import as_in_transformers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor
    from transformers import Sam2VideoConfig

_BACKBONE = "vision_encoder.backbone."
#: SAM 2.1 has it, SAM 2 has not.
_OF_2_1 = "occlusion_spatial_embedding_parameter"
#: What a network of another size is called.
OTHER = "sam2"


@dataclass(frozen=True, slots=True)
class Size:
    """A size of the image encoder; the other parts have one size.

    Attributes
    ----------
    width
        Channels of the first stage; each later stage has twice as many.
    heads
        Attention heads of the first stage; each later stage has twice as many.
    blocks
        Blocks of each of the four stages.
    whole
        Blocks whose attention goes over the whole image, counted from 0.
    windows
        Sides of the windows of the others, by stage.
    background
        Side of the positional embedding of the whole image.
    """

    width: int
    heads: int
    blocks: tuple[int, ...]
    whole: tuple[int, ...]
    windows: tuple[int, ...] = (8, 4, 14, 7)
    background: int = 7

    @property
    def widths(self) -> list[int]:
        """Channels by stage."""
        return [self.width * 2**stage for stage in range(len(self.blocks))]


#: By the letter in the names of models.
SIZES = {
    "t": Size(96, 1, (1, 2, 7, 2), (5, 7, 9)),
    "s": Size(96, 1, (1, 2, 11, 2), (7, 10, 13)),
    "b": Size(112, 2, (2, 3, 16, 3), (12, 16, 20), background=14),
    "l": Size(144, 2, (2, 6, 36, 4), (23, 33, 43), (8, 4, 16, 8)),
}
#: All names of models, such as ``sam2.1_t``.
NAMES = tuple(
    f"{version}_{letter}" for version in ("sam2.1", "sam2") for letter in SIZES
)


def sam2_name(state: Mapping[str, Tensor]) -> str:
    """Return the name of the published size that parameters have, or `OTHER`."""
    state = as_in_transformers(state)
    blocks = {n.split(".")[3] for n in state if n.startswith(f"{_BACKBONE}blocks.")}
    width = len(state[f"{_BACKBONE}patch_embed.projection.bias"])
    version = "sam2.1" if _OF_2_1 in state else "sam2"
    for letter, size in SIZES.items():
        if (size.width, sum(size.blocks)) == (width, len(blocks)):
            return f"{version}_{letter}"
    return OTHER


def config_of(name: str) -> Sam2VideoConfig:
    """Return the configuration of a published size, for transformers."""
    from transformers import Sam2HieraDetConfig, Sam2VideoConfig, Sam2VisionConfig

    version, letter = name.rsplit("_", 1)
    size, newer = SIZES[letter], version == "sam2.1"
    backbone = Sam2HieraDetConfig(
        hidden_size=size.width,
        num_attention_heads=size.heads,
        blocks_per_stage=list(size.blocks),
        embed_dim_per_stage=size.widths,
        num_attention_heads_per_stage=[size.heads * 2**i for i in range(4)],
        window_size_per_stage=list(size.windows),
        global_attention_blocks=list(size.whole),
        window_positional_embedding_background_size=[size.background] * 2,
    )
    return Sam2VideoConfig(
        vision_config=Sam2VisionConfig(
            backbone_config=backbone, backbone_channel_list=size.widths[::-1]
        ),
        enable_occlusion_spatial_embedding=newer,
        enable_temporal_pos_encoding_for_object_pointers=newer,
    )
