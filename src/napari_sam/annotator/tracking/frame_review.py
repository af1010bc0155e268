"""The review of propagated frames, lowest confidence first: accepted or corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError
from napari_sam.session.actions import ApproveFrames

if TYPE_CHECKING:
    from napari_sam.annotator.object_navigation import ObjectNavigation
    from napari_sam.annotator.tracking.dividing import Dividing
    from napari_sam.annotator.tracking.timeline import ReviewFrame
    from napari_sam.annotator.workspace import Workspace

#: Frames that a person is shown at once.
MOST = 50


class Review:
    """Goes through the propagated frames, flagged ones first, lowest confidence first.

    Attributes
    ----------
    current
        The frame that is being looked at, or None.
    """

    def __init__(
        self, workspace: Workspace, objects: ObjectNavigation, dividing: Dividing
    ) -> None:
        self._workspace, self._objects = workspace, objects
        self._dividing = dividing
        self.current: Address | None = None
        self._passed: set[Address] = set()

    @property
    def queue(self) -> list[ReviewFrame]:
        """The frames to review, lowest confidence first, without those passed over."""
        timeline = self._workspace.timeline
        if timeline is None:
            return []
        self._passed = {at for at in self._passed if timeline.is_to_review(at)}
        found = timeline.frames_to_review(MOST + len(self._passed))
        return [one for one in found if one.at not in self._passed][:MOST]

    def go_to(self, at: Address) -> None:
        """Look at a frame of an object."""
        with self._workspace.events.reporting():
            session = self._workspace.require_session()
            self.current = at
            self._objects.select(at.object_id)
            session.current = Address(at.frame, session.current.object_id)
            self._objects.move_on()
            if self._workspace.view is not None:
                self._workspace.view.go_to(at)
            self._workspace.events.tracks_changed.emit()

    def next(self) -> None:
        """Go to the frame of lowest confidence, after the current one."""
        with self._workspace.events.reporting():
            if self.current is not None:
                self._passed.add(self.current)
            queue = self.queue
            if not queue and self._passed:
                self._passed.clear()
                queue = self.queue
            if not queue:
                self.current = None
                self._workspace.events.tracks_changed.emit()
                raise SessionError(
                    "There is nothing to review: propagate objects first."
                )
            self.go_to(queue[0].at)

    def accept(self) -> None:
        """Approve the frame that is looked at, and go to the next."""
        with self._workspace.events.reporting():
            session, at = self._workspace.require_session(), self._require()
            session.execute(ApproveFrames(at.object_id, (at.frame,)))
            self.current = None
            if self.queue:
                self.next()
            else:
                text = "That was the last frame to review."
                self._workspace.events.message.emit("info", text)

    def correct(self) -> None:
        """Take new prompts for the frame that is looked at: their mask replaces it.

        The propagated mask is no prompt among them: it would hold on to what is wrong.
        """
        with self._workspace.events.reporting():
            at = self._require()
            self.go_to(at)
            self._objects.replace(at)
            self._workspace.events.message.emit(
                "info", f"Click on object {at.object_id}: the new mask replaces this."
            )

    def divide(self) -> None:
        """Split the mask that is looked at, or selected, into two daughters."""
        with self._workspace.events.reporting():
            session, at = self._workspace.require_session(), self.current
            if at is None or at.frame != session.current.frame:
                selected = self._objects.selected
                if selected is None:
                    raise SessionError(
                        "Choose a frame of the list first, or select an object."
                    )
                at = Address(session.current.frame, selected)
            self._dividing.divide(at)

    def forget(self) -> None:
        """End the review: another image is open."""
        self.current = None
        self._passed.clear()

    def _require(self) -> Address:
        timeline = self._workspace.timeline
        at = self.current
        if at is None or timeline is None or not timeline.is_to_review(at):
            raise SessionError("Choose a frame of the list first.")
        return at
