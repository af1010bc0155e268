"""Objects followed through time and depth. Each name is imported on first use."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from napari_sam.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.tracking.lineage import Edge
    from napari_sam.tracking.napari_tracks import NapariTracks
    from napari_sam.tracking.segment import Segment, State
    from napari_sam.tracking.tracks import Tracks

__all__ = ["Edge", "NapariTracks", "Segment", "State", "Tracks"]

_MODULES: Mapping[str, str] = MappingProxyType({
    "Edge": "lineage",
    "NapariTracks": "napari_tracks",
    "Segment": "segment",
    "State": "segment",
    "Tracks": "tracks",
})  # fmt: skip


__getattr__ = lazy_names(__name__, _MODULES)
