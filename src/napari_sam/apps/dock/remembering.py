"""The journal of a session: begun, found again, and restored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_sam.core.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from napari_sam.apps.dock.opening import Opened
    from napari_sam.core.protocols import Promptable
    from napari_sam.session import AnnotationSession
    from napari_sam.session.persistence.journal import Journal


def journal_of(known: Opened, told: Callable[[str], object]) -> Journal:
    """Begin to write a session down.

    Parameters
    ----------
    known
        Whose session it is.
    told
        Called, on another thread, with a sentence when writing fails, and with
        ``""`` when it works again.
    """
    from napari_sam.session.persistence.journal import Journal

    return Journal(known.session, name=str(known.geometry.layer.name), trouble=told)


def iter_replace(journal: Journal, before: Any) -> Generator[Progress, None, None]:
    """Delete a journal, once another has all that is in it."""
    yield Progress(0, 0, "writing the journal")
    if journal.flush(timeout=60):
        before.discard()


def iter_find(known: Opened) -> Generator[Progress, None, tuple[Any, ...]]:
    """Look for earlier work on an image that nobody is at."""
    from napari_sam.session.model_setup import ImageIdentity
    from napari_sam.session.persistence.recovery import find_journals

    yield Progress(0, 0, "looking for earlier work")
    return tuple(find_journals(ImageIdentity.of(known.geometry.frames)))


def iter_restore(
    journal: Any, image: Promptable
) -> Generator[Progress, None, tuple[AnnotationSession, Any]]:
    """Bring work back; return the session, and the journal that it came from."""
    from napari_sam.session.persistence.recovery import restore

    yield Progress(0, 0, "restoring")
    return restore(journal.path, image), journal


def iter_open(
    path: Path, image: Promptable
) -> Generator[Progress, None, tuple[AnnotationSession, None]]:
    """Do again what a file of a session says; there is no journal that it was in."""
    from napari_sam.session.persistence.record import read_record
    from napari_sam.session.persistence.replay import only, replay

    yield Progress(0, 0, f"reading {path.name}")
    session = yield from replay(read_record(path), only(image))
    if session.open_prompts:
        session.current = max(session.open_prompts)
    else:
        session.next_object()
    return session, None
