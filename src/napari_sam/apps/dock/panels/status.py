"""The status line: the last message, and a progress bar while work goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QProgressBar, QSizePolicy, QToolButton, QWidget

from napari_sam.apps.dock.panels.widgets import column, row, text
from napari_sam.apps.dock.refresher import Refresher

if TYPE_CHECKING:
    from napari_sam.annotator.annotator import Annotator
    from napari_sam.core.progress import Progress

#: Milliseconds after which work is long enough for a bar.
_LONG = 250
#: What a sentence begins with, besides its colour.
_MARKS = {"info": "", "warning": "⚠ ", "error": "✖ "}
_COLORS = {"info": "", "warning": "color: #e69f00;", "error": "color: #ff6b4a;"}


class StatusPanel(QWidget):
    """The last lines of the window: higher only where a message needs it."""

    def __init__(self, annotator: Annotator) -> None:
        super().__init__()
        self.sentence = text()
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.sentence.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
        )
        lines = 2 * self.sentence.fontMetrics().lineSpacing() + 4
        self.sentence.setMinimumHeight(lines)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.stop = QToolButton()
        self.stop.setText("Stop")
        self.stop.setToolTip("Stop this (Esc); what is done of it stays")
        self.stop.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.stop.clicked.connect(lambda: annotator.cancel())
        rows = column(self)
        rows.addWidget(self.sentence)
        rows.addWidget(self._reserve_height(row(self.bar, self.stop)))
        self._annotator = annotator
        self._message, self._level, self._task = "", "info", ""
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.timeout.connect(self._show_bar)
        self._set_bar(False)
        annotator.events.message.connect(self.show_message)
        self._refresher = Refresher(self, self._show_running, annotator.events.busy)

    def show_message(self, level: str, message: str) -> None:
        """Show a message until the next one."""
        self._message, self._level = message, level
        self._write()

    def show_progress(self, task: str, progress: Progress | None) -> None:
        """Show the progress of a task, if it takes long; ``""`` ends it."""
        self._task = task
        if not task:
            self._delay.stop()
            self._set_bar(False)
            self._write()
            return
        known = progress is not None and progress.total > 0
        self.bar.setRange(0, progress.total if progress and known else 0)
        if progress is not None and known:
            self.bar.setValue(progress.done)
        if self.bar.isVisibleTo(self):
            self._write()
        elif not self._delay.isActive():
            self._delay.start(_LONG)

    def _show_running(self) -> None:
        running = self._annotator.running
        last = ["", *running][-1]
        self.show_progress(last, running.get(last))

    def _reserve_height(self, widget: QWidget) -> QWidget:
        """Keep the room of a widget while it is not shown."""
        widget.setFixedHeight(22)
        for part in (self.bar, self.stop):
            policy = part.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            part.setSizePolicy(policy)
        widget.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        return widget

    def _show_bar(self) -> None:
        self._set_bar(True)
        self._write()

    def _set_bar(self, shown: bool) -> None:
        self.bar.setVisible(shown)
        self.stop.setVisible(shown)

    def _write(self) -> None:
        if self._task and self.bar.isVisibleTo(self):
            self.sentence.setText(f"{self._task[:1].upper()}{self._task[1:]} …")
            self.sentence.setStyleSheet("")
        else:
            self.sentence.setText(_MARKS[self._level] + self._message)
            self.sentence.setStyleSheet(_COLORS[self._level])
        self.sentence.setToolTip(self._message)
