"""Keys of commands, bound on a viewer and on layers of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_sam.annotator.commands import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from napari_sam.annotator.annotator import Annotator
    from napari_sam.annotator.commands import Command


def chosen_keys() -> dict[str, str]:
    """Return the key of each command, by its id: the person's own, or the default."""
    own = _preferences()
    return {command.id: own.get(command.id) or command.key for command in COMMANDS}


class KeyBindings:
    """Keys that are bound on a viewer and on layers of ours, until they are released.

    Parameters
    ----------
    annotator
        What the commands are run on.
    """

    def __init__(self, annotator: Annotator) -> None:
        self._annotator = annotator
        self._bound: list[tuple[Any, str, Any]] = []

    def bind_viewer(self, viewer: Any) -> None:
        """Bind all keys on a viewer; those of the active layer come first."""
        self._bind(viewer, COMMANDS)

    def bind_layer(self, layer: Any) -> None:
        """Bind keys on a layer of ours, before napari's own for its kind."""
        self._bind(layer, [c for c in COMMANDS if not c.ends_drawing])

    def release(self) -> None:
        """Give all keys back to whoever had them before."""
        for thing, key, call in reversed(self._bound):
            thing.bind_key(key, _without(thing.bind_key(key, None), call))
        self._bound.clear()

    def _bind(self, thing: Any, commands: Iterable[Command]) -> None:
        keys = chosen_keys()
        for command in commands:
            key = keys[command.id]
            call = _pressed(command, self._annotator, thing.bind_key(key, None))
            thing.bind_key(key, call)
            self._bound.append((thing, key, call))


def _pressed(
    command: Command, annotator: Annotator, before: object
) -> Callable[[Any], None]:
    """Return what a key does; it knows what the key did before."""

    def press(_: object) -> None:
        command.run(annotator)

    press.before = before  # type: ignore[attr-defined]
    return press


def _without(top: Any, call: Any) -> Any:
    """Take a call out of those of a key; another dock may have bound it since."""
    if top is call:
        return call.before
    above: Any = top
    while hasattr(above, "before"):
        if above.before is call:
            above.before = call.before
        above = above.before
    return top


def _preferences() -> dict[str, str]:
    """Return the keys of the preferences, by command; empty where there are none."""
    from napari import settings

    try:
        keys = settings.get_plugin_settings("napari-sam").keys
        return {c.id: str(getattr(keys, c.id, "")) for c in COMMANDS}
    except (AttributeError, KeyError, ValueError):
        return {}
