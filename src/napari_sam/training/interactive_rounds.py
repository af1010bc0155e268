"""Interactive training: rounds of prompts, each correcting the mask before it."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch.nn import functional as F

from napari_sam.training.losses import iou
from napari_sam.training.simulated_prompts import with_correction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from torch import Tensor

    from napari_sam.training.data import Batch
    from napari_sam.training.learner import Features, Learner
    from napari_sam.training.recipe import CorrectiveRound, Recipe

__all__ = ["RoundResult", "iter_rounds", "reduced_precision"]


class RoundResult(NamedTuple):
    """Loss and IoU of one round of prompts, summed over the prompts."""

    loss: Tensor | None  # None where the loss of the round does not count
    overlap: Tensor  # IoU of the masks that are ranked first
    is_first: bool
    is_last: bool


def iter_rounds(
    learner: Learner,
    recipe: Recipe,
    batch: Batch,
    features: Features,
    plan: Sequence[CorrectiveRound],
    *,
    bfloat16: bool = False,
) -> Iterator[RoundResult]:
    """Yield rounds of prompts; each loss may be backpropagated before the next round.

    The best-ranked mask of a round is the mask prompt of the next one, and corrective
    points fall where it is wrong (paper, appendix A, "Training algorithm").

    Parameters
    ----------
    learner
        The model.
    recipe
        Weights of the loss, and where corrective points fall.
    batch
        Images and first prompts.
    features
        Image embeddings of the batch.
    plan
        The rounds after the first.
    bfloat16
        Whether the model may round to bfloat16.
    """
    stride = learner.stride
    truth = F.avg_pool2d(batch.masks[:, None].float(), stride)
    target, valid = truth[:, 0] > 0.5, _valid_pixels(batch, stride)
    generators = [torch.Generator().manual_seed(int(seed)) for seed in batch.seeds]
    prompts, previous = batch.prompts, None
    for k in range(len(plan) + 1):
        if previous is not None and plan[k - 1].clicks:
            noise = torch.stack(
                [torch.rand(target.shape[1:], generator=d) for d in generators]
            )
            xy, kinds = with_correction(
                prompts.xy, prompts.kinds, ((previous > 0) ^ target) & valid, target,
                stride=stride, noise=noise.to(target.device),
                middle=recipe.correct_middle,
            )  # fmt: skip
            prompts = prompts._replace(xy=xy, kinds=kinds)
        if previous is not None:
            prompts = prompts._replace(ambiguous=torch.zeros_like(prompts.ambiguous))
        has_loss = torch.is_grad_enabled() and (k == 0 or plan[k - 1].has_loss)
        with (
            torch.set_grad_enabled(has_loss),
            reduced_precision(truth.device, bfloat16),
        ):
            own_features = tuple(f[batch.image_of] for f in features)
            outputs = learner.decode(own_features, prompts, previous)
        loss = learner.loss(outputs, truth, prompts, recipe).sum() if has_loss else None
        previous = outputs.best(prompts.ambiguous).detach().float()
        overlap = iou(previous, truth[:, 0]).sum()
        yield RoundResult(loss, overlap, k == 0, k == len(plan))


def reduced_precision(
    device: torch.device, bfloat16: bool
) -> AbstractContextManager[object]:
    """Return a context in which torch computes in bfloat16, if that is allowed."""
    if not bfloat16:
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


def _valid_pixels(batch: Batch, stride: int) -> Tensor:
    """Return the pixels of the image without padding, ``(N, h, w)``."""
    at = torch.arange(0, batch.masks.shape[-1], stride, device=batch.masks.device)
    rows, cols = (at < batch.shapes[batch.image_of, k, None] for k in (0, 1))
    return rows[:, :, None] & cols[:, None, :]
