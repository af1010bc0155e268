"""Widgets that panels are made of: sections, rows, buttons, choices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, QSize, Qt, Signal
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qtpy.QtGui import QIcon

    from napari_sam.apps.dock.refresher import Refresher

#: What is chosen is seen at a glance, in any theme.
_PRESSED = (
    "QToolButton { border: 2px solid transparent; border-radius: 4px; padding: 2px; }"
    "QToolButton:checked { border-color: #56b4e9;"
    " background: rgba(86, 180, 233, 60); }"
)
#: Pixels between things that belong together, and between those that do not.
NEAR, APART = 4, 8
#: Pixels of a word before a widget, so that widgets are below each other.
LABEL = 72


class Section(QWidget):
    """A section of the dock: a title that opens and closes the widgets below it.

    Parameters
    ----------
    title
        What it is about, in a word or two.
    is_open
        Whether it is open at first.

    Attributes
    ----------
    opened
        Emitted with the section when it is opened.
    """

    opened = Signal(QWidget)

    def __init__(self, title: str, *, is_open: bool = True) -> None:
        super().__init__()
        self.title = QToolButton()
        self.title.setText(title)
        self.title.setCheckable(True)
        self.title.setChecked(is_open)
        self.title.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.title.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.title.setStyleSheet(
            "QToolButton { border: none; background: transparent; font-weight: bold;"
            " text-align: left; padding: 2px; }"
        )
        self.title.toggled.connect(self._show)
        self.inside = QWidget()
        self.rows = column(self.inside)
        outside = column(self)
        outside.addWidget(self.title)
        outside.addWidget(self.inside)
        self._show(is_open)
        self.title.clicked.connect(self._on_clicked)

    def add(self, *widgets: QWidget) -> None:
        """Put widgets in a row of their own; one alone takes all of it."""
        self.rows.addWidget(widgets[0] if len(widgets) == 1 else row(*widgets))

    def refresh_while_open(self, refresher: Refresher) -> None:
        """Have a refresher of the section wait while the section is closed."""
        self.title.toggled.connect(lambda is_open: refresher.pause(not is_open))
        refresher.pause(not self.title.isChecked())

    def _show(self, is_open: bool) -> None:
        self.title.setArrowType(
            Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow
        )
        self.inside.setVisible(is_open)

    def _on_clicked(self, is_open: bool) -> None:
        if is_open:
            self.opened.emit(self)


class _WheelGuard(QObject):
    """Leaves the wheel to what is around a widget that has no focus."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the wheel from a widget that a person has not chosen."""
        unasked = event.type() == QEvent.Type.Wheel and not watched.hasFocus()  # type: ignore[attr-defined]
        if unasked:
            event.ignore()
        return bool(unasked)


def scrolling(inside: QWidget) -> QScrollArea:
    """Put a column of panels into an area that scrolls up and down."""
    area = QScrollArea()
    area.setWidget(inside)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area


def scroll_past_values(panel: QWidget) -> None:
    """Let the wheel scroll a panel, and change no value in it that has no focus."""
    guard = _WheelGuard(panel)
    for kind in (QComboBox, QAbstractSpinBox, QSlider):
        for one in panel.findChildren(kind):
            if one.focusPolicy() == Qt.FocusPolicy.WheelFocus:
                one.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            one.installEventFilter(guard)


def column(widget: QWidget) -> QVBoxLayout:
    """Lay a widget out from top to bottom."""
    layout = QVBoxLayout(widget)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(NEAR)
    return layout


def row(*widgets: QWidget) -> QWidget:
    """Put widgets side by side; those that want more room share it."""
    line = QWidget()
    layout = QHBoxLayout(line)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(NEAR)
    for widget in widgets:
        layout.addWidget(widget)
    return line


def text(words: str = "", *, faint: bool = False) -> QLabel:
    """Return words that go on in the next line where the window is narrow."""
    label = QLabel(words)
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    if faint:
        label.setEnabled(False)
    return label


def named(words: str, widget: QWidget) -> QWidget:
    """Put a word before something to choose or to write in."""
    label = QLabel(words)
    label.setBuddy(widget)
    label.setFixedWidth(LABEL)
    line = row(label, widget)
    widget.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    return line


def button(words: str, tip: str, called: Callable[[], object]) -> QPushButton:
    """Return a button; called without arguments when it is pressed."""
    made = QPushButton(words)
    made.setToolTip(tip)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # so that keys stay the viewer's
    made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    made.clicked.connect(lambda: called())
    return made


def choice(tip: str, offered: Iterable[tuple[Any, str]] = ()) -> QComboBox:
    """Return a list to choose from: values, and the words that stand for them."""
    made = QComboBox()
    made.setToolTip(tip)
    # Not by clicking: the letters after it are keys of the viewer.
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    made.setSizeAdjustPolicy(
        QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
    )
    made.setMinimumContentsLength(4)
    for value, words in offered:
        made.addItem(words, value)
    return made


def tool(words: str, tip: str, icon: QIcon) -> QToolButton:
    """Return a picture with a word below it, that can be pressed down."""
    made = QToolButton()
    made.setText(words)
    made.setToolTip(tip)
    made.setIcon(icon)
    made.setIconSize(QSize(20, 20))
    made.setCheckable(True)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
    made.setStyleSheet(_PRESSED)
    # As wide as its word, but where the dock is too narrow for all of a row.
    made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
    made.setMinimumWidth(24)
    return made
