"""The review of a labelled data set in napari: thumbnails, and answers by keys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QDockWidget, QLabel, QLineEdit, QWidget

from napari_sam.annotator.dataset_session import DatasetSession
from napari_sam.annotator.review_improvement import ReviewImprovement
from napari_sam.annotator.review_queue import ReviewQueue
from napari_sam.apps.dock import compat
from napari_sam.apps.dock.panels.dialogs import Dialogs
from napari_sam.apps.dock.panels.export import ExportPanel
from napari_sam.apps.dock.panels.improve import ImprovePanel
from napari_sam.apps.dock.panels.thumbnails import Thumbnails, pixmap
from napari_sam.apps.dock.panels.widgets import (
    NEAR,
    button,
    choice,
    column,
    named,
    row,
    text,
)
from napari_sam.apps.dock.qt_executor import QtExecutor
from napari_sam.apps.dock.review_layer import ReviewLayer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari.viewer import Viewer
    from qtpy.QtGui import QCloseEvent, QKeyEvent, QMouseEvent

    from napari_sam.annotator.view_executor import ViewExecutor
    from napari_sam.labelling import EditedLabels, ReviewItem

#: What the review is called where napari docks it.
REVIEW = "Review labels (napari-sam)"
#: Rows and columns of the picture of the current object on the screen.
_LARGE = 240
_ALL, _EVERYWHERE = "all classes", "all images"
#: Classes that a digit gives.
_DIGITS = 9
_CORRECTING = (
    "Correcting {} in the image: click what is missing, right-click what does not "
    "belong to it, K commits. Then save the correction."
)


class _Picture(QLabel):
    """A picture that can be clicked."""

    clicked = Signal()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Tell of the click."""
        event.accept()
        self.clicked.emit()


