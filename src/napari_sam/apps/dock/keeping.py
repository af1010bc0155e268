"""Previews become labels; going from one object to another; undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.apps.dock.asking import Asking
from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError
from napari_sam.session.requests import Response

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_sam.apps.dock.work import Work
    from napari_sam.core.prompts import Prompts
    from napari_sam.session.overlap import Overlap

#: Share of a mask on another object, from which on it is worth a word.
_MOST = 0.5
#: Share below which masks only touch.
_LITTLE = 0.01


class Keeping(Asking):
    """Part of the controller: keep, go on, go back."""

    _last_kept: int | None = None
    _selected: int | None = None

    def __init__(self, viewer: ViewerModel, work: Work) -> None:
        super().__init__(viewer, work)
        #: What is to be kept as soon as it is answered, and as it was asked then.
        self._awaited: dict[Address, Prompts] = {}

    def commit(self, *, overlap: Overlap | None = None) -> None:
        """Put the preview into the labels, and go on to a new object.

        Where the answer is still awaited, work goes on at once, and the mask is kept
        when it comes. With ``self.overlap == "ask"`` and other objects under the mask,
        `overlap_found` is emitted instead, unless `overlap` is given here.
        """
        with self._telling():
            session = self._here
            if session.preview is not None:
                self._commit_now(overlap)
            elif session.current_prompts:
                self._awaited[session.current] = session.current_prompts
                session.next_object()
            else:
                raise SessionError(
                    "There is no mask to keep: click on an object, or draw a box."
                )

    def next_object(self) -> None:
        """Go on to a new object; what was said of this one stays open."""
        with self._telling():
            self._here.next_object()

    def previous_object(self) -> None:
        """Go back to the object before, with what was said about it."""
        with self._telling():
            session = self._here
            known = {*session.objects, *(at.object_id for at in session.open_prompts)}
            earlier = [i for i in known if i < session.current.object_id]
            if not earlier:
                raise SessionError("There is no object before this one.")
            self._correct(max(earlier))

    def select(self, object_id: int) -> None:
        """Make an object the current one, and show it."""
        with self._telling():
            at = self._where(object_id)
            self._selected = object_id
            self._here.current = at
            if self.binding is not None:
                self.binding.go_to(at)

    def reopen(self, object_id: int) -> None:
        """Correct an object, with what was said about it."""
        with self._telling():
            self._correct(object_id)

    def undo(self) -> None:
        """Take back the last step."""
        with self._telling():
            if not self._here.undo():
                self.said.emit("info", "There is nothing to undo.")

    def redo(self) -> None:
        """Repeat the step taken back last."""
        with self._telling():
            if not self._here.redo():
                self.said.emit("info", "There is nothing to redo.")

    def _correct(self, object_id: int) -> None:
        session, at = self._here, self._where(object_id)
        self._selected = object_id
        if at in session.open_prompts:
            session.current = at
        elif at in session.state.committed_prompts or at in session.state.footprints:
            session.reopen(at)
        else:
            raise SessionError(f"There is no object {object_id}.")
        if self.binding is not None:
            self.binding.go_to(at)

    def _move_on(self, _: object = None) -> None:
        """Go on to a new object, if the current one came to be by itself.

        A brush, or a cut, may have used its number; what is said next would else be
        taken for a correction of that. Whoever selected it means it.
        """
        session = self.session
        if session is None or session.current not in session.state.footprints:
            return
        current = session.current
        if current not in session.open_prompts and current.object_id != self._selected:
            session.next_object()

    def _where(self, object_id: int) -> Address:
        """Return the plane where an object is, if possible the one in view."""
        session = self._here
        state = session.state
        tables = (state.open_prompts, state.committed_prompts, state.footprints)
        frames = [at.frame for table in tables for at in table.of_object(object_id)]
        here = session.current.frame
        if here in frames or not frames:
            return Address(here, object_id)
        return Address(min(frames), object_id)

    def _wanted(self) -> list[Address]:
        current = super()._wanted()
        return [*(at for at in self._awaited if at not in current), *current]

    def _answered(self, response: Response) -> None:
        super()._answered(response)
        session = self.session
        if session is not None and response.request.image is session.image:
            with self._telling():
                for at in [at for at in response.predictions if at in self._awaited]:
                    self._keep_awaited(response, at)
            self._settle()

    def _unanswered(self, wrong: Exception) -> None:
        self._awaited.clear()
        super()._unanswered(wrong)

    def _on_questions(self, ats: tuple[Address, ...]) -> None:
        """Await no longer what was said anew since."""
        asked = self._here.open_prompts
        for at in [at for at, was in self._awaited.items() if asked.get(at) != was]:
            del self._awaited[at]
        super()._on_questions(ats)

    def _keep_awaited(self, response: Response, at: Address) -> None:
        """Keep an answer, while the person may be at another object already."""
        session, answer = self._here, response.predictions[at]
        if self._awaited.pop(at) != response.request.prompts[at]:
            return
        if not answer.area:
            self.said.emit("warning", f"Nothing was found of object {at.object_id}.")
            return
        under = session.state.labels.overlapped(at, answer)
        if self.overlap == "ask" and _touched(under):
            session.current = at
            session.accept(response)
            self.overlap_found.emit(_touched(under))
            return
        policy: Overlap = "overwrite" if self.overlap == "overwrite" else "keep"
        session.commit(Response(response.request, {at: answer}), overlap=policy)
        self._last_kept = at.object_id
        self._say_kept(at, under, policy)

    def _commit_now(self, overlap: Overlap | None = None) -> None:
        session = self._here
        assert session.preview is not None
        under = session.state.labels.overlapped(session.current, session.preview)
        if overlap is None and self.overlap == "ask" and _touched(under):
            self.overlap_found.emit(_touched(under))
            return
        policy: Overlap = "overwrite" if self.overlap == "overwrite" else "keep"
        policy = overlap or policy
        at = session.current
        session.commit(overlap=policy)
        self._last_kept = at.object_id
        session.next_object()
        self._say_kept(at, under, policy)

    def _say_kept(self, at: Address, under: dict[int, float], policy: Overlap) -> None:
        footprint = self._here.state.footprints.get(at)
        area = 0 if footprint is None else footprint.area
        most = [i for i, share in under.items() if share >= _MOST]
        if most and policy == "keep":
            self.said.emit(
                "warning",
                f"Most of the mask of object {at.object_id} lay on object {most[0]}: "
                f"only the rest was kept, {area} pixels.",
            )
        elif most:
            self.said.emit(
                "warning",
                f"Object {at.object_id} was kept, and took most of its pixels from "
                f"object {most[0]}.",
            )
        else:
            self.said.emit("info", f"Object {at.object_id} kept: {area} pixels.")


def _touched(under: dict[int, float]) -> dict[int, float]:
    """Leave out objects that a mask only brushes against."""
    return {i: share for i, share in under.items() if share >= _LITTLE}
