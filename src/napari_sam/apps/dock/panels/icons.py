"""Icons of tools and prompts, drawn in the colours of the theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QPolygonF

from napari_sam.apps.dock.layer_style import NEGATIVE, POSITIVE

if TYPE_CHECKING:
    from collections.abc import Callable

#: Pixels a side; drawn at twice the size they are shown at.
_SIDE = 40
#: Seen well on dark and on light.
_LINE = "#8a9ba8"


def icon(name: str) -> QIcon:
    """Return a picture by its name: a tool, or ``"positive"`` or ``"negative"``."""
    picture = QPixmap(_SIDE, _SIDE)
    picture.fill(Qt.GlobalColor.transparent)
    with_pen = QPainter(picture)
    with_pen.setRenderHint(QPainter.RenderHint.Antialiasing)
    with_pen.setPen(_pen(_LINE))
    _DRAWN[name](with_pen)
    with_pen.end()
    made = QIcon()
    for state in (QIcon.State.On, QIcon.State.Off):
        for mode in (QIcon.Mode.Normal, QIcon.Mode.Active, QIcon.Mode.Selected):
            made.addPixmap(picture, mode, state)
    return made


def swatch(red: float, green: float, blue: float) -> QPixmap:
    """Return a square of one colour; each part from 0 to 1."""
    picture = QPixmap(12, 12)
    picture.fill(QColor.fromRgbF(red, green, blue))
    return picture


def _pen(color: str) -> QPen:
    pen = QPen(QColor(color))
    pen.setWidthF(3.5)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen


def _positive(paint: QPainter) -> None:
    paint.setPen(Qt.PenStyle.NoPen)
    paint.setBrush(QColor(POSITIVE))
    paint.drawEllipse(QRectF(8, 8, 24, 24))


def _negative(paint: QPainter) -> None:
    pen = _pen(NEGATIVE)
    pen.setWidthF(6)
    paint.setPen(pen)
    paint.drawLine(QPointF(10, 10), QPointF(30, 30))
    paint.drawLine(QPointF(30, 10), QPointF(10, 30))


def _point(paint: QPainter) -> None:
    arrow = [(12, 6), (12, 31), (18, 25), (23, 35), (27, 33), (22, 23), (30, 23)]
    paint.drawPolygon(_shape(arrow))


def _box(paint: QPainter) -> None:
    paint.drawRect(QRectF(6, 10, 28, 20))


def _polygon(paint: QPainter) -> None:
    paint.drawPolygon(_shape([(8, 16), (20, 6), (33, 14), (29, 32), (12, 33)]))


def _lasso(paint: QPainter) -> None:
    paint.drawEllipse(QRectF(6, 6, 28, 19))
    paint.drawPolyline(_shape([(12, 23), (10, 29), (15, 31), (11, 37)]))


def _scribble(paint: QPainter) -> None:
    wave = [(5, 28), (10, 17), (15, 15), (20, 22), (25, 26), (30, 20), (35, 9)]
    paint.drawPolyline(_shape(wave))


def _shape(corners: list[tuple[int, int]]) -> QPolygonF:
    return QPolygonF([QPointF(x, y) for x, y in corners])


_DRAWN: dict[str, Callable[[QPainter], None]] = {
    "positive": _positive,
    "negative": _negative,
    "point": _point,
    "box": _box,
    "polygon": _polygon,
    "lasso": _lasso,
    "scribble": _scribble,
}
