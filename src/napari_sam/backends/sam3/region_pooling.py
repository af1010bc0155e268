"""Region pooling: the features in a box, on a grid of one size (He et al. 2017).

transformers takes it from torchvision, which this package does without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


def roi_align(features: Tensor, boxes: Sequence[Tensor], bins: int) -> Tensor:
    """Pool features bilinearly in boxes, as torchvision's function of that name.

    Parameters
    ----------
    features
        ``(N, C, H, W)``.
    boxes
        Of each image ``(K, 4)``: left, top, right and bottom in cells.
    bins
        Rows and columns of the result.

    Returns
    -------
    Tensor
        ``(K of all images, C, bins, bins)``.
    """
    pooled = [
        _pooled(image.float(), box.float().tolist(), bins)
        for image, own in zip(features, boxes, strict=True)
        for box in own
    ]
    return torch.stack(pooled).to(features.dtype)


def _pooled(image: Tensor, box: Sequence[float], bins: int) -> Tensor:
    left, top, right, bottom = box
    rows = _weights(top, bottom, image.shape[1], bins).to(image.device)
    cols = _weights(left, right, image.shape[2], bins).to(image.device)
    return rows @ image @ cols.T


def _weights(start: float, end: float, size: int, bins: int) -> Tensor:
    """Return how much each of `size` cells counts in each bin, ``(bins, size)``.

    A bin is the mean of points, as many as it is cells long; a point is interpolated
    between two cells. Those that lie more than a cell outside are nothing.
    """
    length = max(end - start, 1.0)
    points = int(-(-length // bins))
    count = bins * points
    at = start + (torch.arange(count, dtype=torch.float32) + 0.5) * length / count
    counts = ((at >= -1) & (at <= size)).float() / points
    at = at.clamp(0, size - 1)
    low = at.floor().long()
    share = at - low
    found, each = torch.zeros(count, size), torch.arange(count)
    found[each, low] += (1 - share) * counts
    found[each, (low + 1).clamp(max=size - 1)] += share * counts
    return found.reshape(bins, points, size).sum(1)
