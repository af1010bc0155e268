"""The networks of SAM 3: one image encoder, a tracker for prompts, and a detector."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import torch
from torch import nn

from napari_sam.backends.sam2.network import Sam2Network
from napari_sam.backends.sam3.region_pooling import roi_align

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import Sam3VideoModel


class _Levels(nn.Module):
    """The shared backbone with the neck of the tracker."""

    def __init__(self, backbone: nn.Module, neck: nn.Module, patch: int) -> None:
        super().__init__()
        self.backbone, self.neck, self._patch = backbone, neck, patch

    def forward(self, squares: Tensor, *, return_dict: bool) -> SimpleNamespace:
        """Return features from fine to coarse, under the name of SAM 2."""
        rows, cols = (n // self._patch for n in squares.shape[2:])
        found = self.backbone(squares, return_dict=return_dict).last_hidden_state
        grid = found.transpose(1, 2).reshape(len(found), -1, rows, cols)
        return SimpleNamespace(fpn_hidden_states=self.neck(grid)[0])


class Sam3Network(Sam2Network):
    """The tracker's network on a device: prompts on images, as SAM 2 has it.

    Parameters
    ----------
    model
        With its weights. It is taken over: its device and precision may change.
    device
        Where to compute.
    precision
        Of the image encoder.
    """

    def __init__(
        self, model: Sam3VideoModel, device: torch.device, precision: torch.dtype
    ) -> None:
        tracker, self.detector = model.tracker_model, model.detector_model
        encoder = self.detector.vision_encoder
        patch = tracker.config.prompt_encoder_config.patch_size
        tracker.vision_encoder = _Levels(encoder.backbone, model.tracker_neck, patch)
        super().__init__(tracker, device, precision)
        self.detector.eval().requires_grad_(False).to(device)
        encoder.to(precision)
        self.width = tracker.config.vision_config.backbone_config.hidden_size // 16
        self._mean = self._std = torch.full((3, 1, 1), 0.5, device=device)
        _give_pooling()

    def image_features(self, square: Tensor) -> SimpleNamespace:
        """Return what the detector takes of a normalised square ``(3, y, x)``."""
        found = self.detector.vision_encoder(square[None].to(self.precision))
        return SimpleNamespace(
            fpn_hidden_states=[x.float() for x in found.fpn_hidden_states],
            fpn_position_encoding=[x.float() for x in found.fpn_position_encoding],
            hidden_states=None,
            attentions=None,
        )


def _give_pooling() -> None:
    """Let transformers pool by our function where there is no torchvision.

    Its module then has no such name at all, and would fail at the first example.
    """
    from transformers.models.sam3 import modeling_sam3

    if not hasattr(modeling_sam3, "torchvision"):
        ours = SimpleNamespace(roi_align=roi_align)
        modeling_sam3.torchvision = SimpleNamespace(ops=ours)
