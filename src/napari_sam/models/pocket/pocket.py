"""The model `pocket`: image encoder, prompt encoder, mask decoder."""

from __future__ import annotations

import copy
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from napari_sam.models.pocket.cell_window import CellWindow, object_cells
from napari_sam.models.pocket.config import MAPS, PADDING, Features, PocketConfig
from napari_sam.models.pocket.context_window import (
    CONTEXT,
    PocketPrompts,
    crop,
    reaches_edge,
)
from napari_sam.models.pocket.image_encoder import PocketEncoder
from napari_sam.models.pocket.instance_head import InstanceHead
from napari_sam.models.pocket.mask_decoder import CoarseOutput, PocketMaskDecoder
from napari_sam.models.pocket.prompt_encoder import (
    MAP_REACH,
    MapFeatures,
    PocketPromptEncoder,
)

#: Candidate masks of an ambiguous prompt.
CANDIDATES = 3
#: Stride-16 cells around a window on which logits at its edge depend.
HALO = 3
#: Names of the instance head's weights begin with this.
HEAD = "instances."
#: Logit of everything outside the decoded window.
OUTSIDE = -10.0


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

    @torch.inference_mode()
    def predict(
        self, features: Features, inputs: PocketPrompts, *, multimask_output: bool
    ) -> tuple[Tensor, Tensor]:
        """Predict masks of one object from the context window around its prompts.

        The context reaches `CONTEXT` cells beyond the prompts, and twice as far each
        time the best mask reaches its edge.

        Parameters
        ----------
        features
            Of one image; they may be on another device than the model.
        inputs
            The prompts of the object.
        multimask_output
            Whether the prompt is ambiguous: then the three of the four masks with the
            highest scores are decoded, else mask 0 alone.

        Returns
        -------
        tuple
            Logits ``(M, 8H, 8W)`` and predicted IoU ``(M,)``, best first. Where nothing
            was decoded the logits are `OUTSIDE`.
        """
        grid = features.s16.shape[2], features.s16.shape[3]
        prompted, reach = inputs.window(grid), CONTEXT
        while True:
            window = prompted.grown(reach, grid)
            context = crop(features, window).to(inputs.xy.device)
            masks, scores = self._predict_in_context(
                context, inputs.within(window), multimask_output=multimask_output
            )
            if not reaches_edge(masks[0] > 0, window, grid):
                break
            reach *= 2
        logits = masks.new_full((len(masks), 8 * grid[0], 8 * grid[1]), OUTSIDE)
        logits[:, *window.at(8)] = masks
        return logits, scores

    def _predict_in_context(
        self, features: Features, inputs: PocketPrompts, *, multimask_output: bool
    ) -> tuple[Tensor, Tensor]:
        """Predict from all features given, at stride 2 only where the object may be."""
        cells = features.s16.shape[2], features.s16.shape[3]
        xy, kinds, maps = inputs.xy, inputs.kinds, inputs.maps(cells)
        position = self.prompts.position.cached_grid(cells)
        tokens = self.prompts.tokens(xy, kinds)
        image = self._add_map_features(features.s16, maps, cells)
        coarse = self.decoder.forward_coarse(image, tokens, kinds != PADDING, position)
        masks = slice(None) if multimask_output else slice(0, 1)
        inside = object_cells(coarse.where[:, masks], xy, kinds)
        window = CellWindow.around(inside).grown(HALO, cells)
        fine = self.decoder.forward_fine(
            coarse.image[..., *window.at(1)],
            coarse.weights[:, masks],
            crop(features, window),
            self.prompts.within(maps, window),
        )
        pixels = inside[window.at(1)].repeat_interleave(8, 0).repeat_interleave(8, 1)
        fine.logits.masked_fill_(~pixels, OUTSIDE)
        scores = coarse.scores[0, masks]
        scores = scores + self.decoder.judge(coarse.tokens[:, masks], fine)[0]
        best = scores.argsort(descending=True, stable=True)[:CANDIDATES]
        rows, cols = 8 * cells[0], 8 * cells[1]
        logits = fine.logits.new_full((len(best), rows, cols), OUTSIDE)
        logits[:, *window.at(8)] = fine.logits[0, best]
        return logits, scores[best]

    def _add_map_features(
        self, s16: Tensor, maps: Tensor, cells: tuple[int, int]
    ) -> Tensor:
        """Add the features of the prompt maps, computed only near the prompts."""
        previous = float(maps[0, 3, -1, -1])
        image = s16 + self.prompts.blank(cells, previous)
        blank = maps.new_tensor([0, 0, 0, previous]).view(1, MAPS, 1, 1)
        prompted = (maps != blank).flatten(0, 1).any(0)
        prompted = F.max_pool2d(prompted[None].float(), 4)[0] > 0
        if prompted.any():
            near = CellWindow.around(prompted).grown(MAP_REACH, cells)
            inside = s16[..., *near.at(1)] + self.prompts.within(maps, near).s16
            image[..., *near.at(1)] = inside
        return image


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
