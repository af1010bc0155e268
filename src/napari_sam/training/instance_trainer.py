"""The training loop of the instance head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from napari_sam.training.distributed import all_reduce_sum, process_rank
from napari_sam.training.instance_data import InstanceBatches
from napari_sam.training.instance_targets import InstanceBatch
from napari_sam.training.interactive_rounds import reduced_precision
from napari_sam.training.loop import TrainingLoop, TrainingReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from torch import Tensor

    from napari_sam.training.example_sources import ExampleSource
    from napari_sam.training.instance_learner import InstanceLearner

__all__ = ["InstanceTrainer"]


class InstanceTrainer(TrainingLoop[InstanceBatch]):
    """An instance head being trained: see `TrainingLoop`.

    A report's first figure is the IoU of the foreground; its last is how well the
    distances agree there, 1 less their mean error.
    """

    learner: InstanceLearner

    def batches(
        self, sources: Sequence[tuple[float, ExampleSource]], start: int, stop: int
    ) -> InstanceBatches:
        """Return the training batches of this process."""
        return InstanceBatches(
            sources,
            self.recipe,
            start,
            stop,
            size=self.crop_size,
            scale=self.learner.scale,
            rank=process_rank().rank,
        )

    def batches_to_measure(
        self, sources: Sequence[tuple[float, ExampleSource]], count: int
    ) -> list[InstanceBatch]:
        """Return validation batches, without augmentation, for one process."""
        if not sources:
            return []
        made = InstanceBatches(
            sources, self.measuring, 0, 0, size=self.crop_size, scale=self.learner.scale
        )
        return [made.batch(k) for k in range(count)]

    def learn(self, batch: InstanceBatch, rng: np.random.Generator) -> Tensor:
        """Accumulate gradients; return loss and figures, over all processes."""
        with reduced_precision(self.device, self.bfloat16):
            logits = self.learner.maps(batch.images).float()
            loss = self.learner.loss(logits, batch)
        count = all_reduce_sum(torch.tensor(float(len(loss)), device=self.device))
        (loss.sum() / count).backward()
        figures = _figures(logits.detach(), batch)
        total = torch.cat([loss.detach().sum()[None], figures.sum(0)])
        return all_reduce_sum(total) / count

    @torch.no_grad()
    def measure(self, batches: Iterable[InstanceBatch]) -> TrainingReport:
        """Validate the averaged weights."""
        learner = self.learner.of(self.mean)
        self.mean.eval()
        found = [
            _figures(learner.maps(moved.images).float(), moved)
            for moved in (batch.to(self.device) for batch in batches)
        ]
        first, last = torch.cat(found).mean(0).tolist()
        return TrainingReport(self.step, self.recipe.steps, float("nan"), first, last)


def _figures(logits: Tensor, batch: InstanceBatch) -> Tensor:
    """Foreground IoU, and 1 less the mean error of distances, of each image (B, 2)."""
    there = batch.maps[:, 0] > 0
    found = (logits[:, 0] > 0) & (batch.weights > 0)
    both, either = (found & there).sum((1, 2)), (found | there).sum((1, 2))
    error = (logits[:, 1:].sigmoid() - batch.maps[:, 1:]).abs().mean(1)
    mean = (error * there).sum((1, 2)) / there.sum((1, 2)).clamp(min=1)
    return torch.stack([both / either.clamp(min=1), 1 - mean], 1)
