"""Journals of an open image, and earlier sessions brought back: steps of long work."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from napari_sam.annotator.models import with_connected
from napari_sam.core.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from napari_sam.annotator.open_image import OpenImage
    from napari_sam.core.protocols import Promptable
    from napari_sam.session import AnnotationSession
    from napari_sam.session.model_setup import ModelSetup
    from napari_sam.session.persistence.journal import Journal
    from napari_sam.session.persistence.recovery import RecoverableSession

#: A session, and the journal that it was in, if any.
Restored: TypeAlias = "tuple[AnnotationSession, RecoverableSession | None]"


def journal_of(image: OpenImage, on_trouble: Callable[[str], object]) -> Journal:
    """Begin the journal of a session.

    Parameters
    ----------
    image
        Whose session it is.
    on_trouble
        Called, on another thread, with a sentence when writing fails, and with
        ``""`` when it works again.
    """
    from napari_sam.session.persistence.journal import Journal

    return Journal(image.session, name=image.source.name, trouble=on_trouble)


def iter_replace(
    journal: Journal, before: RecoverableSession
) -> Generator[Progress, None, None]:
    """Delete a journal, once another has all that is in it."""
    yield Progress(0, 0, "writing the journal")
    if journal.flush(timeout=60):
        before.discard()


def iter_find(
    image: OpenImage,
) -> Generator[Progress, None, tuple[RecoverableSession, ...]]:
    """Find journals of earlier sessions on an image that nobody works on.

    One that this session wrote when it was open before is none of them: it is deleted
    once all of it is in the journal of now.
    """
    from napari_sam.session.model_setup import ImageIdentity
    from napari_sam.session.persistence.recovery import find_journals

    yield Progress(0, 0, "looking for unsaved work")
    journal, earlier = image.journal, image.earlier_journals
    identity = ImageIdentity.of(image.source.frames)
    if journal is not None:
        journal.identify(identity)
    found = find_journals(identity)
    own = [one for one in found if one.path in earlier]
    if own and journal is not None and journal.flush(timeout=60):
        for one in own:
            one.discard()
            earlier.discard(one.path)
    return tuple(one for one in found if one not in own)


def iter_restore(
    journal: RecoverableSession, image: Promptable
) -> Generator[Progress, None, Restored]:
    """Restore a session; return it, and the journal that it came from."""
    from napari_sam.session.persistence.recovery import restore

    yield Progress(0, 0, "restoring")
    return restore(journal.path, image), journal


def iter_open(path: Path, image: Promptable) -> Generator[Progress, None, Restored]:
    """Replay a session file; there is no journal that it was in."""
    from napari_sam.session.persistence.record import read_record
    from napari_sam.session.persistence.replay import only, replay

    yield Progress(0, 0, f"reading {path.name}")

    def image_for(setup: ModelSetup | None) -> Promptable:
        connected = image.connected if setup is None else setup.connected
        return only(with_connected(image, connected))(setup)

    session = yield from replay(read_record(path), image_for)
    session.image = image
    if session.open_prompts:
        session.current = max(session.open_prompts)
    else:
        session.next_object()
    return session, None
