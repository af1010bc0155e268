"""Objects followed through time and depth. Each name is imported on first use."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from napari_sam.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.core.propagation import Edge
    from napari_sam.tracking.linking.link import iter_link
    from napari_sam.tracking.linking.settings import LinkSettings
    from napari_sam.tracking.napari_tracks import NapariTracks
    from napari_sam.tracking.object_frame import ObjectFrame, PropagationProgress
    from napari_sam.tracking.propagate import iter_propagate, propagation_axis
    from napari_sam.tracking.propagate_image import iter_tracks
    from napari_sam.tracking.settings import PropagateSettings
    from napari_sam.tracking.track_builder import TrackBuilder
    from napari_sam.tracking.track_files import read_tracks
    from napari_sam.tracking.track_segment import Segment, State
    from napari_sam.tracking.tracks import Tracks

__all__ = [
    "Edge",
    "LinkSettings",
    "NapariTracks",
    "ObjectFrame",
    "PropagateSettings",
    "PropagationProgress",
    "Segment",
    "State",
    "TrackBuilder",
    "Tracks",
    "iter_link",
    "iter_propagate",
    "iter_tracks",
    "propagation_axis",
    "read_tracks",
]

_MODULES: Mapping[str, str] = MappingProxyType({
    "Edge": "tracks",
    "LinkSettings": "linking.settings",
    "NapariTracks": "napari_tracks",
    "ObjectFrame": "object_frame",
    "PropagateSettings": "settings",
    "PropagationProgress": "object_frame",
    "Segment": "track_segment",
    "State": "track_segment",
    "TrackBuilder": "track_builder",
    "Tracks": "tracks",
    "iter_link": "linking.link",
    "iter_propagate": "propagate",
    "iter_tracks": "propagate_image",
    "propagation_axis": "propagate",
    "read_tracks": "track_files",
})  # fmt: skip


__getattr__ = lazy_names(__name__, _MODULES)
