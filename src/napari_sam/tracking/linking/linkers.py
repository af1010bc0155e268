"""Linkers by name: ours, and those that other packages offer by entry points."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, cast

from napari_sam.core.errors import SettingError
from napari_sam.tracking.linking.settings import LinkSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam.core.linking import Linker

#: The group of entry points by which a package offers linkers: each names what makes
#: one of `LinkSettings`.
LINKERS = "napari_sam.linkers"


def linker(method: str | Linker, settings: LinkSettings | None = None) -> Linker:
    """Return a linker by its name; one that is given as it is.

    Raises
    ------
    SettingError
        If there is none of that name, or it cannot be imported.
    MissingPackageError
        If it needs a package that is not installed.
    """
    if not isinstance(method, str):
        return method
    settings = settings or LinkSettings()
    if method == "overlap":
        from napari_sam.tracking.linking.overlap_linker import OverlapLinker

        return OverlapLinker(settings)
    if method == "trackastra":
        from napari_sam.tracking.linking.trackastra_linker import TrackastraLinker

        return TrackastraLinker(divisions=settings.divisions)
    return _offered(method)(settings)


def linker_names() -> tuple[str, ...]:
    """Return every name that `linker` knows, sorted."""
    offered = {entry.name for entry in entry_points(group=LINKERS)}
    return tuple(sorted({"overlap", "trackastra", *offered}))


def _offered(name: str) -> Callable[[LinkSettings], Linker]:
    found = next(iter(entry_points(group=LINKERS, name=name)), None)
    if found is None:
        raise SettingError(
            f"method={name!r}: expected {', '.join(map(repr, linker_names()))}, or an "
            "object with a method link."
        )
    try:
        return cast("Callable[[LinkSettings], Linker]", found.load())
    except (ImportError, AttributeError) as wrong:
        raise SettingError(
            f"method={name!r} is offered by {found.value}, which cannot be imported: "
            f"{wrong}."
        ) from wrong
