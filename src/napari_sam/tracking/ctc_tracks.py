"""Tracks as the Cell Tracking Challenge has them: without gaps, one parent each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import TrackError
from napari_sam.io.writers.ctc import CtcTrack, write_ctc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.tracking.tracks import Tracks


def save_ctc(path: str | Path, tracks: Tracks, *, overwrite: bool = False) -> None:
    """Write tracks as a folder of the Cell Tracking Challenge.

    A track over a gap becomes two, the second with the first as its parent, as the
    challenge asks.

    Raises
    ------
    TrackError
        If tracks merge: the challenge has no way to say that.
    ImageError
        If the folder exists.
    """
    if tracks.merges:
        merged = next(iter(tracks.merges))
        raise TrackError(
            f"Segment {merged} was merged from {tracks.merges[merged]}: the layout of "
            "the Cell Tracking Challenge has one parent for each track."
        )
    write_ctc(path, _planes(tracks), ctc_tracks(tracks), overwrite=overwrite)


def ctc_tracks(tracks: Tracks) -> list[CtcTrack]:
    """Return the rows of ``res_track.txt``; parts after gaps get new numbers."""
    parents = {e.target: e.source for e in tracks.edges}
    rows: list[CtcTrack] = []
    last: dict[int, int] = {}
    number = tracks.next_id
    for segment in tracks.segments:
        frames = segment.frames[segment.present].tolist()
        times = sorted({tracks.time(frame) for frame in frames})
        parent = 0
        for part in _without_gaps(times):
            label = segment.id if not parent else number
            number += parent > 0
            rows.append(CtcTrack(label, part[0], part[-1], parent, segment.id))
            parent = last[segment.id] = label
    return [
        row._replace(parent=last.get(parents[row.label], 0))
        if row.label in parents
        else row
        for row in rows
    ]


def _without_gaps(times: list[int]) -> list[list[int]]:
    breaks = np.flatnonzero(np.diff(times) > 1) + 1
    return [
        part.tolist() for part in np.split(np.array(times, int), breaks) if len(part)
    ]


def _planes(tracks: Tracks) -> Iterator[NDArray[np.generic]]:
    at = tracks.axes.index(tracks.axis)
    for time in range(tracks.labels.shape[at]):
        yield tracks.labels[(slice(None),) * at + (time,)]
