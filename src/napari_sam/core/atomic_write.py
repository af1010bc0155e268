"""Atomic writing: a file appears complete or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING

from napari_sam.core.errors import NotWrittenError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`; replace `path` on success.

    The temporary file has the same suffix, for writers that choose by it. It is
    removed if anything goes wrong, and `path` then stays as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _flush(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def check_writable(path: str | Path) -> None:
    """Refuse a file whose folder is missing or cannot be written, before any work.

    Raises
    ------
    NotWrittenError
        If nothing could be written there.
    """
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "does not exist"
        raise NotWrittenError(f"{path} cannot be written: the folder {folder} {what}.")
    try:
        handle, name = mkstemp(dir=folder, prefix=".", suffix="-writable")
        os.close(handle)
        Path(name).unlink()
    except OSError as wrong:
        reason = wrong.strerror or wrong
        raise NotWrittenError(
            f"{path} cannot be written: {folder}: {reason}."
        ) from None


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
