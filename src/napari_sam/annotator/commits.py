"""Commits: previews become labels, now or as soon as they are predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from napari_sam.core.errors import SessionError
from napari_sam.session.requests import Response

if TYPE_CHECKING:
    from napari_sam.annotator.preview import Preview
    from napari_sam.annotator.workspace import Workspace
    from napari_sam.core.address import Address
    from napari_sam.session.edits.label_edits import Overlap

#: What happens where a new mask lies on other objects.
OverlapRule: TypeAlias = Literal["keep", "overwrite", "ask"]

#: Share of a mask on another object, from which on it is worth a message.
_MOST = 0.5
#: Share below which masks only touch.
_LITTLE = 0.01


class Commits:
    """Puts masks into the labels of a session.

    Attributes
    ----------
    overlap
        ``"keep"``, ``"overwrite"`` or ``"ask"``: see `commit`.
    last
        Number of the object that was committed last, or None.
    """

    def __init__(self, workspace: Workspace, preview: Preview) -> None:
        self._workspace, self._preview = workspace, preview
        self.overlap: OverlapRule = "keep"
        self.last: int | None = None
        preview.on_response = self._commit_awaited

    @property
    def rule(self) -> Overlap:
        """The overlap rule for masks on other objects, where nobody is asked."""
        return "overwrite" if self.overlap == "overwrite" else "keep"

    def commit(self, *, overlap: Overlap | None = None) -> None:
        """Put the preview into the labels, and go on to a new object.

        Where the mask is still being predicted, work goes on at once, and it is
        committed when it comes. With ``self.overlap == "ask"`` and other objects under
        the mask, `overlap_found` is emitted instead, unless `overlap` is given here.
        """
        with self._workspace.events.reporting():
            session = self._workspace.require_session()
            if session.preview is not None:
                self._commit_preview(overlap)
            elif session.current_prompts:
                self._preview.await_mask()
                session.next_object()
            else:
                raise SessionError(
                    "There is no mask to commit: click on an object, or draw a box."
                )

    def _commit_preview(self, overlap: Overlap | None) -> None:
        session = self._workspace.require_session()
        assert session.preview is not None
        under = session.state.labels.overlapped(session.current, session.preview)
        ask = {} if overlap else self._to_ask(under)
        if ask:
            self._workspace.events.overlap_found.emit(ask)
            return
        at, rule = session.current, overlap or self.rule
        session.commit(overlap=rule)
        self.last = at.object_id
        session.next_object()
        self._report(at, under, rule)

    def _commit_awaited(self, response: Response) -> None:
        session, awaited = self._workspace.session, self._preview.awaited
        if session is None or response.request.image is not session.image:
            return
        with self._workspace.events.reporting():
            for at in [at for at in response.predictions if at in awaited]:
                if awaited.pop(at) == response.request.prompts[at]:
                    self._commit_response(response, at)

    def _commit_response(self, response: Response, at: Address) -> None:
        """Commit a mask, while the person may be at another object already."""
        session = self._workspace.require_session()
        prediction = response.predictions[at]
        if not prediction.area:
            text = f"Nothing was found of object {at.object_id}."
            self._workspace.events.message.emit("warning", text)
            return
        under = session.state.labels.overlapped(at, prediction)
        ask = self._to_ask(under)
        if ask:
            session.current = at
            session.accept(response)
            self._workspace.events.overlap_found.emit(ask)
            return
        session.commit(Response(response.request, {at: prediction}), overlap=self.rule)
        self.last = at.object_id
        self._report(at, under, self.rule)

    def _to_ask(self, under: dict[int, float]) -> dict[int, float]:
        """Return the objects under a mask that the person is asked about."""
        if self.overlap != "ask":
            return {}
        # Those that the mask only brushes against are no reason to ask.
        return {i: share for i, share in under.items() if share >= _LITTLE}

    def _report(self, at: Address, under: dict[int, float], rule: Overlap) -> None:
        footprint = self._workspace.require_session().state.footprints.get(at)
        area = 0 if footprint is None else footprint.area
        most = [i for i, share in under.items() if share >= _MOST]
        object_id = at.object_id
        level, text = "info", f"Object {object_id} committed: {area} pixels."
        if most:
            level = "warning"
            text = (
                f"Most of the mask of object {object_id} lay on object {most[0]}: only "
                f"the rest was committed, {area} pixels."
                if rule == "keep"
                else f"Object {object_id} was committed, and took most of its pixels "
                f"from object {most[0]}."
            )
        self._workspace.events.message.emit(level, text)
