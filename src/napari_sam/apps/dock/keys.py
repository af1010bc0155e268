"""Keys: which there are, what they do, and binding them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from napari_sam.apps.dock.controller import Controller

#: Free on every layer of napari and on its viewer. By the name of what they do.
DEFAULTS = {
    "commit": "K",
    "next_object": "N",
    "previous_object": "U",
    "candidate": "J",
    "polarity": "Q",
    "hover": "H",
    "prompts": "W",
    "approve": "G",
    "undo": "Control-Z",
    "redo": "Control-Shift-Z",
    "cancel": "Escape",
}
#: What they do, in words.
WORDS = {
    "commit": "keep the mask, and go on to a new object",
    "next_object": "go on to a new object",
    "previous_object": "back to the object before",
    "candidate": "show another candidate",
    "polarity": "clicks mean the opposite",
    "hover": "show the mask under the mouse, or stop that",
    "prompts": "hide points and shapes, or show them",
    "approve": "approve the object, or take it back",
    "undo": "undo",
    "redo": "redo",
    "cancel": "stop long work",
}
#: On layers of ours, these are napari's own: they end what is being drawn.
_VIEWER_ONLY = ("cancel",)


def chosen() -> dict[str, str]:
    """Return the key of each action: the person's own, or the default."""
    own = _settings()
    return {name: own.get(name) or key for name, key in DEFAULTS.items()}


def described(known: Mapping[str, str]) -> dict[str, str]:
    """Return what each key does."""
    return {shown(key): WORDS[name] for name, key in known.items()}


def shown(key: str) -> str:
    """Return a key as people write it."""
    return key.replace("Control", "Ctrl").replace("Escape", "Esc").replace("-", "+")


def actions_of(controller: Controller) -> dict[str, Callable[[], object]]:
    """Return what each action calls."""

    def toggle_hover() -> None:
        controller.preview_on_hover = not controller.preview_on_hover

    def toggle_prompts() -> None:
        if controller.binding is not None:
            controller.binding.toggle_prompts()

    return {
        "commit": controller.commit,
        "next_object": controller.next_object,
        "previous_object": controller.previous_object,
        "candidate": controller.cycle_candidate,
        "polarity": controller.toggle_polarity,
        "hover": toggle_hover,
        "prompts": toggle_prompts,
        "approve": controller.approve,
        "undo": controller.undo,
        "redo": controller.redo,
        "cancel": controller.cancel,
    }


class Keys:
    """Keys that are bound on a viewer and on layers of ours, until they are let go."""

    def __init__(self, controller: Controller) -> None:
        self._calls = {
            name: _ignoring(call) for name, call in actions_of(controller).items()
        }
        self._bound: list[tuple[Any, str, Any, Any]] = []

    def bind_viewer(self, viewer: Any) -> None:
        """Bind all keys on a viewer; those of the active layer come first."""
        self._bind(viewer, self._calls)

    def bind_layer(self, layer: Any) -> None:
        """Bind keys on a layer of ours, before napari's own for its kind."""
        self._bind(layer, [n for n in self._calls if n not in _VIEWER_ONLY])

    def release(self) -> None:
        """Give all keys back to whoever had them before."""
        for thing, key, call, before in reversed(self._bound):
            if thing.bind_key(key, None) is call:
                thing.bind_key(key, before)
        self._bound.clear()

    def _bind(self, thing: Any, names: Iterable[str]) -> None:
        keys = chosen()
        for name in names:
            call = self._calls[name]
            before = thing.bind_key(keys[name], None)
            thing.bind_key(keys[name], call)
            self._bound.append((thing, keys[name], call, before))


def _ignoring(call: Callable[[], object]) -> Callable[[Any], None]:
    def pressed(_: Any) -> None:
        call()

    return pressed


def _settings() -> dict[str, str]:
    """Return the keys of the preferences, by action; empty where there are none."""
    from napari import settings

    try:
        keys = settings.get_plugin_settings("napari-sam").keys
        return {name: str(getattr(keys, name, "")) for name in DEFAULTS}
    except (AttributeError, KeyError, ValueError):
        return {}
