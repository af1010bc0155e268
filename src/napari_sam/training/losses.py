"""What a wrong mask costs (paper, appendix A, "Losses")."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from napari_sam.models.pocket import NEGATIVE, POSITIVE

if TYPE_CHECKING:
    from napari_sam.models.pocket import Decoded

__all__ = ["click_loss", "iou", "mask_loss", "total_loss"]


def focal(logits: Tensor, truth: Tensor, gamma: float = 2) -> Tensor:
    """Mean focal loss over the last two axes; `truth` in [0, 1]."""
    ce = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    p = logits.sigmoid()
    wrong = p + truth - 2 * p * truth
    return (wrong.pow(gamma) * ce).mean((-2, -1))


def dice(logits: Tensor, truth: Tensor) -> Tensor:
    """One minus the soft Dice overlap over the last two axes."""
    p = logits.sigmoid()
    both = (p * truth).sum((-2, -1))
    return 1 - (2 * both + 1) / (p.sum((-2, -1)) + truth.sum((-2, -1)) + 1)


def mask_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Focal 20 to dice 1, per mask ``(N, M)``."""
    truth = truth.expand_as(logits)
    return 20 * focal(logits, truth) + dice(logits, truth)


def where_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Cost of the first map, ``(N, M)``: cross-entropy and Dice.

    Not focal: far from the object it must be sure, so that drawing there is spared.
    """
    truth = (truth > 0).float().expand_as(logits)
    ce = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    return ce.mean((-2, -1)) + 0.2 * dice(logits, truth)


@torch.no_grad()
def iou(logits: Tensor, truth: Tensor) -> Tensor:
    """Overlap that each mask really reaches, ``(N, M)``."""
    mask, wanted = logits > 0, truth > 0.5
    both, either = (mask & wanted).sum((-2, -1)), (mask | wanted).sum((-2, -1))
    return both / either.clamp(min=1)


def click_loss(logits: Tensor, xy: Tensor, kinds: Tensor, stride: int = 2) -> Tensor:
    """Cost of masks that do not keep to the clicks, ``(N, M)``.

    One click is a few of many thousand pixels, and would hardly be felt otherwise;
    but a person who says "not this" means it.
    """
    sign = (kinds == POSITIVE).float() - (kinds == NEGATIVE).float()
    limits = xy.new_tensor([logits.shape[-1] - 1, logits.shape[-2] - 1])
    x, y = torch.minimum(xy.div(stride).floor().clamp(min=0), limits).long().unbind(-1)
    every = torch.arange(len(xy), device=xy.device)[:, None]
    found = logits[every, :, y, x]  # N P M
    missed = F.softplus(-sign[..., None] * found) * sign.abs()[..., None]
    return missed.sum(1) / sign.abs().sum(1).clamp(min=1)[:, None]


def total_loss(
    answer: Decoded, truth: Tensor, ambiguous: Tensor, xy: Tensor, kinds: Tensor
) -> tuple[Tensor, Tensor]:
    """Cost of an answer, and the overlaps reached.

    Parameters
    ----------
    answer
        Mask 0 is the plain answer, 1 to 3 the candidates, of which an ambiguous
        prompt trains only the best.
    truth
        ``(N, 1, h, w)`` in [0, 1], at the stride of the logits.
    ambiguous
        ``(N,)``.
    xy, kinds
        What was said, ``(N, P, 2)`` and ``(N, P)``.

    Returns
    -------
    tuple
        A scalar, and ``(N, 4)``.
    """
    each = mask_loss(answer.logits, truth)
    each = each + 0.3 * mask_loss(answer.coarse, F.avg_pool2d(truth, 4))
    each = each + where_loss(answer.where, F.max_pool2d(truth, 8))
    each = each + 0.1 * click_loss(answer.logits, xy, kinds)
    reached = iou(answer.logits, truth)
    plain, best = each[:, 0], each[:, 1:].min(1).values
    best = best + 0.05 * each[:, 1:].mean(1)  # no candidate may run wild
    masks = torch.where(ambiguous, 0.5 * plain + best, plain).mean()
    missed = (answer.scores - reached).square()
    score = torch.where(ambiguous, missed.mean(1), missed[:, 0]).mean()
    return masks + score, reached
