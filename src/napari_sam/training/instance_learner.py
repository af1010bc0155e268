"""The instance head of `pocket` in training: encoding, maps and loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import convert_conv2d_weight_memory_format

from napari_sam.models.pocket import Features, Pocket, working_scale
from napari_sam.training.learner import TrainableModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.models.pocket import InstanceHead
    from napari_sam.training.instance_data import InstanceBatch

__all__ = ["InstanceLearner"]


class InstanceLearner(TrainableModel):
    """`Pocket` with its instance head in training; the encoder may learn too."""

    def __init__(self, model: Pocket) -> None:
        super().__init__(model, "pocket")
        convert_conv2d_weight_memory_format(model, torch.channels_last)

    @property
    def pocket(self) -> Pocket:
        """The model, typed."""
        return cast("Pocket", self.model)

    @property
    def crop_size(self) -> int:
        """Side of the crops, unless the recipe sets it."""
        return 320

    def scale(self, shape: tuple[int, int], size: int) -> float:
        """Working pixels per pixel, as in inference."""
        return working_scale(shape)

    def maps(self, images: Tensor) -> Tensor:
        """Return the logits ``(B, 3, h / 2, w / 2)`` of images ``(B, 3, h, w)``."""
        x = images.float().div(255).to(memory_format=torch.channels_last)
        encoder = self.pocket.encoder
        learns = any(p.requires_grad for p in encoder.parameters())
        with torch.set_grad_enabled(learns and torch.is_grad_enabled()):
            features = encoder(x)
        head = cast("InstanceHead", self.pocket.instances)
        return head(Features(*features))

    def loss(self, logits: Tensor, batch: InstanceBatch) -> Tensor:
        """Return the loss of each image ``(B,)``.

        Cross entropy and Dice of the foreground; errors of both distances, on the
        foreground above all, which is where instances are told apart.
        """
        truth, weights = batch.maps, batch.weights
        known = weights.sum((1, 2)).clamp(min=1)
        entropy = F.binary_cross_entropy_with_logits(
            logits[:, 0], truth[:, 0], reduction="none"
        )
        entropy = (entropy * weights).sum((1, 2)) / known
        found, there = logits[:, 0].sigmoid() * (weights > 0), truth[:, 0]
        both = (found * there).sum((1, 2))
        dice = 1 - (2 * both + 50) / (found.sum((1, 2)) + there.sum((1, 2)) + 50)
        share = there.mean((1, 2), keepdim=True).clamp(min=0.1)
        weights = weights * (0.3 + 0.7 * there / share)
        error = F.smooth_l1_loss(
            logits[:, 1:].sigmoid(), truth[:, 1:], reduction="none", beta=0.1
        ).sum(1)
        return entropy + 0.5 * dice + 2 * (error * weights).sum((1, 2)) / known

    def components(self) -> Mapping[str, nn.Module]:
        """Return the trainable components."""
        head = cast("InstanceHead", self.pocket.instances)
        return {
            "encoder": self.pocket.encoder,
            "prompts": self.pocket.prompts,
            "decoder": self.pocket.decoder,
            "instances": head,
        }
