"""The instance head of `pocket` in training: encoding, maps and loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn.utils import convert_conv2d_weight_memory_format

from napari_sam.models.pocket import Features, Pocket, working_scale
from napari_sam.training.learner import TrainableModel
from napari_sam.training.losses import instance_loss

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.models.pocket import InstanceHead
    from napari_sam.training.instance_targets import InstanceBatch

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
        """Return the loss of each image ``(B,)``."""
        return instance_loss(logits, batch.maps, batch.weights)

    def components(self) -> Mapping[str, nn.Module]:
        """Return the trainable components."""
        head = cast("InstanceHead", self.pocket.instances)
        return {
            "encoder": self.pocket.encoder,
            "prompts": self.pocket.prompts,
            "decoder": self.pocket.decoder,
            "instances": head,
        }
