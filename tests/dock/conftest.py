"""A hand for the tests: real events on the canvas of a real viewer."""

import numpy as np
import pytest


class Hand:
    """Moves the mouse and presses keys, as Qt tells a canvas about it.

    Positions are those of the world, in the plane that is shown.
    """

    def __init__(self, viewer):
        self.viewer = viewer
        self.canvas = viewer.window._qt_viewer.canvas.native

    def click(self, row, col, *, right=False, shift=False):
        self.drag([(row, col)], right=right, shift=shift)

    def drag(self, path, *, right=False, shift=False):
        from qtpy.QtCore import QEvent, Qt

        button = Qt.MouseButton.RightButton if right else Qt.MouseButton.LeftButton
        none = Qt.MouseButton.NoButton
        keys = "ShiftModifier" if shift else "NoModifier"
        keys = getattr(Qt.KeyboardModifier, keys)
        first, *others = [self._place(*position) for position in path]
        self._send(QEvent.Type.MouseMove, first, none, none, keys)
        self._send(QEvent.Type.MouseButtonPress, first, button, button, keys)
        for place in others:
            self._send(QEvent.Type.MouseMove, place, none, button, keys)
        last = [first, *others][-1]
        self._send(QEvent.Type.MouseButtonRelease, last, button, none, keys)

    def double_click(self, row, col):
        """Press for the second time, as the one that follows `click`."""
        from qtpy.QtCore import QEvent, Qt

        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        keys = Qt.KeyboardModifier.NoModifier
        place = self._place(row, col)
        self._send(QEvent.Type.MouseButtonDblClick, place, left, left, keys)
        self._send(QEvent.Type.MouseButtonRelease, place, left, none, keys)

    def hover(self, row, col):
        from qtpy.QtCore import QEvent, Qt

        none = Qt.MouseButton.NoButton
        keys = Qt.KeyboardModifier.NoModifier
        place = self._place(row, col)
        self._send(QEvent.Type.MouseMove, place, none, none, keys)

    def press(self, key, *, ctrl=False, shift=False):
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest
        from qtpy.QtWidgets import QApplication

        keys = Qt.KeyboardModifier.NoModifier
        if ctrl:
            keys |= Qt.KeyboardModifier.ControlModifier
        if shift:
            keys |= Qt.KeyboardModifier.ShiftModifier
        QTest.keyClick(self.canvas, getattr(Qt.Key, f"Key_{key}"), keys)
        QApplication.processEvents()

    def _place(self, row, col):
        from qtpy.QtCore import QPointF

        camera = self.viewer.scene.camera
        shift = (np.array((row, col)) - camera.center[-2:]) * camera.zoom
        down, right = np.add(shift, (self.canvas.height() / 2, self.canvas.width() / 2))
        return QPointF(round(right), round(down))

    def _send(self, kind, place, button, buttons, keys):
        from qtpy.QtCore import QEvent
        from qtpy.QtGui import QMouseEvent
        from qtpy.QtTest import QTest
        from qtpy.QtWidgets import QApplication

        where = self.canvas.mapToGlobal(place)
        event = QMouseEvent(kind, place, where, button, buttons, keys)
        QApplication.sendEvent(self.canvas, event)
        if kind == QEvent.Type.MouseMove:
            QTest.qWait(10)  # napari lets one move pass every five milliseconds
        QApplication.processEvents()  # panels show what came of it a turn later


@pytest.fixture(autouse=True, scope="session")
def one_process():
    """Tests share the process of a model, as widgets do."""
    from napari_sam.annotator.models import ModelPool
    from napari_sam.apps.dock import widget

    pool = ModelPool()
    pool._models = {}
    before, widget._shared_pool = widget._shared_pool, lambda: pool
    yield
    widget._shared_pool = before
    pool._models.clear()


@pytest.fixture
def threshold_model(threshold_model, monkeypatch):
    """The models that the tests offer are known to no other process."""
    from napari_sam.annotator.models import ModelPool
    from napari_sam.api import load_backend

    monkeypatch.setattr(
        ModelPool, "open", lambda _, name, **options: load_backend(name, **options)
    )
    return threshold_model


@pytest.fixture
def hand():
    """Return a function that gives a viewer a hand."""
    return Hand


@pytest.fixture
def until(qtbot, qapp):
    """Let the window work until something is so; a busy machine takes its time."""

    def wait(holds):
        # An empty list is not yet, as None would be; pytest-qt takes neither for False.
        qtbot.waitUntil(lambda: bool(holds()), timeout=60_000)
        qapp.processEvents()  # so that panels show it

    return wait