class ReviewWidget(QWidget):
    """Shows the most uncertain objects of a data set, and takes answers by keys.

    Parameters
    ----------
    napari_viewer
        Where images are opened to be corrected; without one, they are not.
    executor
        Who does slow work; by default, a thread of its own.
    """

    def __init__(
        self,
        napari_viewer: Viewer | None = None,
        *,
        executor: ViewExecutor | None = None,
    ) -> None:
        super().__init__()
        # A training ends in its own time: the data set must not wait for it.
        own = () if executor is not None else (QtExecutor(), QtExecutor())
        executor, trainer = own or (executor, executor)
        assert executor is not None
        assert trainer is not None
        viewer = None if napari_viewer is None else compat.unwrapped(napari_viewer)
        self.queue = ReviewQueue(executor)
        self.edited = DatasetSession(self.queue)
        self._layer = None if viewer is None else ReviewLayer(viewer)
        window = None if viewer is None else compat.window_of(viewer)
        self.dialogs = Dialogs(self, window)
        self.export = ExportPanel(executor, self.dialogs, self._write)
        improvement = ReviewImprovement(self.queue, trainer)
        improvement.events.model_changed.connect(self._list_models)
        self.improve = ImprovePanel(improvement, self._improve)
        self._make()
        self._lay_out()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.queue.changed.connect(self._refresh)
        self.queue.message.connect(self._say)
        self._refresh()
        if own:
            queue = self.queue
            self.destroyed.connect(lambda _: _end(*own, queue))

    def open(self, path: str | Path) -> None:
        """Open a data set that ``napari-sam label`` made."""
        self.take_over()
        self._leave()
        self.said.setText("")
        self.export.dataset = Path(path)
        self.queue.open(Path(path))
        self.setFocus()

    def correct(self) -> None:
        """Open the image of the current object in the dock, to correct it there."""
        current = self.queue.current
        if current is None or self._layer is None:
            return
        self.take_over()
        item = current.item
        self.edited.read(item, lambda *found: self._begin(item, *found))

    def take_over(self) -> None:
        """Write what was changed in the image into the data set."""
        if self.edited.has_changes:
            self.edited.take_over(self._on_taken)

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
        """Write what was changed, and the tables."""
        self.take_over()
        self.queue.close()
        self._leave()
        super().closeEvent(event)

    def _take_over_now(self) -> None:
        if self.edited.has_changes:
            self.take_over()
        elif self.edited.is_open:
            self._on_taken(0)

    @property
    def _keys(self) -> Mapping[str, Callable[[], None]]:
        return {
            "a": self.queue.accept,
            "r": self.queue.reject,
            "n": self.queue.skip,
            "z": self.queue.undo,
            "c": self.correct,
            "t": self._take_over_now,
        }

    def _make(self) -> None:
        queue = self.queue
        self.choose = button("Open data set …", "A folder that label made", self._ask)
        self.counts = text()
        self.large = _Picture()
        self.large.setFixedSize(_LARGE, _LARGE)
        self.large.clicked.connect(self.correct)
        self.about = text()
        self.accept = button("Accept  (A)", "It is right", queue.accept)
        self.reject = button("Reject  (R)", "It is no object", queue.reject)
        self.later = button("Later  (N)", "Leave it, go on to the next", queue.skip)
        self.undo = button("Undo  (Z)", "Take back the last decision", queue.undo)
        self.mend = button(
            "Correct  (C)", "Open its image, and correct it by clicks", self.correct
        )
        self.taken = button(
            "Save correction  (T)",
            "Write the corrected mask into the data set",
            self._take_over_now,
        )
        self.category = QLineEdit()
        self.category.setPlaceholderText("another class, and Enter")
        self.category.returnPressed.connect(self._by_name)
        self.only = choice("Show the objects of one class", [(None, _ALL)])
        self.where = choice("Show the objects of one image", [(None, _EVERYWHERE)])
        for one in (self.only, self.where):
            one.activated.connect(self._on_only)
        self.numbers, self.said = text(faint=True), text()
        self.next = Thumbnails()

    def _lay_out(self) -> None:
        rows = column(self)
        rows.setContentsMargins(NEAR, NEAR, NEAR, NEAR)
        rows.addWidget(self.choose)
        rows.addWidget(self.counts)
        rows.addWidget(self.large, alignment=Qt.AlignmentFlag.AlignHCenter)
        rows.addWidget(self.about)
        rows.addWidget(row(self.accept, self.reject))
        rows.addWidget(row(self.later, self.undo))
        rows.addWidget(row(self.mend, self.taken))
        rows.addWidget(named("Class", self.category))
        # Without a word before them: all letters have room.
        rows.addWidget(row(self.only, self.where))
        rows.addWidget(self.numbers)
        rows.addWidget(self.next, stretch=1)
        rows.addWidget(self.said)
        rows.addWidget(self.improve)
        rows.addWidget(self.export)

    def _leave(self) -> None:
        """Correct nothing any more: layers show again what they did before."""
        self.edited.end()
        if self._layer is not None:
            self._layer.close()

    def _write(self, then: Callable[[], object]) -> None:
        """Have all that was decided in the tables, and then go on."""
        self.take_over()
        self.queue.ask(lambda dataset: dataset.save(), lambda _: then())

    def _improve(self) -> None:
        self.take_over()
        self.improve.improvement.run_or_stop()

    def _list_models(self) -> None:
        if self._layer is not None:
            self._layer.list_models()

    def _ask(self) -> None:
        chosen = self.dialogs.folder_to_open("Open a labelled data set")
        if chosen is not None:
            self.open(chosen)

    def _begin(self, item: ReviewItem, edited: EditedLabels, is_shown: bool) -> None:
        """Show an image with its labels, and the object to be corrected."""
        assert self._layer is not None
        annotator = self._layer.open(edited, is_shown=is_shown)
        if annotator.session is None:
            return
        self.edited.begin(annotator.session, edited)
        layer, number = self._layer, item.row.object
        self.edited.look(lambda: layer.look_at(annotator, number))
        self._say("info", _CORRECTING.format(f"object {number}"))
        self._refresh()

    def _on_taken(self, count: int) -> None:
        changes = f"{count} object{'s' * (count != 1)} corrected."
        nothing = "Nothing was changed: K commits what you clicked."
        self._say("info", changes if count else nothing)

    def _by_name(self) -> None:
        self.queue.set_class(self.category.text())
        self.category.clear()
        self.setFocus()

    def _by_number(self, number: int) -> None:
        classes = self.queue.page.classes
        if 1 <= number <= len(classes):
            self.queue.set_class(classes[number - 1])

    def _on_only(self) -> None:
        self.queue.show(*(_chosen(one) for one in (self.only, self.where)))
        self.setFocus()

    def _refresh(self) -> None:
        page, current = self.queue.page, self.queue.current
        self.counts.setText(page.text)
        for control in (self.accept, self.reject, self.later, self.category):
            control.setEnabled(current is not None)
        self.mend.setEnabled(current is not None and self._layer is not None)
        self.taken.setEnabled(self.edited.is_open)
        self.undo.setEnabled(page.counts is not None)
        for panel in (self.improve, self.export):
            panel.setEnabled(page.counts is not None)
        self.large.clear()
        self.about.setText("" if current is None else str(current.item))
        if current is not None:
            self.large.setPixmap(pixmap(current.picture).scaled(_LARGE, _LARGE))
            self.large.setToolTip("Click to correct it in its image")
        self.next.show_pictures(
            [(one.picture, one.item.category or "no class") for one in page.objects[1:]]
        )
        numbers = enumerate(page.classes[:_DIGITS], 1)
        keys = ", ".join(f"{k} {name}" for k, name in numbers)
        self.numbers.setText(f"Keys of classes: {keys}" * bool(keys))
        _offer(self.only, [_ALL, *page.classes], page.category)
        _offer(self.where, [_EVERYWHERE, *page.images], page.image)

    def _say(self, kind: str, words: str) -> None:
        self.said.setText(words if kind == "info" else f"<b>{words}</b>")


def _offer(choice: QComboBox, wanted: list[str], chosen: str | None) -> None:
    """Offer what can be shown alone, the first of which is all."""
    if wanted != [choice.itemText(i) for i in range(choice.count())]:
        choice.clear()
        choice.addItems(wanted)
    choice.setCurrentIndex(0 if chosen is None else wanted.index(chosen, 1))


def _chosen(choice: QComboBox) -> str | None:
    """Return what is to be shown alone; None for all."""
    return choice.currentText() if choice.currentIndex() > 0 else None


def _end(executor: QtExecutor, trainer: QtExecutor, queue: ReviewQueue) -> None:
    """Tell nothing to a window that is gone, and write all that was decided in it."""
    trainer.close()
    executor.close(wait=True)
    queue.finish()


def review_of(viewer: Viewer) -> ReviewWidget:
    """Return the review in a viewer's window, in front; a new one if there is none."""
    window = viewer.window._qt_window
    found = window.findChildren(ReviewWidget)
    if found:
        there: ReviewWidget = found[0]
    else:
        there = ReviewWidget(viewer)
        viewer.window.add_dock_widget(there, name=REVIEW, area="right", tabify=True)
    above = there.parentWidget()
    while above is not None and not isinstance(above, QDockWidget):
        above = above.parentWidget()
    if above is not None:
        above.show()
        above.raise_()
    return there
