"""The review of a labelled data set in napari: thumbnails, and answers by keys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QIcon, QImage, QPixmap
from qtpy.QtWidgets import (
    QFileDialog,
    QLabel,
    QLineEdit,
    QListView,
    QListWidget,
    QListWidgetItem,
    QWidget,
)

from napari_sam.annotator.review_queue import ReviewQueue
from napari_sam.apps.dock.panels.widgets import button, choice, column, named, row, text
from napari_sam.apps.dock.qt_executor import QtExecutor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray
    from qtpy.QtGui import QCloseEvent, QKeyEvent

    from napari_sam.annotator.executor import Executor

#: Rows and columns of the picture of the current object on the screen.
_LARGE = 240
_ALL = "all classes"
#: Classes that a digit gives.
_DIGITS = 9


class ReviewWidget(QWidget):
    """Shows the most doubtful objects of a data set, and takes answers by keys.

    Parameters
    ----------
    executor
        Who does slow work; by default, a thread of its own.
    """

    def __init__(self, *, executor: Executor | None = None) -> None:
        super().__init__()
        self._own = None if executor is not None else QtExecutor()
        self.queue = ReviewQueue(executor or self._own or QtExecutor())
        self._make()
        self._lay_out()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.queue.changed.connect(self._refresh)
        self.queue.message.connect(self._say)
        self._refresh()

    def open(self, path: str | Path) -> None:
        """Open a data set that ``napari-sam label`` made."""
        self.said.setText("")
        self.queue.open(Path(path))
        self.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take the answer of a key."""
        done = self._keys.get(event.text().lower())
        if done is not None:
            done()
        elif event.text().isdigit():
            self._by_number(int(event.text()))
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Write the tables."""
        self.queue.close()
        super().closeEvent(event)

    @property
    def _keys(self) -> Mapping[str, Callable[[], None]]:
        return {
            "a": self.queue.accept,
            "r": self.queue.reject,
            "n": self.queue.skip,
            "z": self.queue.undo,
        }

    def _make(self) -> None:
        queue = self.queue
        self.choose = button("Open data set ...", "A folder that label made", self._ask)
        self.counts = text()
        self.large = QLabel()
        self.large.setFixedSize(_LARGE, _LARGE)
        self.about = text()
        self.accept = button("Accept  (A)", "It is right", queue.accept)
        self.reject = button("Reject  (R)", "It is no object", queue.reject)
        self.later = button("Later  (N)", "Leave it, go on to the next", queue.skip)
        self.undo = button("Undo  (Z)", "Take the last answer back", queue.undo)
        self.category = QLineEdit()
        self.category.setPlaceholderText("another class, and Enter")
        self.category.returnPressed.connect(self._by_name)
        self.only = choice("Show the objects of one class", [(None, _ALL)])
        self.only.activated.connect(self._on_only)
        self.next = QListWidget()
        self.next.setViewMode(QListView.ViewMode.IconMode)
        self.next.setIconSize(QSize(64, 64))
        self.next.setResizeMode(QListView.ResizeMode.Adjust)
        self.next.setMovement(QListView.Movement.Static)
        self.next.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self.next.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.numbers, self.said = text(faint=True), text()

    def _lay_out(self) -> None:
        rows = column(self)
        rows.addWidget(self.choose)
        rows.addWidget(self.counts)
        rows.addWidget(self.large, alignment=Qt.AlignmentFlag.AlignHCenter)
        rows.addWidget(self.about)
        rows.addWidget(row(self.accept, self.reject))
        rows.addWidget(row(self.later, self.undo))
        rows.addWidget(named("Class", self.category))
        rows.addWidget(named("Show", self.only))
        rows.addWidget(self.numbers)
        rows.addWidget(self.next, stretch=1)
        rows.addWidget(self.said)

    def _ask(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Open a labelled data set")
        if chosen:
            self.open(chosen)

    def _by_name(self) -> None:
        self.queue.set_class(self.category.text())
        self.category.clear()
        self.setFocus()

    def _by_number(self, number: int) -> None:
        classes = self.queue.page.classes
        if 1 <= number <= len(classes):
            self.queue.set_class(classes[number - 1])

    def _on_only(self) -> None:
        chosen = self.only.currentText()
        self.queue.show(None if self.only.currentIndex() <= 0 else chosen)
        self.setFocus()

    def _refresh(self) -> None:
        page, current = self.queue.page, self.queue.current
        self.counts.setText(page.text)
        for control in (self.accept, self.reject, self.later, self.category):
            control.setEnabled(current is not None)
        self.undo.setEnabled(page.counts is not None)
        self.large.clear()
        self.about.setText("" if current is None else str(current.item))
        if current is not None:
            shown = _pixmap(current.picture).scaled(_LARGE, _LARGE)
            self.large.setPixmap(shown)
        self.next.clear()
        for one in page.objects[1:]:
            words = one.item.category or "no class"
            self.next.addItem(QListWidgetItem(QIcon(_pixmap(one.picture)), words))
        self._offer(page.classes)

    def _offer(self, classes: tuple[str, ...]) -> None:
        """Offer classes by digits, and one of them to be shown alone."""
        numbered = [f"{k} {name}" for k, name in enumerate(classes[:_DIGITS], 1)]
        self.numbers.setText(f"Keys of classes: {', '.join(numbered)}" * bool(numbered))
        wanted = [_ALL, *classes]
        if wanted != [self.only.itemText(i) for i in range(self.only.count())]:
            now = self.only.currentText()
            self.only.clear()
            self.only.addItems(wanted)
            self.only.setCurrentText(now if now in wanted else _ALL)

    def _say(self, kind: str, words: str) -> None:
        self.said.setText(words if kind == "info" else f"<b>{words}</b>")


def _pixmap(picture: NDArray[np.uint8]) -> QPixmap:
    height, width, _ = picture.shape
    made = QImage(
        picture.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888
    )
    return QPixmap.fromImage(made)
