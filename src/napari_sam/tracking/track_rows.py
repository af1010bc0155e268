"""Tracks as rows: one for each object and time, as files of tables and graphs have."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.tracking.napari_tracks import napari_tracks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.tracking.tracks import Tracks


class TrackRows(NamedTuple):
    """Rows sorted by id and time.

    Attributes
    ----------
    columns
        ``track`` and, of each, its time along the axis of the tracks and its centroid,
        by letter; ``state``, ``confidence`` and ``flagged``: where a time has several
        planes, those of lowest confidence.
    edges
        ``(n, 2)``: rows from which an object goes on to the next, and to which.
    """

    columns: dict[str, NDArray[np.generic]]
    edges: NDArray[np.int64]


def track_rows(tracks: Tracks) -> TrackRows:
    """Return the rows of tracks; masks are read frame by frame."""
    found = napari_tracks(tracks)
    others = [a for a in tracks.axes if a != tracks.axis]
    columns: dict[str, NDArray[np.generic]] = {
        "track": found.data[:, 0].astype(np.uint64),
        tracks.axis: found.data[:, 1].astype(np.int64),
    }
    columns |= {a: found.data[:, 2 + k] for k, a in enumerate(others)}
    return TrackRows(columns | found.properties, _edges(tracks, found.data[:, 0]))


def _edges(tracks: Tracks, ids: NDArray[np.float64]) -> NDArray[np.int64]:
    within = np.flatnonzero(ids[1:] == ids[:-1])
    pairs = [np.stack([within, within + 1], axis=1)]
    known = set(ids.tolist())
    pairs += [
        np.array([[np.searchsorted(ids, e.source, "right") - 1,
                   np.searchsorted(ids, e.target)]])
        for e in tracks.edges
        if e.source in known and e.target in known
    ]  # fmt: skip
    return np.concatenate(pairs)
