"""Going from one object to another: new, previous, looked at, corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError

if TYPE_CHECKING:
    from napari_sam.annotator.commits import Commits
    from napari_sam.annotator.preview import Preview
    from napari_sam.annotator.workspace import Workspace


class ObjectNavigation:
    """Which object is the current one: the one that prompts go to.

    An object that is in the labels is changed only after `correct`; to select one is
    to look at it.
    """

    def __init__(
        self, workspace: Workspace, commits: Commits, preview: Preview
    ) -> None:
        self._workspace, self._commits, self._preview = workspace, commits, preview
        self._selected: int | None = None
        self._replaced: Address | None = None

    @property
    def selected(self) -> int | None:
        """The object that is looked at, and that buttons and keys edit."""
        session = self._workspace.session
        known = session is not None and self._selected in session.objects
        return self._selected if known else None

    @property
    def activity(self) -> str:
        """What is being made, for a person; empty without an image."""
        session = self._workspace.session
        if session is None:
            return ""
        at = session.current
        if at in session.state.footprints:
            return f"Correcting object {at.object_id}"
        if session.state.footprints.of_object(at.object_id):
            return f"Object {at.object_id}, on frame {at.frame} as well"
        return f"New object {at.object_id}"

    def next(self) -> None:
        """Commit the mask of this object if there is one, and go on to a new one."""
        with self._workspace.events.reporting():
            session = self._workspace.require_session()
            preview, prompts = session.preview, session.current_prompts
            before, left = session.current, session.current.object_id
            if preview.area if preview is not None else prompts:
                self._commits.commit()
                if session.current != before or self._commits.overlap == "ask":
                    return
            session.next_object()
            self._preview.positive = True
            if prompts:
                self._workspace.events.message.emit(
                    "warning",
                    f"Object {left} was not committed; its prompts stay open.",
                )

    def previous(self) -> None:
        """Go back to the object before, with its prompts, to correct it."""
        with self._workspace.events.reporting():
            session = self._workspace.require_session()
            known = {*session.objects, *(at.object_id for at in session.open_prompts)}
            earlier = [i for i in known if i < session.current.object_id]
            if not earlier:
                raise SessionError("There is no object before this one.")
            self._correct(max(earlier))

    def select(self, object_id: int) -> None:
        """Look at an object; prompts go to it only if it has open ones already."""
        with self._workspace.events.reporting():
            session = self._workspace.require_session()
            at = self._address_of(object_id)
            if at in session.open_prompts:
                session.current = at
            else:
                session.current = Address(at.frame, session.current.object_id)
            self._select(object_id)
            self._go_to(at)
            self.move_on()

    def correct(self, object_id: int | None = None) -> None:
        """Open an object's prompts again, by default those of the selected one."""
        with self._workspace.events.reporting():
            chosen = self.selected if object_id is None else object_id
            if chosen is None:
                raise SessionError("Select an object in the list first.")
            self._correct(chosen)

    def replace(self, at: Address) -> None:
        """Take new prompts for an object that is in the labels: their mask replaces it.

        To take another tool does not end that; to go elsewhere does.
        """
        with self._workspace.events.reporting():
            self._workspace.require_session().current = at
            self._replaced = at
            self._select(at.object_id)
            self._go_to(at)

    def forget_selected(self) -> None:
        """Clear the selection of an object: another one is the current one now."""
        self._selected = None

    def move_on(self) -> None:
        """Go on to a new object, if the current one is in the labels.

        A brush, a split, an undo or another frame may have led to it; the next prompt
        would else be taken for a correction.
        """
        session = self._workspace.session
        if session is None:
            return
        if session.current != self._replaced:
            self._replaced = None
        if self._replaced or session.current not in session.state.footprints:
            return
        if session.current not in session.open_prompts:
            selected = self._selected
            session.next_object()
            if selected is not None:
                self._select(selected)

    def _select(self, object_id: int | None) -> None:
        self._selected = object_id
        self._workspace.events.selection_changed.emit()

    def _correct(self, object_id: int) -> None:
        session = self._workspace.require_session()
        at = self._address_of(object_id)
        if at in session.open_prompts:
            session.current = at
        elif at in session.state.committed_prompts or at in session.state.footprints:
            session.reopen(at)
        else:
            raise SessionError(f"There is no object {object_id}.")
        self._select(object_id)
        self._go_to(at)

    def _go_to(self, at: Address) -> None:
        if self._workspace.view is not None:
            self._workspace.view.go_to(at)

    def _address_of(self, object_id: int) -> Address:
        """Return the frame where an object is, if possible the one in view."""
        session = self._workspace.require_session()
        state = session.state
        tables = (state.open_prompts, state.committed_prompts, state.footprints)
        frames = [at.frame for table in tables for at in table.of_object(object_id)]
        here = session.current.frame
        if here in frames or not frames:
            return Address(here, object_id)
        return Address(min(frames), object_id)
