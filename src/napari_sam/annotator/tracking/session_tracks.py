"""The tracks of a session as a value: what propagation and napari take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.images.frames import Frames
from napari_sam.core.propagation import Edge, ObjectState, State
from napari_sam.core.propagation.lineage import whole_events
from napari_sam.session.time_axis import time_axis, time_of
from napari_sam.tracking import Segment, Tracks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.core.address import Address
    from napari_sam.session import AnnotationSession
    from napari_sam.session.session_state import SessionState

_SAID = ObjectState(State.PROMPTED)


def tracks_of(session: AnnotationSession) -> Tracks:
    """Return the tracks of a session: each object is a segment of its own number.

    Divisions that the frames of the objects contradict, as after painting, are left
    out.

    Raises
    ------
    SessionError
        If the image has one plane only.
    """
    state = session.state
    axis = time_axis(session.frames)
    absent = {at.object_id for at in state.tracked}
    ids = sorted(absent.union(state.footprints.object_ids))
    found = (_segment(state, object_id) for object_id in ids)
    segments = {s.id: s for s in found if s is not None}
    source = Frames(session.labels, "".join(session.frames.sizes) + "yx")
    return Tracks(source, segments.values(), _edges(state, segments), axis=axis)


def _segment(state: SessionState, object_id: int) -> Segment | None:
    ats = sorted(
        {*state.footprints.of_object(object_id), *state.tracked.of_object(object_id)}
    )
    if not ats:
        return None
    known = [state.tracked.get(at, _SAID) for at in ats]
    there = (one.state is not State.ABSENT for one in known)
    return Segment(
        object_id,
        [at.frame for at in ats],
        [object_id if here else 0 for here in there],
        states=[one.state for one in known],
        confidences=[one.confidence for one in known],
        flags=[one.flagged for one in known],
    )


def _edges(state: SessionState, segments: Mapping[int, Segment]) -> list[Edge]:
    """Return the edges whose objects follow each other in time."""
    return whole_events(e for e in state.edges if _follows(state, e, segments))


def _follows(state: SessionState, edge: Edge, segments: Mapping[int, Segment]) -> bool:
    if edge.source not in segments or edge.target not in segments:
        return False
    before, after = segments[edge.source], segments[edge.target]
    frames = state.frames
    return time_of(frames, before.last) < time_of(frames, after.first)


def decided(session: AnnotationSession, object_id: int) -> list[Address]:
    """Return the frames on which a person has said where an object is, or is not."""
    state = session.state
    ats = sorted(
        {*state.footprints.of_object(object_id), *state.tracked.of_object(object_id)}
    )
    return [at for at in ats if state.is_decided(at)]
