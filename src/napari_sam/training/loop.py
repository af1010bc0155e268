"""The training loop: resumable at any step, the same in one process or in many."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    NamedTuple,
    Protocol,
    Self,
    TypeVar,
)

import numpy as np
import torch

from napari_sam.core.atomic_write import replacing
from napari_sam.training.data import Batch, BatchDataset
from napari_sam.training.distributed import (
    all_reduce_gradients,
    all_reduce_sum,
    process_rank,
)
from napari_sam.training.interactive_rounds import iter_rounds, reduced_precision
from napari_sam.training.recipe import CorrectiveRound
from napari_sam.training.trainable import parameter_groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from torch import Tensor

    from napari_sam.training.example_sources import ExampleSource
    from napari_sam.training.instance_targets import InstanceBatch
    from napari_sam.training.learner import Features, Learner, TrainableModel
    from napari_sam.training.recipe import Recipe

__all__ = ["Trainer", "TrainingLoop", "TrainingReport"]

#: Corrective rounds of a validation.
_MEASURED = [CorrectiveRound(clicks=True, has_loss=True)] * 3


class TrainingBatch(Protocol):
    """What the loop asks of a batch."""

    @property
    def images(self) -> Tensor:
        """Images ``(B, 3, size, size)``."""

    def to(self, device: torch.device) -> Self:
        """Return the batch on a device."""


B = TypeVar("B", bound=TrainingBatch)


class TrainingReport(NamedTuple):
    """Loss and IoU of one training step, or of a validation."""

    step: int
    steps: int
    loss: float
    first: float  # mean IoU of the first prompts
    last: float  # and after corrections


class TrainingLoop(ABC, Generic[B]):
    """One model being trained, on batches of some kind.

    Parameters
    ----------
    recipe
        All settings.
    sources
        Sources of crops, with their weights.
    learner
        The model, with its trainable components already set.
    device
        Where to compute; the model is moved there.
    bfloat16
        Whether the forward pass may round to bfloat16.
    """

    def __init__(
        self,
        recipe: Recipe,
        sources: Sequence[tuple[float, ExampleSource]],
        learner: TrainableModel,
        *,
        device: torch.device | None = None,
        bfloat16: bool = False,
    ) -> None:
        self.recipe, self.sources, self.learner = recipe, sources, learner
        self.device, self.bfloat16 = device or torch.device("cpu"), bfloat16
        self.model = learner.model.to(self.device)
        self.mean = copy.deepcopy(self.model).eval() if recipe.average else self.model
        self.optimizer = torch.optim.AdamW(
            parameter_groups(learner, recipe), recipe.rate
        )
        encoder = learner.components()["encoder"]
        self.trains_encoder = any(p.requires_grad for p in encoder.parameters())
        self.step = 0
        self.is_consistent = True  # false between an optimiser step and its count
        self.measuring = recipe.measuring()

    @abstractmethod
    def batches(
        self, sources: Sequence[tuple[float, ExampleSource]], start: int, stop: int
    ) -> torch.utils.data.IterableDataset[B]:
        """Return the training batches of this process."""

    @abstractmethod
    def batches_to_measure(
        self, sources: Sequence[tuple[float, ExampleSource]], count: int
    ) -> list[B]:
        """Return so many validation batches, without augmentation, for one process."""

    @abstractmethod
    def measure(self, batches: Iterable[B]) -> TrainingReport:
        """Validate the averaged weights."""

    @abstractmethod
    def learn(self, batch: B, rng: np.random.Generator) -> Tensor:
        """Accumulate gradients; return mean loss and IoUs of all processes."""

    @property
    def crop_size(self) -> int:
        """Side of the crops, in working pixels."""
        return self.recipe.crop or self.learner.crop_size

    def run(self, *, ahead: bool = False) -> Iterator[TrainingReport]:
        """Train to the last step, yielding a report of each; stop at any time.

        With `ahead`, another process makes batches while this one computes.
        """
        loader = torch.utils.data.DataLoader(
            self.batches(self.sources, self.step, self.recipe.steps),
            batch_size=None,
            num_workers=int(ahead),
            prefetch_factor=4 if ahead else None,
        )
        for batch in loader:
            yield self._step(batch.to(self.device))

    def _step(self, batch: B) -> TrainingReport:
        torch.manual_seed(self.recipe.seed * 1_000_003 + self.step)
        rng = np.random.default_rng([self.recipe.seed, self.step, 0, 0])
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate_at(self.step) * group["scale"]
        self.learner.train()
        self.learner.start_step(rng, batch.images.shape[-1])
        self.optimizer.zero_grad()
        reached = self.learn(batch, rng)
        trained = [p for p in self.model.parameters() if p.requires_grad]
        all_reduce_gradients(trained)
        if self.recipe.clip:
            torch.nn.utils.clip_grad_norm_(trained, self.recipe.clip)
        self.is_consistent = False
        self.optimizer.step()
        self._average()
        self.step += 1
        self.is_consistent = True
        return TrainingReport(self.step, self.recipe.steps, *reached.tolist())

    @torch.no_grad()
    def _average(self) -> None:
        if not self.recipe.average:
            return
        decay = min(self.recipe.average, (1 + self.step) / (10 + self.step))
        for averaged, current in zip(
            self.mean.state_dict().values(),
            self.model.state_dict().values(),
            strict=True,
        ):
            if averaged.dtype.is_floating_point:
                averaged.lerp_(current, 1 - decay)
            else:
                averaged.copy_(current)

    def save(self, path: Path, notes: Mapping[str, object]) -> None:
        """Write the state of the run to resume from; the file appears complete."""
        state: dict[str, object] = {
            "step": self.step,
            "notes": dict(notes),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        if self.recipe.average:
            state["mean"] = self.mean.state_dict()
        with replacing(path) as part, part.open("wb") as file:
            torch.save(state, file)

    def load(self, path: Path) -> dict[str, Any]:
        """Resume from a state written by `save`; return the notes saved with it."""
        state = torch.load(path, map_location="cpu", weights_only=True)
        self.model.load_state_dict(state["model"])
        if self.recipe.average:
            self.mean.load_state_dict(state["mean"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]
        return dict(state["notes"])


class Trainer(TrainingLoop[Batch]):
    """A model being trained to answer prompts: see `TrainingLoop`."""

    learner: Learner

    def batches(
        self, sources: Sequence[tuple[float, ExampleSource]], start: int, stop: int
    ) -> BatchDataset:
        """Return the training batches of this process."""
        process = process_rank()
        return BatchDataset(
            sources, self.recipe, start, stop,
            size=self.crop_size, scale=self.learner.scale,
            rank=process.rank, world_size=process.world_size,
        )  # fmt: skip

    def batches_to_measure(
        self, sources: Sequence[tuple[float, ExampleSource]], count: int
    ) -> list[Batch]:
        """Return validation batches, without augmentation, for one process."""
        made = BatchDataset(
            sources, self.measuring, 0, 0, size=self.crop_size, scale=self.learner.scale
        )
        return [made.batch(k) for k in range(count)] if sources else []

    def learn(self, batch: Batch, rng: np.random.Generator) -> Tensor:
        """Accumulate gradients; return mean loss and IoUs over all processes' prompts.

        The graph of a round is freed before the next round: features are leaves in
        between, and their gradient goes back through the encoder once.
        """
        plan = self.recipe.schedule(rng)
        with (
            torch.set_grad_enabled(self.trains_encoder),
            reduced_precision(self.device, self.bfloat16),
        ):
            features = self.learner.encode(batch.images, batch.shapes)
        leaves = tuple(f.detach().requires_grad_(self.trains_encoder) for f in features)
        count = all_reduce_sum(
            torch.tensor(float(len(batch.masks)), device=self.device)
        )
        total = torch.zeros(3, device=self.device)
        for part in batch.split(self.recipe.at_once):
            for result in iter_rounds(
                self.learner, self.recipe, part, leaves, plan, bfloat16=self.bfloat16
            ):
                if result.loss is not None:
                    (result.loss / count).backward()
                    total[0] += result.loss.detach()
                total[1] += result.overlap * result.is_first
                total[2] += result.overlap * result.is_last
        if batch.instances is not None:
            self._learn_instances(leaves, batch.instances)
        if self.trains_encoder:
            gradients = [
                (f, leaf.grad) for f, leaf in zip(features, leaves, strict=True)
            ]
            gradients = [(f, grad) for f, grad in gradients if grad is not None]
            torch.autograd.backward(
                [f for f, _ in gradients], [g for _, g in gradients]
            )
        return all_reduce_sum(total) / count

    def _learn_instances(self, features: Features, batch: InstanceBatch) -> None:
        """Accumulate gradients of the instance head, and of the features it reads."""
        with reduced_precision(self.device, self.bfloat16):
            losses = self.learner.instance_loss(features, batch)
        count = all_reduce_sum(torch.tensor(float(len(losses)), device=self.device))
        (self.recipe.instances * losses.sum() / count).backward()

    @torch.no_grad()
    def measure(self, batches: Iterable[Batch]) -> TrainingReport:
        """Validate the averaged weights: mean IoUs before and after corrections."""
        learner = self.learner.of(self.mean)
        learner.start_step(np.random.default_rng(0), learner.crop_size)
        self.mean.eval()
        first = last = 0.0
        count = 0
        for batch in batches:
            moved = batch.to(self.device)
            features = learner.encode(moved.images, moved.shapes)
            for part in moved.split(self.recipe.at_once):
                for result in iter_rounds(
                    learner, self.measuring, part, features, _MEASURED
                ):
                    first += float(result.overlap) * result.is_first
                    last += float(result.overlap) * result.is_last
            count += len(batch.masks)
        count = max(count, 1)
        return TrainingReport(
            self.step, self.recipe.steps, float("nan"), first / count, last / count
        )
