"""Tracks as a table: the columns of napari's tracks, and the parents of each."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from napari_sam.core.atomic_write import replacing
from napari_sam.core.errors import ImageError, TrackError
from napari_sam.core.linking import Detection
from napari_sam.core.propagation import Edge
from napari_sam.tracking.linking.linked_tracks import detections_of
from napari_sam.tracking.track_rows import track_rows
from napari_sam.tracking.track_segment import Segment, State
from napari_sam.tracking.tracks import Tracks

if TYPE_CHECKING:
    from napari_sam.core.images.frames import Frames
    from napari_sam.tracking.linking.linked_tracks import Where

#: Columns that a table must have to be read; that of time is named by its axis.
_NEEDED = ("track", "label")


def save_csv(path: str | Path, tracks: Tracks, *, overwrite: bool = False) -> None:
    """Write a row for each object and time.

    The columns are ``track``, the axis and the centroid by letter, in pixels,
    ``state``, ``confidence``, ``flagged``, ``label``: the number in the labels that the
    tracks are of, which are not written; and ``parents``, separated by spaces. A time
    without the object, as a person said, has neither label nor place.

    Raises
    ------
    ImageError
        If the file exists.
    """
    path = Path(path)
    if path.exists() and not overwrite:
        raise ImageError(
            f"{path} is there already. Give another name, or allow to replace it: "
            "overwrite=True, on the command line --overwrite."
        )
    places = [a for a in tracks.axes if a != tracks.axis]
    names = ["track", tracks.axis, *places, "state", "confidence", "flagged"]
    with (
        replacing(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.DictWriter(file, [*names, "label", "parents"])
        writer.writeheader()
        writer.writerows(_rows(tracks))


def _rows(tracks: Tracks) -> list[dict[str, object]]:
    found = track_rows(tracks).columns
    columns = {name: values.tolist() for name, values in found.items()}
    rows: list[dict[str, object]] = [
        dict(zip(columns, row, strict=True))
        for row in zip(*columns.values(), strict=True)
    ]
    rows += _absent(tracks)
    table = (c.tolist() for c in tracks.table)
    labels: dict[tuple[object, object], int]
    labels = {(i, tracks.time(f)): n for f, n, i in zip(*table, strict=True)}
    parents: dict[object, list[int]] = {}
    for edge in tracks.edges:
        parents.setdefault(edge.target, []).append(edge.source)
    for row in rows:
        row["state"] = State(int(str(row["state"]))).name.lower()
        row["flagged"] = int(bool(row["flagged"]))
        row["label"] = labels.get((row["track"], row[tracks.axis]), "")
        row["parents"] = " ".join(map(str, parents.get(row["track"], ())))
    return sorted(rows, key=lambda row: (row["track"], row[tracks.axis]))


def _absent(tracks: Tracks) -> list[dict[str, object]]:
    """Return rows of times without the object."""
    rows: dict[tuple[int, int], dict[str, object]] = {}
    for s in tracks.segments:
        there = {tracks.time(f) for f in s.frames[s.present].tolist()}
        for frame, state, flag in zip(s.frames, s.states, s.flags, strict=True):
            time = tracks.time(int(frame))
            if time not in there:
                rows[s.id, time] = {
                    "track": s.id,
                    tracks.axis: time,
                    "state": int(state),
                    "flagged": bool(flag),
                }
    return list(rows.values())


def read_csv(path: str | Path, labels: Frames) -> Tracks:
    """Read a table of the labels that it is of.

    Columns besides ``track``, ``label`` and the axis may be missing.

    Parameters
    ----------
    path
        The table.
    labels
        Label images, which have the numbers of the column ``label``.

    Raises
    ------
    TrackError
        If a column is missing, a cell is no number, or an object is not there.
    """
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        names = reader.fieldnames or ()
        axis = next((a for a in "tz" if a in names and a in labels.sizes), "")
        lost = [n for n in (*_NEEDED, axis or "t") if n not in names]
        if lost:
            raise TrackError(
                f"{path} has no column {lost[0]!r}; expected track, t or z, label, and "
                "where they are known state, confidence, flagged and parents."
            )
        try:
            cells = [_cells(row, axis) for row in reader]
        except (ValueError, KeyError) as wrong:
            raise TrackError(f"{path}: a cell cannot be read: {wrong}.") from wrong
    where = detections_of(labels, axis)
    of_track: dict[int, list[_Cells]] = {}
    for row in cells:
        of_track.setdefault(row.track, []).append(row)
    segments = [_segment(rows, where, labels, axis, path) for rows in of_track.values()]
    edges = {Edge(parent, row.track) for row in cells for parent in row.parents}
    return Tracks(labels, segments, edges, axis=axis)


class _Cells(NamedTuple):
    """What a row says."""

    track: int
    time: int
    label: int
    state: State
    confidence: float
    flagged: bool
    parents: tuple[int, ...]


def _cells(row: dict[str, str], axis: str) -> _Cells:
    label = int(row["label"] or 0)
    state = row.get("state") or ("propagated" if label else "absent")
    return _Cells(
        int(row["track"]),
        int(row[axis]),
        label,
        State[state.upper()],
        float(row.get("confidence") or 1),
        (row.get("flagged") or "0") not in ("0", "False", "false"),
        tuple(map(int, (row.get("parents") or "").split())),
    )


def _segment(
    rows: list[_Cells], where: Where, labels: Frames, axis: str, path: str | Path
) -> Segment:
    columns = []
    for row in sorted(rows, key=lambda r: r.time):
        if not row.label:
            frames = [labels.ravel(dict.fromkeys(labels.sizes, 0) | {axis: row.time})]
        else:
            frames = where.get(Detection(row.time, row.label), [])
        if not frames:
            raise TrackError(
                f"{path}: track {row.track} has the object {row.label} at {row.time}, "
                "which is not in the labels. Is the table of these labels?"
            )
        columns += [
            (f, row.label, row.state, row.confidence, row.flagged) for f in frames
        ]
    own, numbers, states, confidences, flags = zip(*sorted(columns), strict=True)
    return Segment(
        rows[0].track,
        own,
        numbers,
        states=states,
        confidences=confidences,
        flags=flags,
    )
