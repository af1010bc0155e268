"""Closing: notices that the window closes, or that the dock is taken out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtWidgets import QMainWindow, QWidget

if TYPE_CHECKING:
    from collections.abc import Callable


class CloseWatcher(QObject):
    """Watches over a docked widget.

    Parameters
    ----------
    widget
        What is docked.
    may_close
        Called before the window closes, with whether a person closes it. If it
        returns False, the window stays.
    closed
        Called once it has closed.
    undocked
        Called when the widget was taken out of the window, which stays.
    """

    def __init__(
        self,
        widget: QWidget,
        *,
        may_close: Callable[[bool], bool],
        closed: Callable[[], object],
        undocked: Callable[[], object],
    ) -> None:
        super().__init__(widget)
        self._widget, self._may_close = widget, may_close
        self._closed, self._undocked = closed, undocked
        self._closing = False
        self.window: QMainWindow | None = None
        widget.installEventFilter(self)

    def end(self) -> None:
        """Remove the event filter."""
        self._widget.removeEventFilter(self)
        if self.window is not None:
            self.window.removeEventFilter(self)
            self.window = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """See what happens to the widget and to its window."""
        kind = event.type()
        if watched is self._widget:
            if kind == QEvent.Type.ParentChange:
                QTimer.singleShot(0, self, self._look)
            return False
        if kind == QEvent.Type.Close:
            return self._on_close(event)
        if kind == QEvent.Type.Hide and self._closing:
            self._closed()
        return False

    def _on_close(self, event: QEvent) -> bool:
        if not self._may_close(event.spontaneous()):
            event.ignore()
            return True
        # napari may have a question of its own, so that it is not certain yet.
        if self.window is not None and not self.window.isVisible():
            self._closed()
        else:
            self._closing = True
            QTimer.singleShot(0, self, self._stays)
        return False

    def _stays(self) -> None:
        self._closing = False

    def _look(self) -> None:
        """Find out in which window the widget is now."""
        window = _main_window(self._widget)
        if window is self.window:
            return
        before, self.window = self.window, window
        if before is not None:
            before.removeEventFilter(self)
        if window is not None:
            window.installEventFilter(self)
        elif before is not None:
            self._undocked()


def _main_window(widget: QWidget) -> QMainWindow | None:
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QMainWindow):
        parent = parent.parentWidget()
    return parent
