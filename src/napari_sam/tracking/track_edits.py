"""Changes of tracks: divide, cut, join, swap, remove, approve; each makes new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import TrackError
from napari_sam.core.propagation.lineage import Edge, whole_events
from napari_sam.tracking.track_segment import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari_sam.tracking.track_segment import Segment
    from napari_sam.tracking.tracks import Tracks


def divide(tracks: Tracks, mother: int, daughters: Sequence[int]) -> Tracks:
    """Return tracks in which a segment divides.

    A mother that goes on after the first daughter appears is cut there: what is left
    of her is a daughter too, under a new id.

    Raises
    ------
    TrackError
        If there are fewer than two daughters then, or one has a parent already.
    """
    start = min(tracks.time(tracks[i].first) for i in daughters)
    next_id, ids = tracks.next_id, list(daughters)
    if tracks.time(tracks[mother].last) >= start:
        tracks = cut(tracks, mother, start)
        ids.append(next_id)
    if len(set(ids)) < 2:
        raise TrackError(
            f"Segment {mother} cannot divide into {daughters}: a division has two "
            "daughters or more."
        )
    new = [Edge(mother, i) for i in ids]
    return tracks.changed(edges=[*tracks.edges, *new])


def cut(tracks: Tracks, id: int, time: int) -> Tracks:
    """Return tracks in which a segment ends before a time; the rest has a new id.

    What came after the segment comes after the rest of it.
    """
    before, after = _split(tracks, id, time)
    others = [s for s in tracks.segments if s.id != id]
    edges = [Edge(after.id, e.target) if e.source == id else e for e in tracks.edges]
    return tracks.changed(segments=[*others, before, after], edges=edges)


def join(tracks: Tracks, first: int, second: int) -> Tracks:
    """Return tracks in which the second segment goes on as the first, over a gap.

    Raises
    ------
    TrackError
        If they share a frame, or the first divides or the second has parents.
    """
    if any(e.source == first or e.target == second for e in tracks.edges):
        raise TrackError(
            f"Segments {first} and {second} cannot be joined: there is a division or "
            "a merge between them. Remove its edges before."
        )
    both = tracks[first].joined(tracks[second])
    others = [s for s in tracks.segments if s.id not in (first, second)]
    edges = [Edge(first, e.target) if e.source == second else e for e in tracks.edges]
    return tracks.changed(segments=[*others, both], edges=edges)


def swap(tracks: Tracks, first: int, second: int, time: int) -> Tracks:
    """Return tracks in which two segments change places from a time on."""
    ids = (first, second)
    heads, tails = zip(*(_parts(tracks, i, time) for i in ids), strict=True)
    new = []
    for id, head, tail in zip(ids, heads, reversed(tails), strict=True):
        parts = [p for p in (head, tail) if p is not None]
        if not parts:
            raise TrackError(f"Nothing would be left of segment {id}.")
        start = parts[0].take(slice(None), id=id)
        new.append(start.joined(parts[1]) if len(parts) > 1 else start)
    other = {first: second, second: first}
    edges = [Edge(other.get(e.source, e.source), e.target) for e in tracks.edges]
    rest = [s for s in tracks.segments if s.id not in ids]
    return tracks.changed(segments=[*rest, *new], edges=edges)


def remove_from(tracks: Tracks, id: int, time: int) -> Tracks:
    """Return tracks in which a segment ends before a time; what follows is gone.

    Descendants stay, as segments without parents.
    """
    head, _ = _parts(tracks, id, time)
    others = [s for s in tracks.segments if s.id != id]
    kept = others if head is None else [*others, head]
    edges = [e for e in tracks.edges if e.source != id]
    if head is None:
        edges = [e for e in edges if e.target != id]
    return tracks.changed(segments=kept, edges=whole_events(edges))


def remove_edges(tracks: Tracks, edges: Iterable[Edge]) -> Tracks:
    """Return tracks without some edges; of a division with one daughter left, none."""
    gone = set(edges)
    return tracks.changed(
        edges=whole_events([e for e in tracks.edges if e not in gone])
    )


def approve(tracks: Tracks, id: int, frames: Sequence[int]) -> Tracks:
    """Return tracks in which a segment is right on some frames: nothing changes it."""
    return _replaced(tracks, tracks[id].with_state(frames, State.APPROVED))


def _replaced(tracks: Tracks, segment: Segment) -> Tracks:
    others = [s for s in tracks.segments if s.id != segment.id]
    return tracks.changed(segments=[*others, segment])


def _parts(tracks: Tracks, id: int, time: int) -> tuple[Segment | None, Segment | None]:
    """Return a segment before and from a time on, both under its id."""
    segment = tracks[id]
    before = np.array([tracks.time(f) < time for f in segment.frames.tolist()])
    head = segment.take(before) if before.any() else None
    return head, None if before.all() else segment.take(~before)


def _split(tracks: Tracks, id: int, time: int) -> tuple[Segment, Segment]:
    head, tail = _parts(tracks, id, time)
    if head is None or tail is None:
        raise TrackError(
            f"{tracks[id]} cannot be cut at {time}: nothing would be left before or "
            "after."
        )
    return head, tail.take(slice(None), id=tracks.next_id)
