"""Evaluation: masks from simulated prompts, and tracks, beside ground truth.

Each name is imported on first use.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from napari_sam.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.evaluation.boundary_accuracy import mask_fs
    from napari_sam.evaluation.classical import open_classical
    from napari_sam.evaluation.html import write_html
    from napari_sam.evaluation.mask_accuracy import Result, iter_evaluate
    from napari_sam.evaluation.propagated_masks import mask_ious, mean_j
    from napari_sam.evaluation.report import Report, evaluate
    from napari_sam.evaluation.synthetic_scenes import synthetic_images
    from napari_sam.evaluation.track_accuracy import TrackAccuracy, track_accuracy
    from napari_sam.evaluation.worst_cases import Case, iter_worst

__all__ = [
    "Case",
    "Report",
    "Result",
    "TrackAccuracy",
    "evaluate",
    "iter_evaluate",
    "iter_worst",
    "mask_fs",
    "mask_ious",
    "mean_j",
    "open_classical",
    "synthetic_images",
    "track_accuracy",
    "write_html",
]

_MODULES: Mapping[str, str] = MappingProxyType({
    "Case": "worst_cases",
    "Report": "report",
    "Result": "mask_accuracy",
    "TrackAccuracy": "track_accuracy",
    "evaluate": "report",
    "iter_evaluate": "mask_accuracy",
    "iter_worst": "worst_cases",
    "mask_fs": "boundary_accuracy",
    "mask_ious": "propagated_masks",
    "mean_j": "propagated_masks",
    "open_classical": "classical",
    "synthetic_images": "synthetic_scenes",
    "track_accuracy": "track_accuracy",
    "write_html": "html",
})  # fmt: skip


__getattr__ = lazy_names(__name__, _MODULES)
