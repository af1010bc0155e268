"""The network of SAM 2: the parts that transformers has, called one by one.

Shapes: N prompts or objects, C channels, H W rows and columns, M masks, P points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch.nn import functional as F

from napari_sam.models.sam import PIXEL_MEAN, PIXEL_STD

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import EdgeTamVideoModel, Sam2VideoModel

#: The label of a point that is none: a list of points ends with one.
_NO_POINT = -1


class Levels(NamedTuple):
    """Features of images at strides of 4, 8 and 16 pixels of the square.

    Attributes
    ----------
    s4, s8
        What the mask decoder adds to its upscaled features.
    s16
        What memories and prompts are compared with.
    """

    s4: Tensor
    s8: Tensor
    s16: Tensor


class PointInputs(NamedTuple):
    """Points of N prompts, each of which has as many, in pixels of the square.

    Attributes
    ----------
    coords
        ``(N, P, 2)``: x and y of the middles of pixels are whole numbers.
    labels
        ``(N, P)``: 1 "this", 0 "not this", 2 and 3 the corners of a box.
    """

    coords: Tensor
    labels: Tensor


class Decoded(NamedTuple):
    """What the mask decoder makes of N prompts.

    Attributes
    ----------
    logits
        ``(N, M, H, W)``, at a stride of 4 pixels.
    scores
        ``(N, M)``: estimates of the IoU, 0 to 1.
    tokens
        ``(N, M, C)``: what the decoder knows of each mask.
    presence
        ``(N,)``: above 0 if the object is to be seen at all.
    """

    logits: Tensor
    scores: Tensor
    tokens: Tensor
    presence: Tensor


class Sam2Network:
    """The network on a device.

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
        self,
        model: Sam2VideoModel | EdgeTamVideoModel,
        device: torch.device,
        precision: torch.dtype,
    ) -> None:
        self.model = model.eval().requires_grad_(False).to(device)
        model.vision_encoder.to(precision)
        self.device, self.precision = device, precision
        self.size: int = model.config.image_size
        #: Rows and columns of logits; there are four to each of the coarsest features.
        self.cells = 4 * (self.size // model.config.prompt_encoder_config.patch_size)
        #: Channels of the first stage of the image encoder.
        self.width: int = model.config.vision_config.backbone_config.hidden_size
        self._mean = torch.tensor(PIXEL_MEAN, device=device)[:, None, None] / 255
        self._std = torch.tensor(PIXEL_STD, device=device)[:, None, None] / 255
        with torch.inference_mode():
            self._grid = model.get_image_wide_positional_embeddings()

    def square(self, image: Tensor) -> Tensor:
        """Stretch an image ``(3, y, x)`` of bytes to the square, and normalise it."""
        side, x = (self.size, self.size), image.to(self.device).float()[None] / 255
        if x.shape[2:] != side:
            x = F.interpolate(x, side, mode="bilinear", antialias=True)
        return (x[0] - self._mean) / self._std

    def encode(self, squares: Tensor) -> Levels:
        """Return the features of normalised squares ``(N, 3, y, x)``, in float32."""
        found = self.model.vision_encoder(squares.to(self.precision), return_dict=True)
        s4, s8, s16 = (level.float() for level in found.fpn_hidden_states[:3])
        decoder = self.model.mask_decoder
        return Levels(decoder.conv_s0(s4), decoder.conv_s1(s8), s16)

    def without_memory(self, levels: Levels) -> Tensor:
        """Return the features of an image that nothing is remembered for."""
        return levels.s16 + self.model.no_memory_embedding.reshape(1, -1, 1, 1)

    def decode(
        self,
        levels: Levels,
        features: Tensor,
        points: PointInputs | None,
        masks: Tensor | None,
        *,
        multimask: bool,
    ) -> Decoded:
        """Run the mask decoder on N prompts of one image.

        Parameters
        ----------
        levels
            Of the image.
        features
            ``(N, C, H, W)`` at a stride of 16 pixels, or one for all.
        points
            Of each prompt; None for none.
        masks
            Logits ``(N, 1, H, W)`` at a stride of 4 pixels.
        multimask
            Whether three masks are wanted, or one.
        """
        given = [
            x for x in (points and points.coords, masks, features) if x is not None
        ]
        count = max(len(x) for x in given)
        coords, labels = self._with_end(points, count)
        sparse, dense = self.model.prompt_encoder(coords, labels, None, masks)
        sides = [x.expand(count, -1, -1, -1) for x in (levels.s4, levels.s8)]
        logits, scores, tokens, presence = self.model.mask_decoder(
            image_embeddings=features.expand(count, -1, -1, -1),
            image_positional_embeddings=self._grid.expand(count, -1, -1, -1),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=multimask,
            high_resolution_features=sides,
        )
        return Decoded(logits[:, 0], scores[:, 0], tokens[:, 0], presence[:, 0, 0])

    def _with_end(self, points: PointInputs | None, count: int) -> PointInputs:
        """Return points ``(N, 1, P, 2)``; where there are none, one that is no point.

        The prompt encoder adds another that is none to all of them.
        """
        if points is not None:
            return PointInputs(points.coords[:, None], points.labels[:, None])
        coords = torch.zeros(count, 1, 1, 2, device=self.device)
        labels = torch.full((count, 1, 1), _NO_POINT, device=self.device)
        return PointInputs(coords, labels)
