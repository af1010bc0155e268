"""`pocket` in training: encoding, decoding and loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils import convert_conv2d_weight_memory_format

from napari_sam.models.pocket import DecoderOutput, Pocket, prompt_maps, working_scale
from napari_sam.models.pocket import Features as PocketFeatures
from napari_sam.training.learner import Features, Learner, MaskOutputs
from napari_sam.training.losses import (
    click_loss,
    coarse_loss,
    instance_loss,
    iou,
    mask_loss,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from torch import nn

    from napari_sam.training.instance_targets import InstanceBatch
    from napari_sam.training.recipe import Recipe
    from napari_sam.training.simulated_prompts import PromptBatch

__all__ = ["PocketLearner"]

#: Positions in pixels that the model's positional encoding covers.
_REACH = 1024


class PocketLearner(Learner):
    """`Pocket` in training, on square crops of any size."""

    stride = 2

    def __init__(self, model: Pocket) -> None:
        super().__init__(model, "pocket")
        convert_conv2d_weight_memory_format(model, torch.channels_last)
        self.offset = 0.0

    @property
    def pocket(self) -> Pocket:
        """The model, typed."""
        return cast("Pocket", self.model)

    @property
    def crop_size(self) -> int:
        """Side of the crops, unless the recipe sets it."""
        return 256

    def scale(self, shape: tuple[int, int], size: int) -> float:
        """Working pixels per pixel, as in inference."""
        return working_scale(shape)

    def start_step(self, rng: np.random.Generator, size: int) -> None:
        """Move the origin of positions, so that the model learns all of them."""
        self.offset = float(rng.integers(0, max(_REACH - size, 0) + 1))

    def encode(self, images: Tensor, shapes: Tensor) -> Features:
        """Encode images."""
        x = images.float().div(255).to(memory_format=torch.channels_last)
        return tuple(self.pocket.encoder(x))

    def decode(
        self, features: Features, prompts: PromptBatch, previous_logits: Tensor | None
    ) -> MaskOutputs:
        """Decode masks of prompts."""
        previous = (
            None
            if previous_logits is None
            else F.avg_pool2d(previous_logits[:, None], 2)[:, 0]
        )
        grid = (prompts.prior.shape[1], prompts.prior.shape[2])
        maps = prompt_maps(prompts.xy, prompts.kinds, grid, prompts.prior, previous)
        decoded = self.pocket.decode(
            PocketFeatures(*features),
            prompts.xy,
            prompts.kinds,
            maps,
            offset=self.offset,
        )
        return MaskOutputs(decoded.logits, decoded.scores, decoder_output=decoded)

    def loss(
        self, outputs: MaskOutputs, truth: Tensor, prompts: PromptBatch, recipe: Recipe
    ) -> Tensor:
        """Return the loss of each prompt; if ambiguous, of its best candidates."""
        decoded = cast("DecoderOutput", outputs.decoder_output)
        fine = mask_loss(
            decoded.logits,
            truth,
            focal_weight=recipe.focal,
            dice_weight=recipe.dice,
        )
        each = fine + 0.3 * mask_loss(decoded.coarse, F.avg_pool2d(truth, 4))
        each = each + coarse_loss(decoded.coarse_logits, F.max_pool2d(truth, 8))
        each = each + 0.1 * click_loss(decoded.logits, prompts.xy, prompts.kinds)
        plain, best = each[:, 0], each[:, 1:].min(1).values
        best = best + 0.05 * each[:, 1:].mean(1)  # every candidate learns a little
        masks = torch.where(prompts.ambiguous, 0.5 * plain + best, plain)
        reached = iou(decoded.logits, truth)
        score_error = (decoded.scores - reached).square()
        score_error = score_error + (decoded.coarse_scores - reached).square()
        score_error = torch.where(
            prompts.ambiguous, score_error.mean(1), score_error[:, 0]
        )
        return masks + recipe.score * score_error

    def instance_loss(self, features: Features, batch: InstanceBatch) -> Tensor:
        """Return the loss of the instance head."""
        head = self.pocket.instances
        if head is None:
            return super().instance_loss(features, batch)
        logits = head(PocketFeatures(*features)).float()
        return instance_loss(logits, batch.maps, batch.weights)

    def components(self) -> Mapping[str, nn.Module]:
        """Return the trainable components."""
        model = self.pocket
        parts: dict[str, nn.Module] = {
            "encoder": model.encoder, "prompts": model.prompts, "decoder": model.decoder
        }  # fmt: skip
        if model.instances is not None:
            parts["instances"] = model.instances
        return parts
