"""The whole of `pocket`, and the ways to ask it."""

from __future__ import annotations

import copy
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from napari_sam.models.pocket.config import MAPS, PADDING, Features, PocketConfig
from napari_sam.models.pocket.context_window import (
    CONTEXT,
    PocketPrompts,
    cut,
    reaches_border,
)
from napari_sam.models.pocket.decoder import CoarseOutput, PocketMaskDecoder
from napari_sam.models.pocket.encoder import PocketEncoder
from napari_sam.models.pocket.prompts import MAP_REACH, MapFeatures, PocketPromptEncoder
from napari_sam.models.pocket.window import Window, possible

#: Masks that answer an ambiguous prompt.
CANDIDATES = 3
#: Stride-16 cells around a window that its edge must see to be drawn exactly.
HALO = 3
#: Logit of everything outside the window.
OUTSIDE = -10.0


class Decoded(NamedTuple):
    """Answers to N prompts."""

    logits: Tensor  # (N, 4, 8H, 8W), stride 2
    scores: Tensor  # (N, 4) expected IoU, the masks seen
    sought: Tensor  # (N, 4) IoU expected before they were drawn
    coarse: Tensor  # (N, 4, 2H, 2W), stride 8
    where: Tensor  # (N, 4, H, W), stride 16


class Pocket(nn.Module):
    """The whole model."""

    def __init__(self, config: PocketConfig | None = None) -> None:
        super().__init__()
        self.config = config or PocketConfig()
        self.encoder = PocketEncoder(self.config)
        self.prompts = PocketPromptEncoder(self.config)
        self.decoder = PocketMaskDecoder(self.config)

    def forward_coarse(
        self, features: Features, xy: Tensor, kinds: Tensor, maps: Tensor, offset: float
    ) -> tuple[CoarseOutput, MapFeatures]:
        """Run everything at stride 16; see `decode` for the arguments."""
        tokens = self.prompts.tokens(xy + offset, kinds)
        rows, cols = features.s16.shape[2:]
        position = self.prompts.position.grid(rows, cols, offset=offset)
        heard = self.prompts(maps)
        image = features.s16 + heard.s16
        return self.decoder.attend(image, tokens, kinds != PADDING, position), heard

    def decode(
        self,
        features: Features,
        xy: Tensor,
        kinds: Tensor,
        maps: Tensor,
        *,
        offset: float = 0,
    ) -> Decoded:
        """Answer N prompts over the whole image: what training uses.

        Parameters
        ----------
        features
            Batch N, or 1 when one image answers all.
        xy
            ``(N, P, 2)`` places in working pixels.
        kinds
            ``(N, P)``: negative, positive, top left, bottom right, padding.
        maps
            ``(N, 4, 4H, 4W)``: positive, negative and box cells, previous mask.
        offset
            Working pixels added to every place: training moves the origin about so
            that no position is ever new to the model.
        """
        sought, heard = self.forward_coarse(features, xy, kinds, maps, offset)
        drawn = self.decoder.draw(sought.image, sought.weights, features, heard)
        scores = sought.scores.detach() + self.decoder.judge(sought.tokens, drawn)
        return Decoded(drawn.logits, scores, sought.scores, drawn.coarse, sought.where)

    @torch.inference_mode()
    def answer(
        self, features: Features, said: PocketPrompts, *, multimask_output: bool
    ) -> tuple[Tensor, Tensor]:
        """Answer one prompt, hearing only what is near to it.

        What is heard reaches `CONTEXT` cells beyond all that was said, and twice as far
        each time the best mask goes on where it ends.

        Parameters
        ----------
        features
            Of one image; they may be on another device than the model.
        said
            What was said of the object.
        several
            Whether the prompt is ambiguous: then the three of the four masks that
            expect most are drawn, else mask 0 alone.

        Returns
        -------
        tuple
            Logits ``(M, 8H, 8W)`` and expected IoU ``(M,)``, best first. Where nothing
            was drawn the logits only say "not here".
        """
        grid = features.s16.shape[2], features.s16.shape[3]
        spoken, reach = said.window(grid), CONTEXT
        while True:
            near = spoken.grown(reach, grid)
            heard = cut(features, near).to(said.xy.device)
            drawn, scores = self._answer(
                heard, said.within(near), multimask_output=multimask_output
            )
            if not reaches_border(drawn[0] > 0, near, grid):
                break
            reach *= 2
        logits = drawn.new_full((len(drawn), 8 * grid[0], 8 * grid[1]), OUTSIDE)
        logits[:, *near.at(8)] = drawn
        return logits, scores

    def _answer(
        self, features: Features, said: PocketPrompts, *, multimask_output: bool
    ) -> tuple[Tensor, Tensor]:
        """Answer from all that is given, drawing only where the object may be."""
        cells = features.s16.shape[2], features.s16.shape[3]
        xy, kinds, maps = said.xy, said.kinds, said.maps(cells)
        position = self.prompts.position.remembered(cells)
        tokens = self.prompts.tokens(xy, kinds)
        image = self._heard(features.s16, maps, cells)
        sought = self.decoder.attend(image, tokens, kinds != PADDING, position)
        masks = slice(None) if multimask_output else slice(0, 1)
        here = possible(sought.where[:, masks], xy, kinds)
        window = Window.around(here)
        near = window.grown(HALO, cells)
        drawn = self.decoder.draw(
            sought.image[..., *near.at(1)],
            sought.weights[:, masks],
            cut(features, near),
            self.prompts.within(maps, near),
        )
        may = here[near.at(1)].repeat_interleave(8, 0).repeat_interleave(8, 1)
        drawn.logits.masked_fill_(~may, OUTSIDE)
        scores = sought.scores[0, masks]
        scores = scores + self.decoder.judge(sought.tokens[:, masks], drawn)[0]
        best = scores.argsort(descending=True, stable=True)[:CANDIDATES]
        rows, cols = 8 * cells[0], 8 * cells[1]
        logits = drawn.logits.new_full((len(best), rows, cols), OUTSIDE)
        logits[:, *near.at(8)] = drawn.logits[0, best]
        return logits, scores[best]

    def _heard(self, s16: Tensor, maps: Tensor, cells: tuple[int, int]) -> Tensor:
        """Add what the maps say, computed only near where they say anything."""
        previous = float(maps[0, 3, -1, -1])
        image = s16 + self.prompts.blank(cells, previous)
        blank = maps.new_tensor([0, 0, 0, previous]).view(1, MAPS, 1, 1)
        said = (maps != blank).flatten(0, 1).any(0)
        said = F.max_pool2d(said[None].float(), 4)[0] > 0
        if said.any():
            spot = Window.around(said).grown(MAP_REACH, cells)
            inside = s16[..., *spot.at(1)] + self.prompts.within(maps, spot).s16
            image[..., *spot.at(1)] = inside
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
