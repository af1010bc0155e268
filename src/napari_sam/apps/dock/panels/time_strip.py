"""The strip: a row for each object, a cell for each time, coloured by what is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QPointF, QRect, QSize, Qt, Signal
from qtpy.QtGui import QColor, QImage, QPainter, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from napari_sam.annotator.tracking.timeline import COLORS, WORDS, Mark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from qtpy.QtGui import QMouseEvent, QPaintEvent

    from napari_sam.annotator.tracking.timeline import Timeline

DIVIDES = "#d55e00"
#: Pixels of a row, of the gap below it, and of the numbers before the rows.
_ROW, _GAP, _NUMBERS = 16, 3, 34


class TimeStrip(QWidget):
    """Paints what is known of objects along time; a click jumps there.

    Attributes
    ----------
    jumped
        Emitted with an object and a time that were clicked on.
    ranged
        Emitted with an object and two times, between which the mouse was dragged.
    """

    jumped = Signal(int, int)
    ranged = Signal(int, int, int)

    def __init__(self) -> None:
        super().__init__()
        self._timeline: Timeline | None = None
        self._ids: list[int] = []
        self._time = 0
        self._pressed: tuple[int, int] | None = None
        self._range: tuple[int, int, int] | None = None
        palette = [QColor(COLORS[mark]) for mark in Mark]
        self._palette = np.array([c.getRgb() for c in palette], np.uint8)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Objects along time")

    @property
    def chosen_range(self) -> tuple[int, int, int] | None:
        """An object and its first and last time, as they were dragged over."""
        return self._range

    def show_rows(self, timeline: Timeline | None, ids: Sequence[int]) -> None:
        """Show some objects; what is known of them may have changed."""
        if timeline is not self._timeline:
            self._range = None
        self._timeline, self._ids = timeline, list(ids)
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def show_time(self, time: int) -> None:
        """Mark the time that is in view."""
        self._time = time
        self.update()

    def clear_range(self) -> None:
        """Have no times chosen any more."""
        self._range = None
        self.update()

    def sizeHint(self) -> QSize:
        """Return a height for all rows."""
        return QSize(200, max(len(self._ids), 1) * (_ROW + _GAP) + _GAP)

    def center_of(self, object_id: int, time: int) -> QPointF:
        """Return the middle of a cell."""
        left, right = self._edges(time)
        top = self._ids.index(object_id) * (_ROW + _GAP) + _GAP
        return QPointF((left + right) / 2, top + _ROW / 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the rows that are in sight."""
        if self._timeline is None:
            return
        painter = QPainter(self)
        first = max(event.rect().top() // (_ROW + _GAP), 0)
        last = event.rect().bottom() // (_ROW + _GAP) + 1
        for at in range(first, min(last, len(self._ids))):
            self._paint_row(painter, at, self._timeline)
        left, right = self._edges(self._time)
        painter.setPen(self.palette().windowText().color())
        width = max(int(right - left) - 1, 0)
        painter.drawRect(int(left), 0, width, self.height() - 1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click, or a drag over times."""
        self._pressed = self._cell(event.position())
        self.clear_range()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Choose the times that are dragged over, or say what is known of a cell."""
        cell = self._cell(event.position())
        if cell is None:
            return
        if self._pressed is not None and cell[1] != self._pressed[1]:
            first, last = sorted((self._pressed[1], cell[1]))
            self._range = self._pressed[0], first, last
            self.update()
        QToolTip.showText(event.globalPosition().toPoint(), self._told(*cell), self)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Jump to the cell that was clicked on, or tell of the times chosen."""
        if self._range is not None:
            self.ranged.emit(*self._range)
        elif self._pressed is not None:
            self.jumped.emit(*self._pressed)
        self._pressed = None

    def _paint_row(self, painter: QPainter, at: int, timeline: Timeline) -> None:
        object_id, top = self._ids[at], at * (_ROW + _GAP) + _GAP
        painter.setPen(self.palette().windowText().color())
        number = QRect(0, top, _NUMBERS - 4, _ROW)
        painter.drawText(number, Qt.AlignmentFlag.AlignRight, str(object_id))
        row = timeline.rows.get(object_id)
        area = QRect(_NUMBERS, top, self._width, _ROW)
        painter.fillRect(area, QColor(128, 128, 128, 40))
        if row is not None:
            painter.drawImage(area, self._image(row))
        end = timeline.divides_at(object_id)
        if end is not None:
            self._paint_division(painter, self._edges(end)[1], top)
        if self._range is not None and self._range[0] == object_id:
            left, right = self._edges(self._range[1])[0], self._edges(self._range[2])[1]
            painter.drawRect(QRect(int(left), top - 1, int(right - left), _ROW + 1))

    def _image(self, row: NDArray[np.uint8]) -> QImage:
        """Return a row as an image; of times that share a pixel, the doubtful one."""
        if len(row) > self._width:
            starts = np.arange(self._width) * len(row) // self._width
            row = np.maximum.reduceat(row, starts)
        pixels = np.ascontiguousarray(self._palette[row])
        size = 4 * len(row)
        image = QImage(pixels.data, len(row), 1, size, QImage.Format.Format_RGBA8888)
        return image.copy()

    def _paint_division(self, painter: QPainter, right: float, top: int) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(DIVIDES))
        corners = [(right - 7, top), (right, top + _ROW / 2), (right - 7, top + _ROW)]
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))
        painter.restore()

    def _told(self, object_id: int, time: int) -> str:
        assert self._timeline is not None
        words = self._timeline.describe(object_id, time, WORDS)
        return f"Object {object_id}, frame {time}: {words}"

    @property
    def _width(self) -> int:
        return max(self.width() - _NUMBERS, 1)

    def _edges(self, time: int) -> tuple[float, float]:
        length = 1 if self._timeline is None else self._timeline.length
        scale = self._width / length
        return _NUMBERS + time * scale, _NUMBERS + (time + 1) * scale

    def _cell(self, where: QPointF) -> tuple[int, int] | None:
        """Return the object and the time at a position."""
        at = int((where.y() - _GAP / 2) // (_ROW + _GAP))
        if self._timeline is None or not 0 <= at < len(self._ids):
            return None
        length = self._timeline.length
        time = int((where.x() - _NUMBERS) * length // self._width)
        return self._ids[at], min(max(time, 0), length - 1)
