"""Persistence of a session: its journal, saved labels, session files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.annotator.recovery import (
    iter_find,
    iter_open,
    iter_replace,
    iter_restore,
    journal_of,
)
from napari_sam.annotator.saving import SESSION, iter_save
from napari_sam.io.settings import SaveSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam.annotator.open_image import OpenImage
    from napari_sam.annotator.recovery import Restored
    from napari_sam.annotator.workspace import Workspace
    from napari_sam.session import AnnotationSession
    from napari_sam.session.persistence.journal import Journal
    from napari_sam.session.persistence.recovery import RecoverableSession

_SAVING, _RESTORING, _JOURNAL = "saving", "restoring", "looking for unsaved work"
_OPENING = "opening the session"
#: What is done unless the person chose something else.
_SAVE_SETTINGS = SaveSettings()


class Persistence:
    """Writes the session as it goes, saves it, and brings earlier work back.

    Parameters
    ----------
    workspace
        The image that is open.
    replaced
        Called when an image has another session, to show it in its views.
    """

    def __init__(
        self, workspace: Workspace, *, replaced: Callable[[OpenImage, Restored], None]
    ) -> None:
        self._workspace, self._replaced = workspace, replaced
        self._trouble = ""

    @property
    def trouble(self) -> str:
        """Why work cannot be written to the journal; empty while it can be."""
        return self._trouble

    @property
    def state(self) -> str:
        """Whether anything is not saved, for a person; empty without an image."""
        session = self._workspace.session
        if session is None:
            return ""
        if not session.unsaved:
            return "Nothing to save"
        left = _uncommitted(session)
        return f"Not saved yet; {left}" if left else "Not saved yet"

    def is_in_journal(self, timeout: float = 2.0) -> bool:
        """Whether all work is in the journal, after waiting a moment for it."""
        return self.journal is not None and self.journal.flush(timeout)

    @property
    def journal(self) -> Journal | None:
        """Where the session is written as it goes."""
        image = self._workspace.image
        return None if image is None else image.journal

    def start_journal(self, image: OpenImage) -> None:
        """Begin to write a session as it goes, and look for earlier work."""
        image.journal = journal_of(image, image.note_trouble)
        self._workspace.tasks.run(_JOURNAL, iter_find(image), self._on_journals)

    def replace_journal(
        self, image: OpenImage, before: RecoverableSession | None
    ) -> None:
        """Begin the journal of a session that was restored from another journal."""
        image.trouble = ""
        journal = image.journal = journal_of(image, image.note_trouble)
        if before is not None:
            self._workspace.tasks.run(_JOURNAL, iter_replace(journal, before), _nothing)

    def save(
        self,
        path: str | Path,
        settings: SaveSettings = _SAVE_SETTINGS,
        *,
        done: Callable[[], object] | None = None,
    ) -> None:
        """Write the labels, or with ``.session.json`` the session; then call `done`."""
        with self._workspace.events.reporting():
            session = self._workspace.require_session()
            assert self._workspace.image is not None
            source = self._workspace.image.source
            steps = iter_save(session, source, path, settings)

            def saved(position: int) -> None:
                whole = str(path).endswith(SESSION)
                left = "" if whole else _uncommitted(session)
                if position == session.history.position and not left:
                    session.mark_saved()
                level = "warning" if left else "info"
                text = f"Saved as {path}." + (f" Not in it: {left}." if left else "")
                self._workspace.events.message.emit(level, text)
                if done is not None:
                    done()

            self._workspace.tasks.run(_SAVING, steps, saved)

    def restore(self, journal: RecoverableSession) -> None:
        """Go on with a session that a journal holds, on the image that is open."""
        with self._workspace.events.reporting():
            session = self._workspace.require_session()
            steps = iter_restore(journal, session.image)
            self._workspace.tasks.run(_RESTORING, steps, self._replacing())

    def open_session(self, path: str | Path) -> None:
        """Go on with a session file, on the image that is open.

        The session before is left, and offered to be restored if it was not saved.
        """
        with self._workspace.events.reporting():
            session = self._workspace.require_model()
            steps = iter_open(Path(path), session.image)
            self._workspace.tasks.run(_OPENING, steps, self._replacing())

    def report_troubles(self) -> None:
        """Report errors of the journal's thread; to be called now and then."""
        image = self._workspace.image
        now = "" if image is None else image.trouble
        if now == self._trouble:
            return
        before, self._trouble = self._trouble, now
        self._workspace.events.journal_trouble.emit(now)
        if before and not now and image is not None:
            better = "Work is written to the journal again."
            self._workspace.events.message.emit("info", better)

    def _replacing(self) -> Callable[[Restored], None]:
        image = self._workspace.image

        def done(restored: Restored) -> None:
            if image is not None and image is self._workspace.image:
                self._replaced(image, restored)

        return done

    def _on_journals(self, journals: tuple[RecoverableSession, ...]) -> None:
        if journals:
            self._workspace.events.journals_found.emit(journals)


def _uncommitted(session: AnnotationSession) -> str:
    """Name the objects whose prompts are open, and not in the labels."""
    ids = sorted({at.object_id for at in session.open_prompts})
    if not ids:
        return ""
    names = ", ".join(map(str, ids[:5])) + (", …" if len(ids) > 5 else "")
    if len(ids) == 1:
        return f"object {names} is not committed"
    return f"objects {names} are not committed"


def _nothing(_: object) -> None:
    """Do nothing more."""
