"""Tracks as the Cell Tracking Challenge has them: without gaps, one parent each."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import AxesError, MissingFileError, TrackError
from napari_sam.core.linking import Detection, Link
from napari_sam.io.images import read_label_image
from napari_sam.io.writers.ctc import CtcTrack, write_ctc
from napari_sam.tracking.linking.linked_tracks import detections_of, tracks_of_links

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def ctc_table(path: Path) -> Path | None:
    """Return the table of tracks in a folder of the challenge, or None."""
    names = ("res_track.txt", "man_track.txt")
    return next((path / n for n in names if (path / n).is_file()), None)


def read_ctc(path: str | Path) -> Tracks:
    """Read a folder of masks and ``res_track.txt``, or ``man_track.txt``.

    Masks are read once to see where each track is, and then where they are sliced. A
    track that is the only one to come from another goes on as that one: so the
    challenge writes a gap.

    Raises
    ------
    MissingFileError
        If there is no table.
    TrackError
        If the table does not describe the masks.
    """
    folder = Path(path)
    table = ctc_table(folder)
    if table is None:
        raise MissingFileError(f"{path} holds no res_track.txt and no man_track.txt.")
    try:
        labels = read_label_image(folder, axes="tyx").frames
    except AxesError:
        labels = read_label_image(folder, axes="tzyx").frames
    rows = _read_table(table)
    found = detections_of(labels, "t")
    times: dict[int, list[int]] = {}
    for time, label in sorted(found):
        times.setdefault(label, []).append(time)
    _check_table(table, rows, times)
    links = [
        Link(Detection(a, label), Detection(b, label))
        for label, own in times.items()
        for a, b in pairwise(own)
    ]
    for row in rows:
        if row.parent and row.label in times:
            mother = Detection(times[row.parent][-1], row.parent)
            links.append(Link(mother, Detection(times[row.label][0], row.label)))
    numbers = {one: one.label for one in found}
    return tracks_of_links(labels, links, axis="t", where=found, ids=numbers)


def _read_table(path: Path) -> list[CtcTrack]:
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = line.split()
        if len(cells) != 4 or not all(c.isdigit() for c in cells):
            if cells:
                raise TrackError(
                    f"{path}: {line!r} is no row of label, first time, last time and "
                    "parent."
                )
            continue
        label, begin, end, parent = map(int, cells)
        rows.append(CtcTrack(label, begin, end, parent, label))
    return rows


def _check_table(path: Path, rows: list[CtcTrack], times: dict[int, list[int]]) -> None:
    known = {row.label for row in rows}
    without = sorted(set(times) - known)
    lost = sorted({r.parent for r in rows if r.parent and r.parent not in times})
    if without or lost:
        what = (
            f"the masks hold {without[:5]}, which have no row"
            if without
            else f"{lost[:5]} are parents, and in no mask"
        )
        raise TrackError(f"{path}: {what}. Are table and masks of the same tracks?")


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
