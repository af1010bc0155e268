"""The candidate masks of an ambiguous prompt, and which of them is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.prompts import Candidate

if TYPE_CHECKING:
    from napari_sam.annotator.workspace import Workspace
    from napari_sam.core.prediction import Prediction


class CandidateMasks:
    """The masks that the preview was chosen from, in a fixed order."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @property
    def masks(self) -> tuple[Prediction, ...]:
        """All candidate masks, best first; empty without a preview."""
        session = self._workspace.session
        preview = None if session is None else session.preview
        if preview is None:
            return ()
        chosen, *others = preview.candidates
        i = self.index
        return (*others[:i], chosen, *others[i:])

    @property
    def index(self) -> int:
        """Which of the candidates is shown."""
        session = self._workspace.session
        items = () if session is None else session.current_prompts.items
        last = items[-1] if items else None
        return last.index if isinstance(last, Candidate) else 0

    def choose(self, index: int) -> None:
        """Show another candidate."""
        with self._workspace.events.reporting():
            if index < len(self.masks):
                self._workspace.require_session().choose(index)

    def cycle(self, step: int = 1) -> None:
        """Show the next candidate."""
        if self.masks:
            self.choose((self.index + step) % len(self.masks))
