"""The lineage tree of the selected object: who divided into whom, along time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QPainter, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_sam.apps.dock.panels.time_strip import DIVIDES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtGui import QMouseEvent, QPaintEvent

    from napari_sam.annotator.tracking.family import Branch

#: Pixels from branch to branch, and of the numbers after them.
_STEP, _NUMBER, _MARGIN = 22, 26, 8
_LINE = "#8a9ba8"
_SELECTED = "#56b4e9"


class LineageTree(QWidget):
    """Paints a family of objects: time goes right, and each object is a line.

    Attributes
    ----------
    clicked
        Emitted with the object and the time that were clicked on.
    """

    clicked = Signal(int, int)

    def __init__(self) -> None:
        super().__init__()
        self._branches: list[Branch] = []
        self._length, self._selected = 1, 0
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip("Click on a line to go to the object")
        self.setAccessibleName("Lineage of the selected object")

    def show_family(
        self, branches: Sequence[Branch], length: int, selected: int
    ) -> None:
        """Show a family over so many times."""
        self._branches, self._length = list(branches), max(length, 2)
        self._selected = selected
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def sizeHint(self) -> QSize:
        """Return a height for all branches."""
        rows = max((b.row for b in self._branches), default=0)
        return QSize(200, int((rows + 1) * _STEP))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint all branches."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rows = {b.object_id: b for b in self._branches}
        for branch in self._branches:
            mother = rows.get(branch.mother or 0)
            if mother is not None:
                painter.setPen(QPen(QColor(DIVIDES), 1.5))
                fork = self._place(mother.last, mother.row)
                painter.drawLine(fork, self._place(branch.first, branch.row))
            self._paint_branch(painter, branch)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Tell which branch was clicked on, and at what time."""
        if not self._branches:
            return
        where = event.position()
        row = (where.y() - _STEP / 2) / _STEP
        time = round((where.x() - _MARGIN) * (self._length - 1) / self._width)
        nearest = min(
            self._branches,
            key=lambda b: abs(b.row - row) + max(b.first - time, time - b.last, 0),
        )
        inside = min(max(time, nearest.first), nearest.last)
        self.clicked.emit(nearest.object_id, inside)

    def position_of(self, object_id: int) -> QPointF:
        """Return where the line of an object begins."""
        (branch,) = [b for b in self._branches if b.object_id == object_id]
        return self._place(branch.first, branch.row)

    def _paint_branch(self, painter: QPainter, branch: Branch) -> None:
        is_selected = branch.object_id == self._selected
        pen = QPen(QColor(_SELECTED if is_selected else _LINE), 4)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        end = self._place(branch.last, branch.row)
        painter.drawLine(self._place(branch.first, branch.row), end)
        painter.setPen(self.palette().windowText().color())
        beside = QRectF(end.x() + 4, end.y() - _STEP / 2, _NUMBER, _STEP)
        if branch.divides:
            # Above the line: the daughters begin where its number would stand.
            beside.translate(-_NUMBER - 6, -9)
        painter.drawText(
            beside, int(Qt.AlignmentFlag.AlignVCenter), str(branch.object_id)
        )

    @property
    def _width(self) -> float:
        return max(self.width() - _NUMBER - 2 * _MARGIN, 1)

    def _place(self, time: int, row: float) -> QPointF:
        x = _MARGIN + time * self._width / (self._length - 1)
        return QPointF(x, row * _STEP + _STEP / 2)
