"""Images with ground truth for training and evaluation, in the layouts people use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_sam.datasets.checking import check_pairs, iter_check_pairs
    from napari_sam.datasets.labelled_image import Pair
    from napari_sam.datasets.labelled_images import read_pairs

__all__ = ["Pair", "check_pairs", "iter_check_pairs", "read_pairs"]

_MODULES = {
    "Pair": "labelled_image",
    "check_pairs": "checking",
    "iter_check_pairs": "checking",
    "read_pairs": "labelled_images",
}


def __getattr__(name: str) -> Any:
    """Import a name on first use."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
