"""The first lines of the dock: the object that prompts go to, and the next step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFrame, QWidget

from napari_sam.annotator.guidance import next_step
from napari_sam.apps.dock.panels.widgets import NEAR, column, text
from napari_sam.apps.dock.refresher import Refresher

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.annotator.annotator import Annotator

#: Milliseconds after which the journal is asked again whether it could be written.
_AGAIN = 500


class ActivityPanel(QWidget):
    """The object that prompts go to, and what can be done next.

    Parameters
    ----------
    annotator
        What is annotated.
    keys
        The key of each command as people write it, by the command's id.
    """

    def __init__(self, annotator: Annotator, keys: Mapping[str, str]) -> None:
        super().__init__()
        self._annotator, self._keys = annotator, keys
        self.making = text()
        self.making.setStyleSheet("font-weight: bold;")
        self.hint = text(faint=True)
        rows = column(self)
        rows.setSpacing(0)
        rows.addWidget(self.making)
        rows.addWidget(self.hint)
        events = annotator.events
        self._refresher = Refresher(
            self,
            self.show_activity,
            events.image_opened,
            events.stepped,
            events.selection_changed,
            events.candidates_changed,
            events.model_changed,
            events.polarity_changed,
        )
        self.show_activity()

    def show_activity(self, *_: object) -> None:
        """Show the object that prompts go to."""
        self.making.setText(self._annotator.objects.activity)
        self.hint.setText(next_step(self._annotator, self._keys))


class TroublePanel(QFrame):
    """Says that work is not written to its journal, for as long as that is so."""

    def __init__(self, annotator: Annotator) -> None:
        super().__init__()
        self._annotator = annotator
        self.setStyleSheet("TroublePanel { border: 2px solid #ff6b4a; }")
        self.words = text()
        rows = column(self)
        rows.setContentsMargins(NEAR, NEAR, NEAR, NEAR)
        rows.addWidget(self.words)
        annotator.events.journal_trouble.connect(self.show_trouble)
        # The journal has a thread of its own, and fails after the step it is about.
        self._timer = QTimer(self)
        self._timer.timeout.connect(annotator.persistence.report_troubles)
        self._timer.start(_AGAIN)
        self.show_trouble(annotator.persistence.trouble)

    def end(self) -> None:
        """Stop the timer."""
        self._timer.stop()

    def show_trouble(self, why: str) -> None:
        """Show why the journal cannot be written; nothing hides it."""
        self.words.setText(
            f"✖ {why} There is no other copy of this work: save it. It is tried again "
            "all the time."
        )
        self.setVisible(bool(why))
