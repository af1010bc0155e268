"""The widgets that show one annotation: all of them are sent the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam.core.json_values import JsonDict


class Display(Protocol):
    """A widget, wherever browsers draw it."""

    def send_message(self, content: JsonDict, buffers: Sequence[bytes] = ()) -> None:
        """Send a message to every place where the widget is drawn. From any thread."""


class Displays:
    """Sends messages to every widget of an annotation."""

    def __init__(self) -> None:
        self._displays: list[Display] = []

    def add(self, display: Display) -> None:
        """Add a widget that messages are sent to."""
        self._displays.append(display)

    def remove(self, display: Display) -> None:
        """Remove a widget: messages are sent to it no more."""
        self._displays = [one for one in self._displays if one is not display]

    def send(self, content: JsonDict, buffers: Sequence[bytes] = ()) -> None:
        """Send a message to all. From any thread."""
        for display in self._displays:
            display.send_message(content, buffers)
