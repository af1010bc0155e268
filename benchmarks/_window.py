"""A real viewer with our dock widget, and a mouse and keys of Qt's own events.

On the screen there is, or on one that nobody sees (Xvfb, see `screen`).
"""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

os.environ.setdefault("QT_API", "pyside6")
os.environ.setdefault("LIBGL_ALWAYS_SOFTWARE", "1")
os.environ["NAPARI_SAM_HOME"] = tempfile.mkdtemp()

import numpy as np

from napari_sam.annotator.models import ModelPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari_sam.core.protocols import Backend

PATIENCE = 60.0


@contextmanager
def screen() -> Iterator[None]:
    """Make a screen if there is none."""
    if os.environ.get("DISPLAY") or os.name != "posix":
        yield
        return
    from pyvirtualdisplay import Display

    with Display(size=(1600, 1200)):
        yield


class OneModel(ModelPool):
    """A pool that opens one model only, whatever its name."""

    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self.backend = backend

    def open(self, name: str | None, **_: str | None) -> Backend:
        return self.backend


class Window:
    """A viewer with our widget, and a mouse."""

    def __init__(self, backend: Backend) -> None:
        import napari
        from qtpy.QtWidgets import QApplication

        from napari_sam.apps.dock import widget

        self.viewer = napari.Viewer(show=True)
        setattr(QApplication.instance(), widget._POOL, OneModel(backend))
        self.widget = widget.SegmentWidget(self.viewer)
        self.viewer.window.add_dock_widget(self.widget, area="right")
        self.viewer.window.resize(1300, 900)
        self.controller = self.widget.controller
        self.annotator = self.controller.annotator
        self.canvas = self.viewer.window._qt_viewer.canvas
        self.drawn_at, self._is_due = 0.0, False
        self.canvas.events.draw.connect(self._on_draw)

    def show(self, pixels: Any) -> None:
        layer = self.viewer.add_image(pixels)
        self.controller.open(layer)
        self.wait(lambda: self.annotator.has_model)
        for _ in range(20):
            self.turn()

    def click(self, row: float, col: float) -> float | None:
        """Return the seconds until the mask of a new object is drawn; None if empty."""
        session = self.annotator.session
        session.next_object()
        self.turn()
        session.preview_changed.connect(self._on_preview)
        start = time.perf_counter()
        self.press(row, col)
        self.wait(lambda: session.preview is not None)
        drawn = bool(session.preview.area)
        self.wait(lambda: self.drawn_at > start or not drawn)
        session.preview_changed.disconnect(self._on_preview)
        return self.drawn_at - start if drawn else None

    def press(self, row: float, col: float) -> None:
        """Press and release the left button."""
        self.mouse("MouseButtonPress", row, col, pressed=True)
        self.mouse("MouseButtonRelease", row, col)

    def key(self, letter: str) -> None:
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        QTest.keyClick(self.canvas.native, getattr(Qt.Key, f"Key_{letter}"))

    def wait(self, done: Callable[[], bool]) -> None:
        end = time.perf_counter() + PATIENCE
        while not done():
            if time.perf_counter() > end:
                raise TimeoutError("Nothing came.")
            self.turn()

    def turn(self) -> None:
        from qtpy.QtWidgets import QApplication

        QApplication.processEvents()
        time.sleep(0.0005)

    def close(self) -> None:
        self.widget.end()
        self.viewer.close()
        for _ in range(20):
            self.turn()

    def _on_preview(self, preview: Any) -> None:
        self._is_due = preview is not None

    def _on_draw(self, _: Any) -> None:
        if self._is_due:
            self.drawn_at, self._is_due = time.perf_counter(), False

    def mouse(
        self, kind: str, row: float, col: float, *, pressed: bool = False
    ) -> None:
        from qtpy.QtCore import QEvent, QPointF, Qt
        from qtpy.QtGui import QMouseEvent
        from qtpy.QtWidgets import QApplication

        native, camera = self.canvas.native, self.viewer.scene.camera
        shift = (np.array((row, col)) - camera.center[-2:]) * camera.zoom
        down, right = shift + np.array((native.height(), native.width())) / 2
        here, none = QPointF(float(right), float(down)), Qt.MouseButton.NoButton
        button = none if kind == "MouseMove" else Qt.MouseButton.LeftButton
        event = QMouseEvent(
            getattr(QEvent.Type, kind),
            here,
            native.mapToGlobal(here),
            button,
            button if pressed else none,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(native, event)
