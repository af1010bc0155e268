"""Two parts of a column that scroll by themselves, and the border between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, QPoint, Qt, QTimer
from qtpy.QtWidgets import QSplitter, QWidget

from napari_sam.apps.dock.panels.widgets import NEAR, scrolling

if TYPE_CHECKING:
    from qtpy.QtGui import QResizeEvent

#: Share of the upper part where there is room, and the least height of the lower one.
_SHARE, _LEAST = 0.6, 112


class SharedHeight(QSplitter):
    """Two parts, the upper one as high as what is used with every click in it.

    A person who drags the border has it where they put it.

    Parameters
    ----------
    above, below
        The parts.
    line
        What of the upper part is to be in sight.
    """

    def __init__(self, above: QWidget, below: QWidget, line: QWidget) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self._above, self._line, self._is_dragged = above, line, False
        for part in (above, below):
            self.addWidget(scrolling(part))
        self.setChildrenCollapsible(False)
        self.splitterMoved.connect(self._on_dragged)
        above.installEventFilter(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the height out again."""
        super().resizeEvent(event)
        self._share()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Share it out when panels above come, go, open or close."""
        if event.type() == QEvent.Type.LayoutRequest:
            QTimer.singleShot(0, self, self._share)
        return False

    def _on_dragged(self, *_: int) -> None:
        self._is_dragged = True

    def _share(self) -> None:
        if self._is_dragged:
            return
        total, line = sum(self.sizes()), self._line
        upper = round(_SHARE * total)
        if line.isVisibleTo(self._above):
            end = line.mapTo(self._above, QPoint(0, line.height())).y() + NEAR
            upper = max(upper, min(end, total - _LEAST))
        self.setSizes([upper, total - upper])
