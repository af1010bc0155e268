"""Tracks in files as napari opens them: their labels, and a layer of their paths."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_sam.apps.dock.reader import Paths, Reader
    from napari_sam.apps.dock.samples import LayerData

#: What a layer of tracks has from the layer of its labels.
_PLACED = ("scale", "translate", "units", "axis_labels")


def tracks_reader(path: Paths) -> Reader | None:
    """Return what reads tracks, or None if a path is not a file or folder of them."""
    from napari_sam.tracking.track_files import holds_tracks

    if not isinstance(path, str) or not holds_tracks(path):
        return None
    return read_tracks_file


def read_tracks_file(path: Paths) -> list[LayerData]:
    """Return a layer for the labels of tracks, and one for their paths and lineage.

    Raises
    ------
    NapariSamError
        If the file cannot be read; the message says what to do.
    """
    from napari_sam.apps.dock.image_file import labels_layer
    from napari_sam.tracking import read_tracks
    from napari_sam.tracking.track_files import labels_of_tracks

    place = Path(str(path))
    tracks = read_tracks(place)
    name = place.stem or place.name
    pixels, placed, kind = labels_layer(labels_of_tracks(place, tracks), name)
    rows = tracks.to_napari()
    keywords = {key: placed[key] for key in _PLACED if key in placed}
    keywords |= {
        "name": f"{name}: tracks",
        "properties": rows.properties,
        "graph": rows.graph,
    }
    found: list[LayerData] = [(pixels, placed, kind)]
    if len(rows.data):
        found.append((rows.data, keywords, "tracks"))
    return found
