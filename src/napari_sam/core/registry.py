"""The registry of models by name, from entry points; ours have no privileges."""

from __future__ import annotations

from difflib import get_close_matches
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, cast

from napari_sam.core.errors import ModelError, UnknownModelError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import EntryPoint
    from typing import Protocol

    from napari_sam.core.protocols import Backend

    class BackendFactory(Protocol):
        """What an entry point of the group names: it opens a model by name."""

        def __call__(
            self,
            name: str,
            *,
            checkpoint: str | None = None,
            device: str = "auto",
            precision: str = "auto",
        ) -> Backend:
            """Open the model."""


#: The group of entry points by which a package offers models.
BACKENDS = "napari_sam.backends"


def backend_names() -> tuple[str, ...]:
    """Every name that `resolve_backend` knows, sorted."""
    return tuple(sorted({e.name for e in entry_points(group=BACKENDS)}))


def resolve_backend(name: str, *, also: Iterable[str] = ()) -> BackendFactory:
    """Find the factory of a model by its name.

    Parameters
    ----------
    name
        As its package calls it.
    also
        Names known elsewhere: they are offered to whoever misspelt one.

    Raises
    ------
    UnknownModelError
        If no installed package offers that name.
    ModelError
        If the package that offers it cannot be imported.
    """
    found = next(iter(entry_points(group=BACKENDS, name=name)), None)
    if found is None:
        raise UnknownModelError(_unknown(name, {*backend_names(), *also}))
    return _load(found)


def _unknown(name: str, offered: Iterable[str]) -> str:
    names = sorted(offered)
    close = get_close_matches(name, names, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    known = ", ".join(names) or "none; is the package installed, with its metadata?"
    return f"There is no model {name!r}.{hint} Known models: {known}."


def _load(entry: EntryPoint) -> BackendFactory:
    try:
        return cast("BackendFactory", entry.load())
    except (ImportError, AttributeError) as wrong:
        raise ModelError(
            f"The model {entry.name!r} is offered by {entry.value}, which cannot be "
            f"imported: {wrong}."
        ) from wrong


def offered() -> tuple[tuple[str, str], ...]:
    """Every name and the package that offers it, sorted."""
    found = entry_points(group=BACKENDS)
    return tuple(sorted((e.name, e.dist.name if e.dist else "?") for e in found))
