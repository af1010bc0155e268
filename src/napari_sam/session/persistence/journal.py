"""The journal of a session: every step goes to a file, so that a crash loses little.

A journal only grows. Each line carries a checksum, so what a crash tore is cut off, and
each step carries what it changed, so restoring needs no model and brings undo back.
Lines are written and flushed to the disk by a thread of their own.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from napari_sam.core.address import Address
from napari_sam.session.codec import VERSION, plain_number
from napari_sam.session.edits.edit_codec import compound_to_dict
from napari_sam.session.model_setup import ImageIdentity
from napari_sam.session.persistence import journal_files
from napari_sam.session.persistence.journal_files import journals_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from napari_sam.core.json_values import JsonDict
    from napari_sam.session.history import Step
    from napari_sam.session.session import AnnotationSession

logger = logging.getLogger(__name__)

#: What is to be written: how the session changed, and the step or the address.
Entry: TypeAlias = "tuple[str, Step | Address | None]"

FORMAT = "napari-sam journal"
#: The words of version 1 for how a document changed.
_WRITTEN = {"execute": "do", "coalesce": "amend", "undo": "undo", "redo": "redo"}
#: Seconds between a step and its being written; steps in between go along.
_DELAY = 0.5
#: Seconds until what could not be written is tried again.
_RETRY = 2.0
#: Seconds until then even if somebody waits for it.
_PAUSE = 0.1


class Journal:
    """A journal: the steps of a session, appended to a file as they are taken.

    Parameters
    ----------
    session
        What is written; steps that were taken before are written first.
    folder
        Where the file is made, at the first step. By default, `journals_folder`.
    name
        Of the image, for people.
    trouble
        Called, on the thread that writes, with a text when writing fails, and with
        ``""`` when it works again. Nothing is lost meanwhile: it is tried again.
    """

    def __init__(
        self,
        session: AnnotationSession,
        *,
        folder: Path | None = None,
        name: str = "",
        trouble: Callable[[str], object] | None = None,
    ) -> None:
        self.session = session
        folder = journals_folder() if folder is None else folder
        self._identity: ImageIdentity | None = None
        self._name, self._folder, self._trouble = name, folder, trouble
        self.path: Path | None = None
        self._size = 0
        self._named: set[str] = set()
        self._pending: list[Entry] = list(_so_far(session))
        self._troubled = False
        self._lock, self._wake = threading.Lock(), threading.Event()
        self._idle, self._urgent = threading.Event(), threading.Event()
        self._closing = False
        session.changed.connect(self._on_step)
        session.selection_changed.connect(self._on_selection)
        if self._pending:
            self._wake.set()
        self._thread = threading.Thread(
            target=self._run, name="napari-sam journal", daemon=True
        )
        self._thread.start()

    def identify(self, identity: ImageIdentity) -> None:
        """Note the image as it was opened, whatever becomes of its pixels.

        Without it, the image is identified when the first step is written.
        """
        if self._identity is None:
            self._identity = identity

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until all is on the disk; False if it is not in time."""
        end = time.monotonic() + timeout
        self._urgent.set()
        try:
            while time.monotonic() < end:
                with self._lock:
                    if not self._pending:
                        return True
                self._idle.clear()
                self._wake.set()
                self._idle.wait(0.05)
            return False
        finally:
            self._urgent.clear()

    def close(self, *, keep: bool = True) -> None:
        """Write the lines that are left, and stop the thread.

        Parameters
        ----------
        keep
            False deletes the file: the work is saved elsewhere, or to be dropped.
        """
        if self._closing:
            return
        self.session.changed.disconnect(self._on_step)
        self.session.selection_changed.disconnect(self._on_selection)
        if keep:
            self.flush()
        self._closing = True
        self._urgent.set()
        self._wake.set()
        self._thread.join(10)
        if self.path is not None:
            journal_files.release(self.path)
            if not keep:
                with suppress(OSError):
                    journal_files.discard(self.path)

    def _on_step(self, how: str, step: Step) -> None:
        self._add(_WRITTEN[how], step if how in ("execute", "coalesce") else None)

    def _on_selection(self, at: Address) -> None:
        if self.path is not None or self._pending:
            self._add("at", at)

    def _add(self, how: str, what: Step | Address | None) -> None:
        with self._lock:
            self._pending.append((how, what))
        self._wake.set()

    def _run(self) -> None:
        while not self._closing:
            self._wake.wait()
            self._wake.clear()
            self._urgent.wait(_DELAY)
            self._write()
            self._idle.set()

    def _write(self) -> None:
        with self._lock:
            waiting = list(self._pending)
        if not waiting:
            return
        try:
            lines = b"".join(self._lines(waiting))
            self._append(lines)
        except Exception as wrong:
            # Whatever it is, the thread goes on, and says so.
            if not isinstance(wrong, OSError):
                logger.exception("A step cannot be written to the journal.")
            self._named.clear()
            self._report(f"The work cannot be written to {self._folder}: {wrong}.")
            time.sleep(_PAUSE)
            self._urgent.wait(_RETRY)
            self._wake.set()
            return
        with self._lock:
            del self._pending[: len(waiting)]
        self._report("")

    def _lines(self, waiting: list[Entry]) -> Iterator[bytes]:
        if self.path is None:
            if self._identity is None:
                self._identity = ImageIdentity.of(self.session.frames)
            yield _line(self._header())
        for how, what in waiting:
            if isinstance(what, Address):
                yield _line({"op": how, "at": [what.frame, what.object_id]})
            elif what is None:
                yield _line({"op": how})
            else:
                yield from self._setups(what)
                yield _line({"op": how, **_written(what)})

    def _setups(self, step: Step) -> Iterator[bytes]:
        key = getattr(step.action, "setup", "")
        setup = self.session.setups.get(key)
        if setup is not None and key not in self._named:
            self._named.add(key)
            yield _line({"op": "setup", "setup": setup.to_dict()})

    def _header(self) -> JsonDict:
        assert self._identity is not None
        return {
            "format": FORMAT,
            "version": VERSION,
            "image": self._identity.to_dict(),
            "name": self._name,
            **journal_files.signature(),
            "start": [patch.to_dict() for patch in self.session.start],
        }

    def _append(self, lines: bytes) -> None:
        """Write behind the last whole line, whatever a failure left there."""
        path = self.path or self._new_path()
        with path.open("r+b" if self.path else "xb") as file:
            try:
                file.seek(self._size)
                file.truncate()
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                if self.path is None:
                    journal_files.release(path)
                    path.unlink(missing_ok=True)
                raise
        self.path = path
        self._size += len(lines)

    def _new_path(self) -> Path:
        assert self._identity is not None
        self._folder.mkdir(parents=True, exist_ok=True)
        journal_files.prune(self._folder)
        stamp = time.strftime("%Y%m%d-%H%M%S")
        for i in range(1000):
            name = f"{self._identity.key}-{stamp}-{os.getpid()}-{i}.jsonl"
            path = self._folder / name
            if not path.exists():
                journal_files.take(path)
                return path
        raise FileExistsError(f"{self._folder} is full of journals.")

    def _report(self, text: str) -> None:
        if bool(text) != self._troubled:
            self._troubled = bool(text)
            if self._trouble is not None:
                self._trouble(text)


def _so_far(session: AnnotationSession) -> Iterator[Entry]:
    history = session.history
    for step in (*history.done, *reversed(history.undone)):
        yield "do", step
    for _ in history.undone:
        yield "undo", None


def _written(step: Step) -> JsonDict:
    written: JsonDict = {"action": step.action.to_dict()}
    written["edit"] = compound_to_dict(step.edit)
    return {**written, "group": step.group} if step.group else written


def _line(data: JsonDict) -> bytes:
    text = json.dumps(data, separators=(",", ":"), default=plain_number).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)
