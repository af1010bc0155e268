"""`EdgeTamBackend`: EdgeTAM, which is SAM 2 made small for films.

Zhou et al. 2025, "EdgeTAM: On-Device Track Anything Model". It is SAM 2 with a small
image encoder, and with memories of 512 tokens: a perceiver sums up the features of a
frame, half of the tokens by windows of it.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import torch

from napari_sam.backends.sam2.backend import Sam2Backend
from napari_sam.backends.sam2.memory import ObjectMemory
from napari_sam.models.repvit import RepVit, for_inference

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor
    from transformers import EdgeTamVideoConfig, EdgeTamVideoModel, Sam2VideoModel

    from napari_sam.backends.sam2.memory import Tokens

#: Channels of the four stages of the image encoder, coarsest first.
_CHANNELS = [384, 192, 96, 48]


class _Backbone(RepVit):
    """Our image encoder, which answers as transformers expects it."""

    def forward(self, x: Tensor) -> SimpleNamespace:  # type: ignore[override]
        """Return the features of ``(N, 3, H, W)``, channels last."""
        found = [level.permute(0, 2, 3, 1) for level in super().forward(x)]
        return SimpleNamespace(
            last_hidden_state=found[-1],
            intermediate_hidden_states=found,
            hidden_states=None,
            attentions=None,
        )


class PerceiverMemory(ObjectMemory):
    """Memories of which a perceiver keeps a few tokens, in single precision."""

    def _memory_places(self, side: int) -> Tensor:
        width = self._config.memory_encoder_output_channels
        nothing = torch.zeros(1, width, side, side, device=self._network.device)
        with torch.inference_mode():
            places: Tensor = self._model.spatial_perceiver(nothing, nothing)[1]
        return places[0]

    def _kept(self, features: Tensor) -> NDArray[np.floating]:
        encode = self._model.memory_encoder.position_encoding
        places = encode((1, *features.shape[1:]), features.device, features.dtype)
        # The perceiver of transformers takes one at a time.
        tokens = torch.cat(
            [self._model.spatial_perceiver(one[None], places)[0] for one in features]
        )
        return tokens.transpose(1, 2).float().cpu().numpy()

    def _attention_options(self, tokens: Tokens) -> dict[str, int]:
        options = super()._attention_options(tokens)
        return {**options, "num_spatial_memory_tokens": tokens.frames}


class EdgeTamBackend(Sam2Backend):
    """The backend of EdgeTAM, on images and on films."""

    _preparation = "edgetam"
    _memory_class = PerceiverMemory

    def _for_inference(
        self, model: Sam2VideoModel | EdgeTamVideoModel
    ) -> Sam2VideoModel | EdgeTamVideoModel:
        for_inference(model.vision_encoder.backbone)
        return model


def edgetam_config() -> EdgeTamVideoConfig:
    """Return the published configuration.

    transformers knows the image encoder by the package timm only, which needs
    torchvision. So it is given a small one of another kind, whose place ours takes.
    """
    from transformers import EdgeTamVideoConfig, Sam2HieraDetConfig, Sam2VisionConfig

    stand_in = Sam2HieraDetConfig(
        hidden_size=48,
        num_attention_heads=1,
        blocks_per_stage=[1, 1, 1, 1],
        embed_dim_per_stage=_CHANNELS[::-1],
        num_attention_heads_per_stage=[1, 2, 4, 8],
        global_attention_blocks=[],
    )
    vision = Sam2VisionConfig(
        backbone_config=stand_in, backbone_channel_list=list(_CHANNELS)
    )
    return EdgeTamVideoConfig(
        vision_config=vision,
        enable_occlusion_spatial_embedding=False,
        enable_temporal_pos_encoding_for_object_pointers=False,
    )


def edgetam_model(config: EdgeTamVideoConfig) -> EdgeTamVideoModel:
    """Build the network, with our image encoder and random weights."""
    from transformers import EdgeTamVideoModel

    model = EdgeTamVideoModel(config)
    model.vision_encoder.backbone = _Backbone()
    return model.eval()
