"""Segment Anything in training: encoding, decoding and loss."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from napari_sam.models.pocket import BOTTOM_RIGHT, PADDING, TOP_LEFT
from napari_sam.models.prompt_encoder import PADDING as SAM_PADDING
from napari_sam.training.learner import Features, Learner, MaskOutputs
from napari_sam.training.losses import iou, mask_loss

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.models.sam import Sam
    from napari_sam.training.recipe import Recipe
    from napari_sam.training.simulated_prompts import PromptBatch

__all__ = ["SamLearner"]

#: Bound of the logits of a mask prompt, as in inference.
_BOUND = 32.0
#: Parameters before the blocks, and the number of a block.
_STEM = re.compile(r"image_encoder\.(patch_embed|pos_embed)")
_BLOCK = re.compile(r"image_encoder\.blocks\.(\d+)\.")
#: The same of TinyViT, whose blocks are counted within stages.
_STAGE = re.compile(r"image_encoder\.layers\.(\d+)\.")


class SamLearner(Learner):
    """`Sam` of any size in training, on crops of its image size."""

    stride = 4

    @property
    def sam(self) -> Sam:
        """The model, typed."""
        return cast("Sam", self.model)

    @property
    def crop_size(self) -> int:
        """Side of the encoder's square."""
        return self.sam.config.image_size

    def scale(self, shape: tuple[int, int], size: int) -> float:
        """Working pixels per pixel: the longer side of the image fills the square."""
        return size / max(shape)

    def train(self) -> None:
        """Set the training mode, except of batch norms: these batches are too small."""
        super().train()
        for layer in self.model.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.eval()

    def encode(self, images: Tensor, shapes: Tensor) -> Features:
        """Embed images; padding is zero after normalisation, as in inference."""
        x = self.sam.preprocess(images)
        at = torch.arange(x.shape[-1], device=x.device)
        rows, cols = (at < shapes[:, k, None] for k in (0, 1))
        x = x * (rows[:, None, :, None] & cols[:, None, None, :])
        found: Tensor = self.sam.image_encoder(x)
        return (found.float(),)

    def decode(
        self, features: Features, prompts: PromptBatch, previous_logits: Tensor | None
    ) -> MaskOutputs:
        """Decode the masks of prompts; those with a box are a batch of their own."""
        boxed = (prompts.kinds >= TOP_LEFT) & (prompts.kinds <= BOTTOM_RIGHT)
        side = 4 * self.sam.config.embedding_size
        n, m = len(prompts.xy), self.sam.mask_decoder.num_mask_tokens
        logits = features[0].new_zeros((n, m, side, side))
        scores = features[0].new_zeros((n, m))
        for some in (boxed.any(1), ~boxed.any(1)):
            if some.any():
                index = some.nonzero()[:, 0]
                previous = (
                    None if previous_logits is None else previous_logits[index, None]
                )
                found = self._decode_group(features[0][index], prompts, index, previous)
                logits = logits.index_copy(0, index, found[0])
                scores = scores.index_copy(0, index, found[1])
        return MaskOutputs(logits, scores, first=1)

    def _decode_group(
        self,
        image: Tensor,
        prompts: PromptBatch,
        index: Tensor,
        previous_logits: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        # Padding first, then clicks, then corners, which the model wants last.
        xy, kinds = prompts.xy[index], prompts.kinds[index]
        padding = kinds == PADDING
        corner = (kinds >= TOP_LEFT) & ~padding
        order = torch.where(padding, 0, torch.where(corner, 2, 1))
        order = order.argsort(stable=True, dim=1)[:, int(padding.sum(1).min()) :]
        kinds = torch.where(padding, SAM_PADDING, kinds).gather(1, order)
        xy = xy.gather(1, order[..., None].expand(-1, -1, 2)) - 0.5
        mask = (
            None if previous_logits is None else previous_logits.clamp(-_BOUND, _BOUND)
        )
        encoder = self.sam.prompt_encoder
        sparse, dense = encoder.encode(xy, kinds, mask)
        return self.sam.mask_decoder.predict(
            image, encoder.dense_pe(), sparse, dense, multimask=None, chunk=len(index)
        )

    def loss(
        self, outputs: MaskOutputs, truth: Tensor, prompts: PromptBatch, recipe: Recipe
    ) -> Tensor:
        """Return the loss of each prompt; if ambiguous, of its best candidate only."""
        each = mask_loss(
            outputs.logits, truth, focal_weight=recipe.focal, dice_weight=recipe.dice
        )
        masks = torch.where(prompts.ambiguous, each[:, 1:].min(1).values, each[:, 0])
        score_error = (outputs.scores - iou(outputs.logits, truth)).square()
        score_error = torch.where(
            prompts.ambiguous, score_error[:, 1:].mean(1), score_error[:, 0]
        )
        return masks + recipe.score * score_error

    def components(self) -> Mapping[str, nn.Module]:
        """Return the trainable components."""
        model = self.sam
        return {
            "encoder": model.image_encoder,
            "prompts": model.prompt_encoder,
            "decoder": model.mask_decoder,
        }

    def layer_of(self, name: str) -> tuple[int, int] | None:
        """Return the layer of an encoder's parameter: 0 is the patch embedding."""
        encoder = self.sam.image_encoder
        found = _BLOCK.match(name) or _STAGE.match(name)
        blocks = getattr(encoder, "blocks", None) or getattr(encoder, "layers", ())
        count = len(cast("nn.ModuleList", blocks)) + 2  # the stem and the neck
        if _STEM.match(name):
            return 0, count
        return (int(found[1]) + 1, count) if found else None
