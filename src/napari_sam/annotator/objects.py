"""Going from one object to another: new, previous, selected, corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError

if TYPE_CHECKING:
    from napari_sam.annotator.workspace import Workspace


class Objects:
    """Which object is the current one: the one that prompts go to."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._selected: int | None = None

    def next(self) -> None:
        """Go on to a new object; the prompts of this one stay open."""
        with self._workspace.events.reporting():
            self._workspace.require_session().next_object()

    def previous(self) -> None:
        """Go back to the object before, with its prompts."""
        with self._workspace.events.reporting():
            session = self._workspace.require_session()
            known = {*session.objects, *(at.object_id for at in session.open_prompts)}
            earlier = [i for i in known if i < session.current.object_id]
            if not earlier:
                raise SessionError("There is no object before this one.")
            self._correct(max(earlier))

    def select(self, object_id: int) -> None:
        """Make an object the current one, and show it."""
        with self._workspace.events.reporting():
            at = self._address_of(object_id)
            self._selected = object_id
            self._workspace.require_session().current = at
            self._go_to(at)

    def correct(self, object_id: int) -> None:
        """Open an object's prompts again."""
        with self._workspace.events.reporting():
            self._correct(object_id)

    def move_on(self) -> None:
        """Go on to a new object, if the current one came to be by itself.

        A brush, or a split, may have used its number; the next prompt would else be
        taken for a correction of that. Whoever selected it means it.
        """
        session = self._workspace.session
        if session is None or session.current not in session.state.footprints:
            return
        current = session.current
        if current not in session.open_prompts and current.object_id != self._selected:
            session.next_object()

    def _correct(self, object_id: int) -> None:
        session = self._workspace.require_session()
        at = self._address_of(object_id)
        self._selected = object_id
        if at in session.open_prompts:
            session.current = at
        elif at in session.state.committed_prompts or at in session.state.footprints:
            session.reopen(at)
        else:
            raise SessionError(f"There is no object {object_id}.")
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
