"""Tracks as napari's Tracks layer takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.tracking.tracks import Tracks


class NapariTracks(NamedTuple):
    """Arguments of ``viewer.add_tracks``.

    Attributes
    ----------
    data
        ``(n, 2 + d)``: id, position along the axis of the tracks, and centroid along
        the others of ``t z y x``, in pixels; float64, sorted by id and position.
    properties
        Columns of the same length: ``state``, ``confidence`` and ``flagged``.
    graph
        Sources of each segment that has any.
    """

    data: NDArray[np.float64]
    properties: dict[str, NDArray[np.generic]]
    graph: dict[int, list[int]]


def napari_tracks(tracks: Tracks) -> NapariTracks:
    """Return tracks for napari; masks are read frame by frame."""
    rows = _rows(tracks)
    graph: dict[int, list[int]] = {}
    for edge in tracks.edges:
        graph.setdefault(edge.target, []).append(edge.source)
    if not rows:
        empty = np.zeros((0, 1 + len(tracks.axes)), np.float64)
        return NapariTracks(empty, _properties(tracks, empty), graph)
    data = np.array([rows[key] for key in sorted(rows)])
    return NapariTracks(data, _properties(tracks, data), graph)


def _rows(tracks: Tracks) -> dict[tuple[int, int], NDArray[np.float64]]:
    """Id, time and centroid by id and time; planes of one time are one object."""
    sums: dict[tuple[int, int], NDArray[np.float64]] = {}
    for frame in np.unique(tracks.table.frames).tolist():
        where = tracks.source.unravel(frame)
        time = where.pop(tracks.axis)
        for id, (area, row, col) in _moments(tracks, frame).items():
            outer = [float(at) * area for at in where.values()]
            part = np.array([area, *outer, row, col])
            sums[id, time] = sums.get((id, time), 0) + part
    return {key: np.array([*key, *(s[1:] / s[0])]) for key, s in sums.items()}


def _moments(tracks: Tracks, frame: int) -> dict[int, tuple[float, float, float]]:
    """Area, sum of rows and sum of columns of each segment on a frame."""
    pixels = tracks.table.relabelled(frame, tracks.source[frame])
    rows, cols = np.nonzero(pixels)
    ids, at = np.unique(pixels[rows, cols], return_inverse=True)
    sums = (np.bincount(at), np.bincount(at, rows), np.bincount(at, cols))
    return {
        int(i): (float(a), float(r), float(c))
        for i, a, r, c in zip(ids, *sums, strict=True)
    }


def _properties(
    tracks: Tracks, data: NDArray[np.float64]
) -> dict[str, NDArray[np.generic]]:
    """Columns of each row; of several planes of a time, that of lowest confidence."""
    found: dict[tuple[int, int], tuple[float, int, bool]] = {}
    for segment in tracks.segments:
        columns = zip(
            segment.frames.tolist(),
            segment.confidences.tolist(),
            segment.states.tolist(),
            segment.flags.tolist(),
            strict=True,
        )
        for frame, confidence, state, flag in columns:
            key = segment.id, tracks.time(frame)
            one = confidence, state, flag
            found[key] = min(found.get(key, one), one)
    rows = [found[int(id), int(time)] for id, time in data[:, :2]]
    confidences, states, flags = zip(*rows, strict=True) if rows else ((), (), ())
    return {
        "state": np.array(states, np.uint8),
        "confidence": np.array(confidences, np.float32),
        "flagged": np.array(flags, np.bool_),
    }
