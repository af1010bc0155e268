"""The model `pocket`: image encoder, prompt encoder, mask decoder."""

from __future__ import annotations

import copy
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from napari_sam.models.pocket.config import PADDING, Features, PocketConfig
from napari_sam.models.pocket.image_encoder import PocketEncoder
from napari_sam.models.pocket.instance_head import InstanceHead
from napari_sam.models.pocket.mask_decoder import CoarseOutput, PocketMaskDecoder
from napari_sam.models.pocket.prompt_encoder import MapFeatures, PocketPromptEncoder

#: Names of the instance head's weights begin with this.
HEAD = "instances."


class DecoderOutput(NamedTuple):
    """Masks of N prompts."""

    logits: Tensor  # (N, 4, 8H, 8W), stride 2
    scores: Tensor  # (N, 4) predicted IoU, from the masks
    coarse_scores: Tensor  # (N, 4) IoU predicted before them
    coarse: Tensor  # (N, 4, 2H, 2W), stride 8
    coarse_logits: Tensor  # (N, 4, H, W), stride 16


class Pocket(nn.Module):
    """The model: image encoder, prompt encoder and mask decoder.

    Parameters
    ----------
    config
        Sizes of the network.
    instances
        Whether it has an instance head too.
    """

    def __init__(
        self, config: PocketConfig | None = None, *, instances: bool = False
    ) -> None:
        super().__init__()
        self.config = config or PocketConfig()
        self.encoder = PocketEncoder(self.config)
        self.prompts = PocketPromptEncoder(self.config)
        self.decoder = PocketMaskDecoder(self.config)
        self.instances = InstanceHead(self.config) if instances else None

    def forward_coarse(
        self, features: Features, xy: Tensor, kinds: Tensor, maps: Tensor, offset: float
    ) -> tuple[CoarseOutput, MapFeatures]:
        """Decode at stride 16; see `decode` for the arguments."""
        tokens = self.prompts.tokens(xy + offset, kinds)
        rows, cols = features.s16.shape[2:]
        position = self.prompts.position.grid(rows, cols, offset=offset)
        map_features = self.prompts(maps)
        image = features.s16 + map_features.s16
        return self.decoder.forward_coarse(
            image, tokens, kinds != PADDING, position
        ), map_features

    def decode(
        self,
        features: Features,
        xy: Tensor,
        kinds: Tensor,
        maps: Tensor,
        *,
        offset: float = 0,
    ) -> DecoderOutput:
        """Decode N prompts over the whole image, for training.

        Parameters
        ----------
        features
            Batch N, or 1 for one image.
        xy
            ``(N, P, 2)`` coordinates in working pixels.
        kinds
            ``(N, P)``: negative, positive, top left, bottom right, padding.
        maps
            ``(N, 4, 4H, 4W)``: positive, negative and box cells, previous mask.
        offset
            Working pixels added to every position: training moves the origin about so
            that no position is ever new to the model.
        """
        coarse, map_features = self.forward_coarse(features, xy, kinds, maps, offset)
        fine = self.decoder.forward_fine(
            coarse.image, coarse.weights, features, map_features
        )
        scores = coarse.scores.detach() + self.decoder.judge(coarse.tokens, fine)
        return DecoderOutput(
            fine.logits, scores, coarse.scores, fine.coarse, coarse.where
        )


def fused(model: Pocket) -> Pocket:
    """Return a copy for inference, every batch norm folded into its convolution."""
    model = copy.deepcopy(model).eval()
    for block in model.modules():
        if not isinstance(block, nn.Sequential):
            continue
        for i in range(len(block) - 1):
            conv, norm = block[i], block[i + 1]
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                block[i] = fuse_conv_bn_eval(conv, norm)
                block[i + 1] = nn.Identity()
    return model
