"""Evaluation: IoU of predicted masks with ground truth, from simulated prompts.

Each name is imported on first use.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from napari_sam.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.evaluation.classical import open_classical
    from napari_sam.evaluation.html import write_html
    from napari_sam.evaluation.mask_accuracy import Result, iter_evaluate
    from napari_sam.evaluation.report import Report, evaluate
    from napari_sam.evaluation.synthetic_scenes import synthetic_images
    from napari_sam.evaluation.worst_cases import Case, iter_worst

__all__ = [
    "Case",
    "Report",
    "Result",
    "evaluate",
    "iter_evaluate",
    "iter_worst",
    "open_classical",
    "synthetic_images",
    "write_html",
]

_MODULES: Mapping[str, str] = MappingProxyType({
    "Case": "worst_cases",
    "Report": "report",
    "Result": "mask_accuracy",
    "evaluate": "report",
    "iter_evaluate": "mask_accuracy",
    "iter_worst": "worst_cases",
    "open_classical": "classical",
    "synthetic_images": "synthetic_scenes",
    "write_html": "html",
})  # fmt: skip


__getattr__ = lazy_names(__name__, _MODULES)
