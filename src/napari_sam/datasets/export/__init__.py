"""Data sets written in the formats of other programs: images, objects and a card."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from napari_sam.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.datasets.export.export import ExportReport, iter_export
    from napari_sam.datasets.export.settings import FORMATS, ExportSettings, Format

__all__ = ["FORMATS", "ExportReport", "ExportSettings", "Format", "iter_export"]

_MODULES: Mapping[str, str] = MappingProxyType({
    "ExportReport": "export",
    "ExportSettings": "settings",
    "FORMATS": "settings",
    "Format": "settings",
    "iter_export": "export",
})  # fmt: skip


__getattr__ = lazy_names(__name__, _MODULES)
