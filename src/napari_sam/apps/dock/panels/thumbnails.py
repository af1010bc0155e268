"""Pictures in rows that fill the width of their window, and grow with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QIcon, QImage, QPixmap
from qtpy.QtWidgets import QListView, QListWidget, QListWidgetItem

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from qtpy.QtGui import QResizeEvent

#: Pixels of a cell that are aimed at, and those around the picture in it.
_CELL, _AROUND = 100, 6


class Thumbnails(QListWidget):
    """Pictures with a word below each, as many across as fit at a legible size."""

    def __init__(self) -> None:
        super().__init__()
        self._pixmaps: list[QPixmap] = []
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setUniformItemSizes(True)
        self.setMinimumHeight(_CELL)
        # Always there: else it comes, takes room, and goes again.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    @property
    def across(self) -> int:
        """How many pictures stand side by side."""
        return max(1, round(self.viewport().width() / _CELL))

    def show_pictures(self, shown: Sequence[tuple[NDArray[np.uint8], str]]) -> None:
        """Show pictures, ``(side, side, 3)`` uint8, and the word below each."""
        self.clear()
        self._pixmaps = [pixmap(picture) for picture, _ in shown]
        for _, words in shown:
            self.addItem(QListWidgetItem(words))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the thumbnails out for the new width."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        # One pixel less than would fit, else the list breaks its rows before.
        cell = (self.viewport().width() - 1) // self.across
        side = max(cell - _AROUND, 16)
        height = side + self.fontMetrics().height() + _AROUND
        self.setIconSize(QSize(side, side))
        self.setGridSize(QSize(cell, height))
        for i, made in enumerate(self._pixmaps):
            item = self.item(i)
            if item is not None:
                item.setIcon(QIcon(enlarged(made, side)))


def enlarged(picture: QPixmap, side: int) -> QPixmap:
    """Return a picture in another size: a list makes pictures smaller, not larger."""
    keep = Qt.AspectRatioMode.KeepAspectRatio
    return picture.scaled(side, side, keep, Qt.TransformationMode.SmoothTransformation)


def pixmap(picture: NDArray[np.uint8]) -> QPixmap:
    """Return an array, ``(height, width, 3)`` uint8, as Qt draws it."""
    height, width, _ = picture.shape
    made = QImage(
        picture.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888
    )
    return QPixmap.fromImage(made)
