"""Editing tracks: what a person does to objects through time, each one step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError
from napari_sam.core.propagation import State
from napari_sam.session import actions
from napari_sam.session.time_axis import lifetime, time_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam.annotator.object_navigation import ObjectNavigation
    from napari_sam.annotator.workspace import Workspace
    from napari_sam.session import AnnotationSession
    from napari_sam.session.actions import Action


class TrackEditing:
    """Changes tracks, from the frame in view on; each change is one step.

    Objects are given by their numbers; by default it is the selected one.
    """

    def __init__(self, workspace: Workspace, objects: ObjectNavigation) -> None:
        self._workspace, self._objects = workspace, objects

    def divide(self, ids: Sequence[int] | None = None) -> None:
        """Note that the object which begins first divides into the others.

        Of a mother that goes on beside one daughter, the rest is the other daughter.
        """
        with self._workspace.events.reporting():
            session = self._workspace.require_session()
            mother, *daughters = self._by_beginning(ids, 2)
            self._execute(actions.Divide(mother, tuple(daughters)))
            found = sorted(e.target for e in session.state.edges if e.source == mother)
            names = " and ".join(map(str, found))
            self._say(f"Object {mother} divides into {names}.")

    def cut(self, ids: Sequence[int] | None = None) -> None:
        """Make another object of what is there from the frame in view on."""
        with self._workspace.events.reporting():
            session, object_id = self._workspace.require_session(), self._one(ids)
            new = session.state.objects.free_id()
            self._execute(actions.CutTrack(object_id, session.current.frame))
            self._say(f"Object {object_id} is object {new} from this frame on.")

    def join(self, ids: Sequence[int] | None = None) -> None:
        """Let the object that begins first go on as the other."""
        with self._workspace.events.reporting():
            first, second = self._by_beginning(ids, 2)[:2]
            self._execute(actions.JoinTracks(first, second))
            self._say(f"Object {second} is object {first} now.")

    def swap(self, ids: Sequence[int] | None = None) -> None:
        """Let two objects change places from the frame in view on."""
        with self._workspace.events.reporting():
            session = self._workspace.require_session()
            first, second = self._by_beginning(ids, 2)[:2]
            frame = session.current.frame
            self._execute(actions.SwapTracks(first, second, frame))
            self._say(f"Objects {first} and {second} changed places from here on.")

    def delete_from(self, ids: Sequence[int] | None = None) -> None:
        """Remove an object from the frame in view on."""
        self._limit(actions.DeleteFrom, ids, "is removed from this frame on")

    def end(self, ids: Sequence[int] | None = None) -> None:
        """Note that the frame in view is the last one of an object."""
        self._limit(actions.EndTrack, ids, "ends on this frame")

    def begin(self, ids: Sequence[int] | None = None) -> None:
        """Note that the frame in view is the first one of an object."""
        self._limit(actions.BeginTrack, ids, "appears on this frame")

    def approve(
        self,
        ids: Sequence[int] | None = None,
        frames: tuple[int, int] | None = None,
    ) -> None:
        """Approve masks, by default on the frame in view; again, take that back.

        Parameters
        ----------
        ids
            Objects, by default the selected one.
        frames
            First and last position along time or depth, both included.
        """
        with self._workspace.events.reporting():
            session = self._workspace.require_session()
            group = session.history.new_group()
            for object_id in ids or [self._one(None)]:
                there = _frames_between(session, object_id, frames)
                ats = [Address(f, object_id) for f in there]
                back = bool(ats) and all(
                    session.state.known(at) is State.APPROVED for at in ats
                )
                action = actions.ApproveFrames(object_id, tuple(there), not back)
                session.execute(action, group=group)

    def _limit(
        self,
        kind: type[actions.DeleteFrom | actions.EndTrack | actions.BeginTrack],
        ids: Sequence[int] | None,
        words: str,
    ) -> None:
        with self._workspace.events.reporting():
            session, object_id = self._workspace.require_session(), self._one(ids)
            self._execute(kind(object_id, session.current.frame))
            self._say(f"Object {object_id} {words}.")

    def _execute(self, action: Action) -> None:
        self._workspace.require_session().execute(action)

    def _say(self, text: str) -> None:
        self._workspace.events.message.emit("info", text)

    def _one(self, ids: Sequence[int] | None) -> int:
        """Return the one object that is given, or selected."""
        session = self._workspace.require_session()
        given = list(ids or ())
        if not given and self._objects.selected is not None:
            given = [self._objects.selected]
        if not given and session.state.footprints.of_object(session.current.object_id):
            given = [session.current.object_id]
        if len(given) != 1:
            raise SessionError("Select one object in the list first.")
        return given[0]

    def _by_beginning(self, ids: Sequence[int] | None, least: int) -> list[int]:
        """Return several objects, those that begin first before the others."""
        session = self._workspace.require_session()
        if len(set(ids or ())) < least:
            raise SessionError(
                "Select both objects in the list first: hold Ctrl for the second."
            )
        return sorted(set(ids or ()), key=lambda i: (lifetime(session.state, i)[0], i))


def _frames_between(
    session: AnnotationSession, object_id: int, frames: tuple[int, int] | None
) -> list[int]:
    """Return the frames of an object between two times, by default the one in view."""
    if frames is None:
        return [session.current.frame]
    first, last = frames
    return [
        at.frame
        for at in session.state.footprints.of_object(object_id)
        if first <= time_of(session.frames, at.frame) <= last
    ]
