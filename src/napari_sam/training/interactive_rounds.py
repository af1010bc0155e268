"""Asking about objects again and again, as a person who corrects would."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch.nn import functional as F

from napari_sam.training.losses import iou
from napari_sam.training.simulated_prompts import corrected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from torch import Tensor

    from napari_sam.training.data import Batch
    from napari_sam.training.learner import Features, Learner
    from napari_sam.training.recipe import Recipe, Round

__all__ = ["RoundResult", "iter_rounds", "rounded"]


class RoundResult(NamedTuple):
    """What one round of questions reached, summed over the prompts."""

    loss: Tensor | None  # None where the round does not teach
    overlap: Tensor  # IoU of the masks a person would have been given
    is_first: bool
    is_last: bool


def iter_rounds(
    learner: Learner,
    recipe: Recipe,
    batch: Batch,
    features: Features,
    plan: Sequence[Round],
    *,
    bfloat16: bool = False,
) -> Iterator[RoundResult]:
    """Ask, correct, ask again; each loss may be sent back before the next round.

    The best-ranked mask of a round is heard in the next one, and corrections fall
    where it is wrong (paper, appendix A, "Training algorithm").

    Parameters
    ----------
    learner
        The model.
    recipe
        What answers cost, and where corrections fall.
    batch
        Images and first prompts.
    features
        Of the batch's images.
    plan
        The rounds after the first.
    bfloat16
        Whether the model may round to bfloat16.
    """
    stride = learner.stride
    truth = F.avg_pool2d(batch.masks[:, None].float(), stride)
    wanted, seen = truth[:, 0] > 0.5, _seen(batch, stride)
    dice = [torch.Generator().manual_seed(int(seed)) for seed in batch.seeds]
    said, before = batch.prompts, None
    for k in range(len(plan) + 1):
        if before is not None and plan[k - 1].clicks:
            noise = torch.stack(
                [torch.rand(wanted.shape[1:], generator=d) for d in dice]
            )
            xy, kinds = corrected(
                said.xy, said.kinds, ((before > 0) ^ wanted) & seen, wanted,
                stride=stride, noise=noise.to(wanted.device),
                middle=recipe.correct_middle,
            )  # fmt: skip
            said = said._replace(xy=xy, kinds=kinds)
        if before is not None:
            said = said._replace(ambiguous=torch.zeros_like(said.ambiguous))
        teaches = torch.is_grad_enabled() and (k == 0 or plan[k - 1].teaches)
        with torch.set_grad_enabled(teaches), rounded(truth.device, bfloat16):
            mine = tuple(f[batch.image_of] for f in features)
            answer = learner.ask(mine, said, before)
        loss = learner.cost(answer, truth, said, recipe).sum() if teaches else None
        before = answer.best(said.ambiguous).detach().float()
        overlap = iou(before, truth[:, 0]).sum()
        yield RoundResult(loss, overlap, k == 0, k == len(plan))


def rounded(device: torch.device, bfloat16: bool) -> AbstractContextManager[object]:
    """Compute in bfloat16 where that is allowed, by torch's autocast."""
    if not bfloat16:
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


def _seen(batch: Batch, stride: int) -> Tensor:
    """Where there is image and not padding, ``(N, h, w)``: nobody clicks beside it."""
    at = torch.arange(0, batch.masks.shape[-1], stride, device=batch.masks.device)
    rows, cols = (at < batch.shapes[batch.image_of, k, None] for k in (0, 1))
    return rows[:, :, None] & cols[:, None, :]
