"""Images with ground truth for training and evaluation, in the layouts people use."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from napari_sam.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.datasets.checking import (
        check_labelled_images,
        iter_check_labelled_images,
    )
    from napari_sam.datasets.labelled_image import LabelledImage
    from napari_sam.datasets.labelled_images import read_labelled_images

__all__ = [
    "LabelledImage",
    "check_labelled_images",
    "iter_check_labelled_images",
    "read_labelled_images",
]

_MODULES: Mapping[str, str] = MappingProxyType({
    "LabelledImage": "labelled_image",
    "check_labelled_images": "checking",
    "iter_check_labelled_images": "checking",
    "read_labelled_images": "labelled_images",
})  # fmt: skip


__getattr__ = lazy_names(__name__, _MODULES)
