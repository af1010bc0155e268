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
    from napari_sam.automatic.settings import (
        AutomaticSettings,
        EverythingSettings,
        FilterSettings,
        InstanceSettings,
    )

__all__ = [
    "AutomaticMask",
    "AutomaticMasks",
    "AutomaticSettings",
    "EverythingSettings",
    "FilterSettings",
    "InstanceSettings",
    "filter_masks",
    "iter_everything",
    "number_masks",
]

_ROOMS = {
    "AutomaticMask": "automatic_masks",
    "AutomaticMasks": "automatic_masks",
    "AutomaticSettings": "settings",
    "EverythingSettings": "settings",
    "FilterSettings": "settings",
    "InstanceSettings": "settings",
    "filter_masks": "filtering",
    "iter_everything": "everything",
    "number_masks": "numbering",
}

__getattr__ = lazy_names(__name__, _ROOMS)
