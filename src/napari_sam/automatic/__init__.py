"""Automatic masks: all objects of an image, by instances or by a grid of points.

Each name is imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from napari_sam.automatic.automatic_masks import AutomaticMask, AutomaticMasks
    from napari_sam.automatic.everything import iter_everything
    from napari_sam.automatic.filtering import filter_masks
    from napari_sam.automatic.numbering import number_masks
    from napari_sam.automatic.object_classifier import ObjectClassifier
    from napari_sam.automatic.object_features import ObjectFeatures, describe_objects
    from napari_sam.automatic.settings import (
        AutomaticSettings,
        EverythingSettings,
        FilterSettings,
        InstanceSettings,
        SimilarSettings,
        TextSettings,
    )
    from napari_sam.automatic.similar import Candidates, Examples, iter_candidates

__all__ = [
    "AutomaticMask",
    "AutomaticMasks",
    "AutomaticSettings",
    "Candidates",
    "EverythingSettings",
    "Examples",
    "FilterSettings",
    "InstanceSettings",
    "ObjectClassifier",
    "ObjectFeatures",
    "SimilarSettings",
    "TextSettings",
    "describe_objects",
    "filter_masks",
    "iter_candidates",
    "iter_everything",
    "number_masks",
]

_ROOMS = {
    "AutomaticMask": "automatic_masks",
    "AutomaticMasks": "automatic_masks",
    "AutomaticSettings": "settings",
    "Candidates": "similar",
    "EverythingSettings": "settings",
    "Examples": "similar",
    "FilterSettings": "settings",
    "InstanceSettings": "settings",
    "ObjectClassifier": "object_classifier",
    "ObjectFeatures": "object_features",
    "SimilarSettings": "settings",
    "TextSettings": "settings",
    "describe_objects": "object_features",
    "filter_masks": "filtering",
    "iter_candidates": "similar",
    "iter_everything": "everything",
    "number_masks": "numbering",
}

__getattr__ = lazy_names(__name__, _ROOMS)
