"""The list of propagated frames to review, lowest confidence first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor, QIcon
from qtpy.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem

from napari_sam.annotator.tracking.timeline import COLORS, Mark
from napari_sam.apps.dock.panels.icons import swatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtGui import QKeyEvent

    from napari_sam.annotator.tracking.timeline import ReviewFrame
    from napari_sam.core.address import Address


class ReviewList(QListWidget):
    """Shows propagated frames; a click on one goes there.

    Attributes
    ----------
    chosen
        Emitted with the address of the frame that was clicked on.
    """

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._frames: list[ReviewFrame] = []
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setMinimumHeight(72)
        self.setMaximumHeight(110)
        self.setUniformItemSizes(True)
        self.setToolTip(
            "Propagated frames, lowest confidence first; click to go to one"
        )
        self.itemClicked.connect(self._on_clicked)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave letters to the viewer, as they are its keys."""
        if event.text().isalpha():
            event.ignore()
        else:
            super().keyPressEvent(event)

    def show_frames(
        self, frames: Sequence[ReviewFrame], current: Address | None
    ) -> None:
        """Show frames to review, and which of them is being reviewed."""
        if list(frames) != self._frames:
            self._frames = list(frames)
            self.clear()
            for one in frames:
                self.addItem(_item(one))
        ats = [one.at for one in self._frames]
        self.setCurrentRow(ats.index(current) if current in ats else -1)

    def _on_clicked(self, item: QListWidgetItem) -> None:
        self.chosen.emit(item.data(Qt.ItemDataRole.UserRole))


def _item(frame: ReviewFrame) -> QListWidgetItem:
    words = f"Object {frame.at.object_id}, frame {frame.at.frame}"
    told = "divides?" if frame.divides else f"confidence {frame.confidence:.2f}"
    item = QListWidgetItem(f"{words}   {told}")
    mark = Mark.FLAGGED if frame.flagged else Mark.PROPAGATED
    color = QColor(COLORS[mark])
    item.setIcon(QIcon(swatch(color.redF(), color.greenF(), color.blueF())))
    item.setData(Qt.ItemDataRole.UserRole, frame.at)
    return item
