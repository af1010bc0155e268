"""Refreshing views: once for all that changed, after what a person did is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer

if TYPE_CHECKING:
    from collections.abc import Callable

    from psygnal import SignalInstance


class Refresher(QTimer):
    """Refreshes a view in the next turn of Qt's loop, however often it is asked to.

    A click changes prompts, labels, objects and the selection one after the other, and
    each says so. What a view shows of them is read once, when all stand, and the click
    need not wait for it.

    Parameters
    ----------
    owner
        A widget that the refresher goes with, or None.
    refresh
        Shows what is there now.
    signals
        Ask for it.
    rest
        Milliseconds until then; by default, as soon as all that happens now is done.
    """

    def __init__(
        self,
        owner: QObject | None,
        refresh: Callable[[], object],
        *signals: SignalInstance,
        rest: int = 0,
    ) -> None:
        super().__init__(owner)
        self.setSingleShot(True)
        self.setInterval(rest)
        self._is_paused = self._is_wanted = False
        self.timeout.connect(refresh)
        for signal in signals:
            signal.connect(self.request)

    def request(self, *_: object) -> None:
        """Have the view refreshed soon, or when it is seen again."""
        if self._is_paused:
            self._is_wanted = True
        elif not self.isActive():
            self.start()

    def pause(self, is_paused: bool) -> None:
        """Wait while nobody sees the view; then refresh it if that was asked for."""
        self._is_paused = is_paused
        if self._is_wanted and not is_paused:
            self._is_wanted = False
            self.request()
