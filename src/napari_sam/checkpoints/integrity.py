"""Integrity of checkpoints: files are trusted once their hash was verified."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from napari_sam.core.atomic_write import replacing
from napari_sam.core.errors import CheckpointError

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam.checkpoints.entries import Download

_RECORD = ".verified"


def digest(path: Path, kind: str) -> str:
    """Return the hash of a file, as `Download.hash` has it.

    Parameters
    ----------
    path
        The file.
    kind
        ``sha256``, ``md5`` or ``xxh128``.
    """
    import pooch

    return f"{kind}:{pooch.file_hash(str(path), alg=kind)}"


def check(path: Path, download: Download) -> None:
    """Make sure that a file is the right one; read it only if it is new or changed.

    Raises
    ------
    CheckpointError
        If it is not.
    """
    if is_remembered(path, download):
        return
    got = digest(path, download.hash_kind)
    if got != download.hash:
        raise CheckpointError(
            f"{path} is damaged, or another file: expected {download.hash}, got {got}. "
            "Delete it, and download it again."
        )
    remember(path, download)


def is_remembered(path: Path, download: Download) -> bool:
    """Whether the file was verified, and has not changed since."""
    try:
        return bool(json.loads(_record(path).read_text()) == _facts(path, download))
    except (OSError, ValueError):
        return False


def remember(path: Path, download: Download) -> None:
    """Note that the file is right; where that cannot be written, it is read again."""
    with suppress(OSError), replacing(_record(path)) as record:
        record.write_text(json.dumps(_facts(path, download)))


def forget(path: Path) -> None:
    """Delete the note that a file was verified."""
    _record(path).unlink(missing_ok=True)


def _record(path: Path) -> Path:
    return path.with_name(path.name + _RECORD)


def _facts(path: Path, download: Download) -> dict[str, str | int]:
    stat = path.stat()
    return {"hash": download.hash, "size": stat.st_size, "mtime_ns": stat.st_mtime_ns}
