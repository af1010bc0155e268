"""Two parts of a column that scroll by themselves, and the border between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, QPoint, Qt, QTimer
from qtpy.QtWidgets import QSplitter, QWidget

from napari_sam.apps.dock.panels.widgets import NEAR, scrolling

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qtpy.QtGui import QResizeEvent

#: Share of the upper part where there is room, and the least height of the lower one;
#: the same while something tall is open above.
_SHARE, _LEAST = 0.6, 112
_TALL_SHARE, _TALL_LEAST = 0.72, 176
#: Pixels of a title above a part; milliseconds until an opened part has its place.
_TITLE, _SETTLED = 40, 50


class SharedHeight(QSplitter):
    """Two parts, the upper one as high as what is used with every click in it.

    While something tall is open in the upper part, it has a larger share. A person who
    drags the border has it where they put it.

    Parameters
    ----------
    above, below
        The parts.
    line
        What of the upper part is to be in sight.
    beside
        Parts of the upper part that are worked on together with the lower one: while
        one of them is open, the upper part is no higher than it.
    tall
        Parts of the upper part that want height: while one of them is open, the lower
        part has less of it.
    fit
        Called with the height of what is seen of the lower part.
    """

    def __init__(
        self,
        above: QWidget,
        below: QWidget,
        line: QWidget,
        *,
        beside: Sequence[QWidget] = (),
        tall: Sequence[QWidget] = (),
        fit: Callable[[int], object] = lambda _: None,
    ) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self._above, self._line, self._is_dragged = above, line, False
        self._beside, self._tall, self._fit = tuple(beside), tuple(tall), fit
        self._areas = [scrolling(part) for part in (above, below)]
        for area in self._areas:
            self.addWidget(area)
        self.setChildrenCollapsible(False)
        self.splitterMoved.connect(self._on_dragged)
        above.installEventFilter(self)
        self._areas[1].installEventFilter(self)

    def bring_into_sight(self, part: QWidget) -> None:
        """Scroll to a part of the upper part, once it has its place."""

        def scroll() -> None:
            place = part.mapTo(self._above, QPoint(0, 0))
            area = self._areas[0]
            end = place.y() + part.height()
            # Its end first: where it is too high for the area, its top counts.
            area.ensureVisible(0, end, 0, NEAR)
            area.ensureVisible(0, place.y(), 0, NEAR)

        QTimer.singleShot(_SETTLED, self, scroll)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Divide the new height between both parts."""
        super().resizeEvent(event)
        self._share()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Share it out when panels above come, go, open or close."""
        if watched is self._areas[1]:
            if event.type() == QEvent.Type.Resize:
                self._fit(self._areas[1].height())
        elif event.type() == QEvent.Type.LayoutRequest:
            QTimer.singleShot(0, self, self._share)
        return False

    def _on_dragged(self, *_: int) -> None:
        self._is_dragged = True

    def _share(self) -> None:
        if self._is_dragged:
            return
        total = sum(self.sizes())
        upper = self._upper(total)
        self.setSizes([upper, total - upper])

    def _upper(self, total: int) -> int:
        """Return the height of the upper part."""
        upper = round(_SHARE * total)
        beside = self._open(self._beside)
        if beside:
            return min(upper, max(one.height() for one in beside) + _TITLE)
        for one in self._open(self._tall):
            most = min(round(_TALL_SHARE * total), total - _TALL_LEAST)
            upper = max(upper, min(self._end(one), most))
        for one in self._open([self._line]):
            upper = max(upper, min(self._end(one), total - _LEAST))
        return upper

    def _open(self, parts: Sequence[QWidget]) -> list[QWidget]:
        return [one for one in parts if one.isVisibleTo(self._above)]

    def _end(self, part: QWidget) -> int:
        """Return how high the upper part is to be, to have a part of it in sight."""
        return part.mapTo(self._above, QPoint(0, part.height())).y() + NEAR
