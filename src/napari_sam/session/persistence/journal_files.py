"""The files of journals: where they are, which are in use, and when they are pruned."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.core.home import home

if TYPE_CHECKING:
    from napari_sam.core.json_values import JsonDict, JsonObject

#: Days until a journal may be deleted.
_DAYS = 30
#: So many of the latest stay whatever their age.
_LATEST = 20
#: Journals that sessions of this process write to.
_OURS: set[Path] = set()


def journals_folder() -> Path:
    """Return where journals are, by default; it may not be there yet."""
    return home() / "journals"


def take(path: Path) -> None:
    """Lock a journal: a session of this process writes to it."""
    _OURS.add(path)


def release(path: Path) -> None:
    """Release the lock of a journal."""
    _OURS.discard(path)


def signature() -> JsonDict:
    """Return what a journal says of the process that writes it."""
    pid = os.getpid()
    return {"host": socket.gethostname(), "pid": pid, "begun": _begun(pid)}


def in_use(path: Path, head: JsonObject) -> bool:
    """Whether a session that still runs writes to it, as far as can be known.

    Parameters
    ----------
    path
        The journal.
    head
        Its first line, with the `signature` of who wrote it.
    """
    if head.get("host") != socket.gethostname():
        return False
    pid = int(head.get("pid", 0))
    if pid == os.getpid():
        return path in _OURS
    # Numbers of processes are given out again, after a restart above all.
    return _runs(pid) and head.get("begun", "") == _begun(pid)


def mark_offered(path: Path) -> None:
    """Remember that a journal was offered: it may go when it is old."""
    with suppress(OSError):
        _mark(path).touch()


def discard(path: Path) -> None:
    """Delete a journal."""
    path.unlink(missing_ok=True)
    _mark(path).unlink(missing_ok=True)


def prune(folder: Path) -> None:
    """Delete old journals that were offered; what was never offered stays."""
    times = {}
    for path in folder.glob("*.jsonl"):
        with suppress(OSError):
            times[path] = path.stat().st_mtime
    oldest = time.time() - _DAYS * 24 * 3600
    for path in sorted(times, key=lambda p: times[p], reverse=True)[_LATEST:]:
        if times[path] < oldest and path not in _OURS and _mark(path).exists():
            with suppress(OSError):
                discard(path)


def _mark(path: Path) -> Path:
    return path.with_suffix(".offered")


def _begun(pid: int) -> str:
    """When a process began, as the system counts it; empty where it does not say."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The name of the program, in brackets, may hold anything.
    return text.rpartition(")")[2].split()[19]


def _runs(pid: int) -> bool:
    if os.name == "nt":  # there, signal 0 would end it
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
