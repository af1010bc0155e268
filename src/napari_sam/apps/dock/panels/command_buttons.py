"""Buttons of commands: title, tip and key come from the annotator's list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.annotator.commands import COMMANDS
from napari_sam.apps.dock.panels.widgets import button

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qtpy.QtWidgets import QPushButton

    from napari_sam.annotator.annotator import Annotator


class CommandButtons:
    """Makes buttons that run commands of an annotator.

    Parameters
    ----------
    annotator
        What the commands are run on.
    keys
        The key of each command as people write it, by the command's id.
    """

    def __init__(self, annotator: Annotator, keys: Mapping[str, str]) -> None:
        self._annotator, self._keys = annotator, keys
        self._commands = {command.id: command for command in COMMANDS}

    def title(self, command_id: str) -> str:
        """Return the title of a command, with its key."""
        return f"{self._commands[command_id].title}  ({self._keys[command_id]})"

    def tip(self, command_id: str) -> str:
        """Return what a command does, as a sentence, with its key."""
        tip = self._commands[command_id].tip
        return f"{tip[:1].upper()}{tip[1:]}  ({self._keys[command_id]})"

    def button(
        self,
        command_id: str,
        called: Callable[[], object] | None = None,
        *,
        shows_key: bool = True,
    ) -> QPushButton:
        """Return the button of a command.

        Parameters
        ----------
        command_id
            Which command.
        called
            Called instead of the command, where the button does it to several objects.
        shows_key
            Whether the key stands behind the title; it is in the tip in any case.
        """
        command = self._commands[command_id]

        def run() -> None:
            command.run(self._annotator)

        title = self.title(command_id) if shows_key else command.title
        return button(title, self.tip(command_id), called or run)
