"""The offer to restore a session that was not saved, from its journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QFrame

from napari_sam.apps.dock.panels.widgets import NEAR, button, column, row, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam.annotator.annotator import Annotator


class RecoveryPanel(QFrame):
    """Offers to restore journals of this image, and waits for an answer."""

    def __init__(self, annotator: Annotator) -> None:
        super().__init__()
        self._annotator = annotator
        self._journals: list[Any] = []
        self.setStyleSheet("RecoveryPanel { border: 1px solid #56b4e9; }")
        self.words = text()
        self.restore = button(
            "Restore",
            "Restore the session from its journal, undo included",
            self._on_restore,
        )
        self.discard = button(
            "Discard", "Delete the journal of that session", self._on_discard
        )
        self.later = button(
            "Later", "Ask again when this image is opened the next time", self._on_later
        )
        rows = column(self)
        rows.setContentsMargins(NEAR, NEAR, NEAR, NEAR)
        rows.addWidget(self.words)
        rows.addWidget(row(self.restore, self.discard, self.later))
        self.hide()
        annotator.events.journals_found.connect(self.offer)
        annotator.events.image_opened.connect(self._on_opened)

    def offer(self, journals: Sequence[Any]) -> None:
        """Ask about journals, the newest first."""
        self._journals = list(journals)
        self.setVisible(bool(self._journals))
        if self._journals:
            self.words.setText(_sentence(self._journals[0]))

    def _on_opened(self, session: Any) -> None:
        if session is None:
            self.offer(())

    def _on_restore(self) -> None:
        journal = self._journals[0]
        self.offer(())
        self._annotator.persistence.restore(journal)

    def _on_discard(self) -> None:
        self._journals.pop(0).discard()
        self.offer(self._journals)

    def _on_later(self) -> None:
        self.offer(())


def _sentence(journal: Any) -> str:
    count = journal.objects
    objects = "1 object" if count == 1 else f"{count} objects"
    when = journal.when.astimezone()
    return f"Work from {when:%H:%M on %d %B} on this image ({objects}) was not saved."
