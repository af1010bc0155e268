"""What the training loop knows of a model, whichever it is."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from torch import nn

    from napari_sam.training.recipe import Recipe
    from napari_sam.training.simulated_prompts import PromptBatch

__all__ = ["Features", "Learner", "MaskOutputs"]

#: What an encoder found: arrays whose first axis is the image.
Features = tuple[Tensor, ...]


class MaskOutputs(NamedTuple):
    """Masks for N prompts; the first of them is the one for a clear prompt.

    Attributes
    ----------
    logits, scores
        ``(N, M, h, w)``, and the IoU expected of each, ``(N, M)``.
    first
        The first mask that may answer an ambiguous prompt.
    whole
        Whatever else the model said, for `Learner.loss`.
    """

    logits: Tensor
    scores: Tensor
    first: int = 0
    decoder_output: Any = None

    def chosen(self, ambiguous: Tensor) -> Tensor:
        """Return which mask each prompt would be given, ``(N,)``."""
        ranked = self.first + self.scores[:, self.first :].argmax(1)
        return torch.where(ambiguous, ranked, 0)

    def best(self, ambiguous: Tensor) -> Tensor:
        """Return the logits ``(N, h, w)`` of the mask each prompt would be given."""
        every = torch.arange(len(self.scores), device=self.scores.device)
        return self.logits[every, self.chosen(ambiguous)]


class Learner(ABC):
    """A model with the way it is asked in training, and what its answers cost.

    Parameters
    ----------
    model
        What learns.
    architecture
        Its name in the files of weights.
    """

    #: Working pixels per cell of the logits.
    stride: int

    def __init__(self, model: nn.Module, architecture: str) -> None:
        self.model, self.architecture = model, architecture

    def of(self, model: nn.Module) -> Learner:
        """Return the same for another model of the same architecture."""
        other = copy.copy(self)
        other.model = model
        return other

    @property
    @abstractmethod
    def crop_size(self) -> int:
        """Side of the squares to look at where the recipe does not say."""

    @abstractmethod
    def scale(self, shape: tuple[int, int], size: int) -> float:
        """Working pixels per pixel of a plane of `shape` when nothing is zoomed."""

    def train(self) -> None:
        """Put what learns into training mode, and the rest out of it."""
        self.model.train()
        for part in self.components().values():
            part.train(any(p.requires_grad for p in part.parameters()))

    def start_step(self, rng: np.random.Generator, size: int) -> None:  # noqa: B027
        """Draw what is random for a whole step; nothing, unless a model needs it."""

    @abstractmethod
    def encode(self, images: Tensor, shapes: Tensor) -> Features:
        """Look at images ``(B, 3, size, size)`` uint8 of `shapes` before padding."""

    @abstractmethod
    def decode(
        self, features: Features, prompts: PromptBatch, previous_logits: Tensor | None
    ) -> MaskOutputs:
        """Decode masks of prompts, each about the features of the same index.

        Parameters
        ----------
        features
            Of the N images the prompts are about.
        said
            N prompts.
        before
            Logits ``(N, h, w)`` of the answers before, or None.
        """

    @abstractmethod
    def loss(
        self, outputs: MaskOutputs, truth: Tensor, prompts: PromptBatch, recipe: Recipe
    ) -> Tensor:
        """Cost of each answer ``(N,)``; `truth` is ``(N, 1, h, w)`` in [0, 1]."""

    @abstractmethod
    def components(self) -> Mapping[str, nn.Module]:
        """Give ``encoder``, ``prompts`` and ``decoder``: what can train by itself."""

    def layer_of(self, name: str) -> tuple[int, int] | None:
        """Return the encoder layer of a parameter, and how many layers there are.

        None where it is in no such layer, and learns at the full rate.
        """
        return None
