"""The interface of models to the training loop."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple, Self

import torch
from torch import Tensor

from napari_sam.core.errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from torch import nn

    from napari_sam.models.pocket import DecoderOutput
    from napari_sam.training.instance_targets import InstanceBatch
    from napari_sam.training.recipe import Recipe
    from napari_sam.training.simulated_prompts import PromptBatch

__all__ = ["Features", "Learner", "MaskOutputs", "TrainableModel"]

#: Image embeddings: tensors whose first axis is the image.
Features = tuple[Tensor, ...]


class MaskOutputs(NamedTuple):
    """Predicted masks of N prompts; the first mask is for unambiguous prompts.

    Attributes
    ----------
    logits, scores
        ``(N, M, h, w)``, and the predicted IoU of each, ``(N, M)``.
    first
        Index of the first candidate mask of an ambiguous prompt.
    decoder_output
        All outputs of `pocket`'s decoder, for its loss.
    """

    logits: Tensor
    scores: Tensor
    first: int = 0
    decoder_output: DecoderOutput | None = None

    def chosen(self, ambiguous: Tensor) -> Tensor:
        """Return the index of the mask that is ranked first, ``(N,)``."""
        ranked = self.first + self.scores[:, self.first :].argmax(1)
        return torch.where(ambiguous, ranked, 0)

    def best(self, ambiguous: Tensor) -> Tensor:
        """Return the logits ``(N, h, w)`` of the mask that is ranked first."""
        every = torch.arange(len(self.scores), device=self.scores.device)
        return self.logits[every, self.chosen(ambiguous)]


class TrainableModel(ABC):
    """A model in training: what the loop knows of any, whatever it learns.

    Parameters
    ----------
    model
        What learns.
    architecture
        Its name in the files of weights.
    """

    def __init__(self, model: nn.Module, architecture: str) -> None:
        self.model, self.architecture = model, architecture

    def of(self, model: nn.Module) -> Self:
        """Return the same for another model of the same architecture."""
        other = copy.copy(self)
        other.model = model
        return other

    @property
    @abstractmethod
    def crop_size(self) -> int:
        """Side of the crops, unless the recipe sets it."""

    @abstractmethod
    def scale(self, shape: tuple[int, int], size: int) -> float:
        """Working pixels per pixel of a plane of `shape` when nothing is zoomed."""

    @abstractmethod
    def components(self) -> Mapping[str, nn.Module]:
        """Return the trainable components by name, such as ``encoder``."""

    def train(self) -> None:
        """Set trainable components to training mode, and the others to evaluation."""
        self.model.train()
        for part in self.components().values():
            part.train(any(p.requires_grad for p in part.parameters()))

    def start_step(self, rng: np.random.Generator, size: int) -> None:  # noqa: B027
        """Draw the random state of a training step; nothing, unless a model has any."""

    def layer_of(self, name: str) -> tuple[int, int] | None:
        """Return the encoder layer of a parameter, and how many layers there are.

        None for a parameter outside of these layers, which has the full learning rate.
        """
        return None


class Learner(TrainableModel):
    """A model that learns masks for prompts: how it encodes and decodes, its loss."""

    #: Working pixels per cell of the logits.
    stride: int

    @abstractmethod
    def encode(self, images: Tensor, shapes: Tensor) -> Features:
        """Embed images ``(B, 3, size, size)`` uint8 of `shapes` before padding."""

    @abstractmethod
    def decode(
        self, features: Features, prompts: PromptBatch, previous_logits: Tensor | None
    ) -> MaskOutputs:
        """Decode the masks of prompts, each on the features of the same index.

        Parameters
        ----------
        features
            Image embeddings, one for each of the N prompts.
        prompts
            N prompts.
        before
            Logits ``(N, h, w)`` of the previous masks, or None.
        """

    @abstractmethod
    def loss(
        self, outputs: MaskOutputs, truth: Tensor, prompts: PromptBatch, recipe: Recipe
    ) -> Tensor:
        """Return the loss of each prompt ``(N,)``; `truth` is ``(N, 1, h, w)``."""

    def instance_loss(self, features: Features, batch: InstanceBatch) -> Tensor:
        """Return the loss ``(B,)`` of the instance head on features of B images.

        Raises
        ------
        TrainingError
            If the model has no such head.
        """
        raise TrainingError(
            f"{self.architecture} has no instance head that could learn together with "
            "it. Train it without: --set instances=0."
        )
