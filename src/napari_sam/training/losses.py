"""Losses of predicted masks (paper, appendix A, "Losses")."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from napari_sam.models.pocket import NEGATIVE, POSITIVE

__all__ = [
    "click_loss",
    "coarse_loss",
    "dice",
    "focal",
    "instance_loss",
    "iou",
    "mask_loss",
]


def focal(logits: Tensor, truth: Tensor, gamma: float = 2) -> Tensor:
    """Return the mean focal loss over the last two axes; `truth` in [0, 1].

    Lin et al. 2017, "Focal Loss for Dense Object Detection".
    """
    ce = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    p = logits.sigmoid()
    wrong = p + truth - 2 * p * truth
    return (wrong.pow(gamma) * ce).mean((-2, -1))


def dice(logits: Tensor, truth: Tensor) -> Tensor:
    """Return the Dice loss over the last two axes: one minus the soft Dice overlap.

    Milletari et al. 2016, "V-Net".
    """
    p = logits.sigmoid()
    both = (p * truth).sum((-2, -1))
    return 1 - (2 * both + 1) / (p.sum((-2, -1)) + truth.sum((-2, -1)) + 1)


def mask_loss(
    logits: Tensor, truth: Tensor, *, focal_weight: float = 20, dice_weight: float = 1
) -> Tensor:
    """Return the focal plus Dice loss of each mask, ``(N, M)``; M may share a truth."""
    truth = truth.expand_as(logits)
    return focal_weight * focal(logits, truth) + dice_weight * dice(logits, truth)


def coarse_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Return the loss of a coarse mask that selects where to refine, ``(N, M)``.

    Cross-entropy and Dice, not focal: far from the object the mask must be certain, so
    that no refinement is computed there.
    """
    truth = (truth > 0).float().expand_as(logits)
    ce = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    return ce.mean((-2, -1)) + 0.2 * dice(logits, truth)


@torch.no_grad()
def iou(logits: Tensor, truth: Tensor) -> Tensor:
    """Return the IoU of each mask with the truth, ``(N, M)``."""
    mask, target = logits > 0, truth > 0.5
    both, either = (mask & target).sum((-2, -1)), (mask | target).sum((-2, -1))
    return both / either.clamp(min=1)


def click_loss(logits: Tensor, xy: Tensor, kinds: Tensor, stride: int = 2) -> Tensor:
    """Return the loss of masks that contradict the clicks, ``(N, M)``.

    One click is one of many thousand pixels, and hardly counts in the other losses;
    but a mask must never contradict a negative click.
    """
    sign = (kinds == POSITIVE).float() - (kinds == NEGATIVE).float()
    limits = xy.new_tensor([logits.shape[-1] - 1, logits.shape[-2] - 1])
    x, y = torch.minimum(xy.div(stride).floor().clamp(min=0), limits).long().unbind(-1)
    every = torch.arange(len(xy), device=xy.device)[:, None]
    found = logits[every, :, y, x]  # N P M
    violations = F.softplus(-sign[..., None] * found) * sign.abs()[..., None]
    return violations.sum(1) / sign.abs().sum(1).clamp(min=1)[:, None]


def instance_loss(logits: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Return the loss of the instance maps of each image, ``(B,)``.

    Cross entropy and Dice of the foreground; errors of both distances, on the
    foreground above all, which is where instances are told apart.

    Parameters
    ----------
    logits, truth
        ``(B, 3, h, w)``: foreground, boundary distance and centre.
    weights
        ``(B, h, w)`` of the pixels; 0 on what is padding.
    """
    known = weights.sum((1, 2)).clamp(min=1)
    entropy = F.binary_cross_entropy_with_logits(
        logits[:, 0], truth[:, 0], reduction="none"
    )
    entropy = (entropy * weights).sum((1, 2)) / known
    found, there = logits[:, 0].sigmoid() * (weights > 0), truth[:, 0]
    both = (found * there).sum((1, 2))
    overlap = (2 * both + 50) / (found.sum((1, 2)) + there.sum((1, 2)) + 50)
    share = there.mean((1, 2), keepdim=True).clamp(min=0.1)
    weights = weights * (0.3 + 0.7 * there / share)
    error = F.smooth_l1_loss(
        logits[:, 1:].sigmoid(), truth[:, 1:], reduction="none", beta=0.1
    ).sum(1)
    distances = (error * weights).sum((1, 2)) / known
    return entropy + 0.5 * (1 - overlap) + 2 * distances
