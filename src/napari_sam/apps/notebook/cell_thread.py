"""The thread that cells run on, as other threads reach it."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LOG = logging.getLogger(__name__)
#: Seconds after which a cell that waits looks again.
_AGAIN = 0.25


class CellThread:
    """Carries calls to the thread that made it, where cells run.

    They run when its event loop is free, or while a cell waits in `wait_until`: so
    what cells and what a browser do to a session never meets in the middle.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._thread = threading.get_ident()
        self._open = True
        self._loop: asyncio.AbstractEventLoop | None = None
        with suppress(RuntimeError):
            self._loop = asyncio.get_running_loop()

    def send(self, call: Callable[[], object]) -> None:
        """Have it called soon. From any thread."""
        if self._open:
            self._calls.put(call)
            if self._loop is not None:
                with suppress(
                    RuntimeError
                ):  # the loop has ended, and so has the kernel
                    self._loop.call_soon_threadsafe(self.run_waiting)

    def deliver(self, call: Callable[[], object]) -> None:
        """Call it now on this thread, after what waits; from others, soon."""
        if threading.get_ident() != self._thread:
            self.send(call)
            return
        self.run_waiting()
        _run(call)

    def run_waiting(self) -> int:
        """Run all calls that wait; return their number."""
        count = 0
        while self._open:
            try:
                call = self._calls.get_nowait()
            except Empty:
                break
            _run(call)
            count += 1
        return count

    def wait_until(self, done: Callable[[], bool], timeout: float | None) -> bool:
        """Call what comes until something is so; False if the time was over before."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            self.run_waiting()
            if done():
                return True
            left = _AGAIN if end is None else min(_AGAIN, end - time.monotonic())
            if left <= 0 or not self._open:
                return False
            with suppress(Empty):
                _run(self._calls.get(timeout=left))

    def close(self) -> None:
        """Close the thread to calls, those that wait included."""
        self._open = False


def _run(call: Callable[[], object]) -> None:
    """Call; what goes wrong in one call must not keep the next from its turn."""
    try:
        call()
    except Exception:
        _LOG.exception("A call from the browser or from another thread failed.")
