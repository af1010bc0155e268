"""Slow work on other threads; its results arrive on the thread of the window."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Qt, Signal

from napari_sam.annotator.thread_executor import ThreadExecutor

if TYPE_CHECKING:
    from collections.abc import Callable


class _MainThread(QObject):
    """Carries calls to the thread that made it; after `close` it drops them."""

    _posted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._open = True
        self._posted.connect(self._call, Qt.ConnectionType.QueuedConnection)

    def send(self, call: Callable[[], object]) -> None:
        """Have it called soon. From any thread."""
        with self._lock:
            if self._open:
                self._posted.emit(call)

    def close(self) -> None:
        """Close the thread to calls, those that wait included."""
        with self._lock:
            self._open = False

    def _call(self, call: Callable[[], object]) -> None:
        if self._open:
            call()


class QtExecutor(ThreadExecutor):
    """Does the slow work of a window. To be made on the thread of the window."""

    def __init__(self) -> None:
        super().__init__(_MainThread())
