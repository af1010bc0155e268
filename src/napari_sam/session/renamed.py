"""Old names of sessions and actions: they work for one more release."""

from __future__ import annotations

import importlib
import warnings
from types import MappingProxyType

#: The name that each old one became.
RENAMED = MappingProxyType(
    {
        "do": "execute",
        "ask": "replace_prompts",
        "keep": "add_masks",
        "questions": "open_prompts",
        "prompts": "open_prompts",
        "question": "current_prompts",
        "stepped": "changed",
        "questions_changed": "prompts_changed",
    }
)

#: The classes of this room, and of its actions, that old names stand for.
RENAMED_CLASSES = MappingProxyType(
    {
        "Question": "napari_sam.core.prompts:Prompts",
        "Setup": "napari_sam.session.model_setup:ModelSetup",
        "Say": "napari_sam.session.actions.set_prompts:SetPrompts",
        "Keep": "napari_sam.session.actions.add_masks:AddMasks",
        "Describe": "napari_sam.session.actions.set_info:SetInfo",
        "Reopen": "napari_sam.session.actions.reopen_object:ReopenObject",
        "Fill": "napari_sam.session.actions.fill_holes:FillHoles",
        "Grow": "napari_sam.session.actions.resize:Resize",
    }
)


def renamed_attribute(owner: object, name: str) -> object:
    """Return the attribute that an old name means now, with a warning.

    Raises
    ------
    AttributeError
        If it never was a name.
    """
    new = RENAMED.get(name)
    if new is None:
        raise AttributeError(f"{type(owner).__name__!r} has no attribute {name!r}")
    _warn(f"{type(owner).__name__}.{name}", new)
    return getattr(owner, new)


def renamed_class(module: str, name: str) -> object:
    """Return the class that an old name of a module means now, with a warning.

    Raises
    ------
    AttributeError
        If it never was a name.
    """
    new = RENAMED_CLASSES.get(name)
    if new is None:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    where, _, attribute = new.partition(":")
    _warn(f"{module}.{name}", f"{where}.{attribute}")
    return getattr(importlib.import_module(where), attribute)


def _warn(old: str, new: str) -> None:
    warnings.warn(
        f"{old} is called {new} now; the old name goes with the next release.",
        FutureWarning,
        stacklevel=4,
    )
