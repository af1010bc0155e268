"""Questions and answers: what is shown before anything is kept."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from napari_sam.apps.dock.bench import Bench
from napari_sam.core.prompts import Candidate
from napari_sam.session.requests import Response

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from napari_sam.core.address import Address
    from napari_sam.core.prediction import Prediction

_ASKING = "looking"


class Asking(Bench):
    """Part of the controller: previews, candidates, the threshold, hovering."""

    _positive = True
    _silent = False

    @property
    def ready(self) -> bool:
        """Whether a model is there to answer about this image."""
        return self._opened is not None and self._opened.answers

    @property
    def positive(self) -> bool:
        """What a plain click means; setting it changes later clicks."""
        return self._positive

    @positive.setter
    def positive(self, positive: bool) -> None:
        self._positive = positive
        if self.binding is not None:
            self.binding.positive = positive
        self.polarity_changed.emit(positive)

    @property
    def preview_on_hover(self) -> bool:
        """Whether the mask under the cursor is shown."""
        return self._hover.on

    @preview_on_hover.setter
    def preview_on_hover(self, on: bool) -> None:
        if on != self._hover.on:
            self._hover.on = on
            self._hover.clear()
            self.hover_changed.emit(on)

    @property
    def candidates(self) -> tuple[Prediction, ...]:
        """Masks that the preview was chosen from, best first; empty without one."""
        preview = None if self.session is None else self.session.preview
        if preview is None:
            return ()
        chosen, *others = preview.candidates
        i = self.candidate
        return (*others[:i], chosen, *others[i:])

    @property
    def candidate(self) -> int:
        """Which of the candidates is shown."""
        said = () if self.session is None else self.session.current_prompts.items
        last = said[-1] if said else None
        return last.index if isinstance(last, Candidate) else 0

    @property
    def threshold(self) -> float:
        """Logits above this are the current object."""
        return 0.0 if self.session is None else self.session.current_prompts.threshold

    def ask(self) -> None:
        """Have the current question answered; late answers are dropped."""
        session = self.session
        if session is None:
            return
        self._hover.clear()
        wanted = self._wanted()
        if not wanted or not self.ready:
            self._did(_ASKING)
            return
        self._do(_ASKING)
        self.work.ask(session.request(*wanted), self._answered, self._unanswered)

    def hover(self, position: Sequence[float]) -> None:
        """Show the mask under a position of the world, if that is on."""
        if self.ready:
            self._hover.move(position, positive=self._positive)

    def choose(self, index: int) -> None:
        """Show another candidate."""
        with self._telling():
            if index < len(self.candidates):
                self._here.choose(index)

    def cycle_candidate(self, step: int = 1) -> None:
        """Show the next candidate."""
        if self.candidates:
            self.choose((self.candidate + step) % len(self.candidates))

    def set_threshold(self, threshold: float) -> None:
        """Ask for more (lower) or less (higher) of the current object."""
        session = self.session
        if session is None or session.preview is None:
            return
        at, shown = session.current, session.preview
        with self._telling(), self._answering_itself():
            session.set_threshold(threshold)
            request = session.request()
            moved = shown.with_threshold(session.current_prompts.threshold)
            session.accept(Response(request, {at: moved}))

    def toggle_polarity(self) -> None:
        """Let plain clicks mean the opposite."""
        self.positive = not self.positive

    def _answered(self, response: Response) -> None:
        session = self.session
        if session is None:
            return
        taken = session.accept(response)
        for at, prompts in response.request.prompts.items():
            if response.request.image is session.image:
                self._hover.seen(at, prompts)
        if taken:
            self._say_if_empty(response.predictions[session.current])
        self._settle()

    def _settle(self) -> None:
        """Say that nothing is awaited any more, if that is so."""
        session = self.session
        if session is None or session.preview is not None or not self._wanted():
            self._did(_ASKING)

    def _unanswered(self, wrong: Exception) -> None:
        self._did(_ASKING)
        self._failed(wrong)

    def _wanted(self) -> list[Address]:
        """Return what is to be answered: the current question, if there is one."""
        session = self.session
        return (
            [session.current] if session is not None and session.current_prompts else []
        )

    def _say_if_empty(self, answer: Prediction) -> None:
        if not answer.area:
            self.said.emit(
                "warning", "Nothing was found here: click elsewhere, or draw a box."
            )
        elif not answer.complete:
            self.said.emit(
                "warning",
                "The object goes on beyond what was looked at: more clicks on it, or "
                "a box around it, bring in the rest.",
            )

    def _on_questions(self, ats: tuple[Address, ...]) -> None:
        session = self.session
        if session is not None and session.current in ats and not self._silent:
            self.ask()

    def _on_selection(self, _: Address) -> None:
        self.ask()

    def _on_preview(self, _: Prediction | None) -> None:
        self.candidates_changed.emit()

    @contextmanager
    def _answering_itself(self) -> Iterator[None]:
        """Do not ask about what changes meanwhile."""
        self._silent = True
        try:
            yield
        finally:
            self._silent = False
