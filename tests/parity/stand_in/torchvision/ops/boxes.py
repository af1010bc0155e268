"""What automatic masks of the reference need of torchvision, by its documentation."""

from __future__ import annotations

import torch


def box_area(boxes: torch.Tensor) -> torch.Tensor:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def batched_nms(
    boxes: torch.Tensor, scores: torch.Tensor, idxs: torch.Tensor, iou_threshold: float
) -> torch.Tensor:
    """Indices of the boxes that stay, the best score first."""
    assert (idxs == 0).all(), "the reference has one category"
    areas, order = box_area(boxes), scores.argsort(descending=True, stable=True)
    stay: list[int] = []
    for i in order.tolist():
        others = boxes[stay]
        top_left = torch.maximum(boxes[i, :2], others[:, :2])
        bottom_right = torch.minimum(boxes[i, 2:], others[:, 2:])
        both = (bottom_right - top_left).clamp(min=0).prod(1)
        ious = both / (areas[i] + areas[stay] - both)
        if not (ious > iou_threshold).any():
            stay.append(i)
    return torch.tensor(stay, dtype=torch.long)
