"""The preview: the mask of the open prompts, before anything is committed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from napari_sam.session.requests import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari_sam.annotator.hover import Hover
    from napari_sam.annotator.workspace import Workspace
    from napari_sam.core.address import Address
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.session.requests import Request

_PREDICTING = "predicting"


class Preview:
    """Predicts the mask of the current prompts, and shows it as the preview.

    Of a small object that a close-up has yet to be encoded of, the outline at the usual
    scale is shown until then, as that of a mask under the cursor.

    Attributes
    ----------
    awaited
        Prompts whose masks are committed as soon as they are predicted, and as they
        were then.
    on_response
        Called with every response, after the session took it.
    """

    def __init__(self, workspace: Workspace, hover: Hover) -> None:
        self._workspace, self._hover = workspace, hover
        self._silent = False
        self._request: Request | None = None
        self.awaited: dict[Address, Prompts] = {}
        self.on_response: Callable[[Response], object] | None = None

    @property
    def positive(self) -> bool:
        """Whether a plain click is a positive prompt; setting it changes later ones."""
        return self._workspace.positive

    @positive.setter
    def positive(self, positive: bool) -> None:
        self._workspace.positive = positive
        if self._workspace.view is not None:
            self._workspace.view.positive = positive
        self._workspace.events.polarity_changed.emit(positive)

    @property
    def threshold(self) -> float:
        """Logits above this are the current object."""
        session = self._workspace.session
        return 0.0 if session is None else session.current_prompts.threshold

    def toggle_polarity(self) -> None:
        """Switch plain clicks between positive and negative points."""
        self.positive = not self.positive

    def refresh(self) -> None:
        """Have the masks of the open prompts predicted; late responses are dropped."""
        session = self._workspace.session
        if session is None:
            return
        self._hover.clear()
        self._request = None
        addresses = self._addresses()
        if not addresses or not self._workspace.has_model:
            self._workspace.tasks.end(_PREDICTING)
            return
        self._workspace.tasks.begin(_PREDICTING)
        request = session.request(*addresses, early=self._tell_early)
        self._request = request
        self._workspace.executor.predict(request, self._on_response, self._on_failure)

    def set_threshold(self, threshold: float) -> None:
        """Set the threshold of the current mask, without the model."""
        session = self._workspace.session
        if session is None or session.preview is None:
            return
        at, shown = session.current, session.preview
        with self._workspace.events.reporting(), self._without_refresh():
            session.set_threshold(threshold)
            moved = shown.with_threshold(session.current_prompts.threshold)
            session.accept(Response(session.request(), {at: moved}))

    def await_mask(self) -> None:
        """Commit the mask of the current prompts when it is predicted."""
        session = self._workspace.require_session()
        self.awaited[session.current] = session.current_prompts

    def prompts_changed(self, addresses: tuple[Address, ...]) -> None:
        """Predict anew; await no mask of prompts that are others now."""
        session = self._workspace.session
        if session is None:
            return
        for at in [a for a in addresses if a in self.awaited]:
            if session.open_prompts.get(at) != self.awaited[at]:
                del self.awaited[at]
        if session.current in addresses and not self._silent:
            self.refresh()

    def _addresses(self) -> list[Address]:
        """Return whose masks are to be predicted, the current prompts' last."""
        session = self._workspace.session
        if session is None:
            return list(self.awaited)
        current = [session.current] if session.current_prompts else []
        return [*(at for at in self.awaited if at not in current), *current]

    def _on_response(self, response: Response) -> None:
        session = self._workspace.session
        if session is None:
            return
        accepted = session.accept(response)
        if accepted:
            self._hover.hide_early()
            self._warn(response.predictions[session.current])
        if self.on_response is not None:
            self.on_response(response)
        # What listens may have gone on to another image or object.
        session = self._workspace.session
        shown = session is None or session.preview is not None
        if shown or not self._addresses():
            self._workspace.tasks.end(_PREDICTING)

    def _tell_early(self, response: Response) -> None:
        self._workspace.executor.tell(lambda: self._on_early(response))

    def _on_early(self, response: Response) -> None:
        """Show where the object is; there is nothing to be committed yet."""
        session = self._workspace.session
        if session is not None and response.request is self._request:
            mask = response.predictions.get(session.current)
            if mask is not None:
                self._hover.show_early(mask)

    def _on_failure(self, error: Exception) -> None:
        self.awaited.clear()
        self._hover.hide_early()
        self._workspace.tasks.end(_PREDICTING)
        self._workspace.events.report(error)

    def _warn(self, prediction: Prediction) -> None:
        message = self._workspace.events.message
        if not prediction.area:
            message.emit(
                "warning", "Nothing was found here: click elsewhere, or draw a box."
            )
        elif not prediction.complete:
            message.emit(
                "warning",
                "The object goes on beyond the tiles that were embedded: more clicks "
                "on it, or a box around it, bring in the rest.",
            )

    @contextmanager
    def _without_refresh(self) -> Iterator[None]:
        """Predict nothing for prompts that change meanwhile."""
        self._silent = True
        try:
            yield
        finally:
            self._silent = False
