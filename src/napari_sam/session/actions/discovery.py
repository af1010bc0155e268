"""Every kind of action that there is, found in the modules of this package."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from napari_sam.core.errors import SessionError
from napari_sam.session.actions.action import Action

if TYPE_CHECKING:
    from napari_sam.core.json_values import JsonObject


def action_kinds() -> dict[str, type[Action]]:
    """Return the class of each kind of action, also of those made elsewhere."""
    _import_modules()
    return {one.kind: one for one in Action.__subclasses__()}


def action_from_dict(data: JsonObject) -> Action:
    """Return the action that `Action.to_dict` wrote.

    Raises
    ------
    SessionError
        If it is no action, or one of a later version.
    """
    kind = action_kinds().get(data.get("do", ""))
    if kind is None:
        raise SessionError(
            f"{data.get('do')!r} is no step that this napari-sam knows. The file may "
            "have been written by a later version."
        )
    return kind.from_dict(data)


@cache
def _import_modules() -> None:
    """Import the modules of this package, once."""
    package = importlib.import_module(__name__.rpartition(".")[0])
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
