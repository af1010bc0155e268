"""Atomic writing: a file or a folder appears complete or not at all."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp, mkstemp
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


@contextmanager
def replacing_folder(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield a temporary folder beside `path`, which becomes `path` on success.

    A folder that is there already is moved away first and deleted last, if `overwrite`
    allows it; whoever calls has looked at what it holds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(mkdtemp(dir=path.parent, prefix=f".{path.name}-"))
    try:
        yield temporary
        move_folder(temporary, path, overwrite=overwrite)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def move_folder(folder: Path, path: Path, *, overwrite: bool) -> None:
    """Give a complete folder its name; one that is there is deleted last."""
    folder.chmod(0o755)
    if overwrite and path.exists():
        _move_away(path)
    folder.replace(path)


def _move_away(path: Path) -> None:
    """Delete a folder; whatever goes wrong then, its name is free."""
    away = Path(mkdtemp(dir=path.parent, prefix=f".{path.name}-old-"))
    path.replace(away / path.name)
    shutil.rmtree(away, ignore_errors=True)


def check_writable(
    path: str | Path, *, folder: bool = False, makes_folders: bool = False
) -> None:
    """Try, before any work, whether a file can be written where it is to go.

    Parameters
    ----------
    path
        Of the file, or of a folder that is made.
    folder
        Whether it is a folder.
    makes_folders
        Whether the folders above a file are made as well, if they are missing.

    Raises
    ------
    NotWrittenError
        If it cannot; nothing is left then, nor otherwise.
    """
    target = Path(path).absolute()
    parent = target.parent
    if not (folder or makes_folders or parent.is_dir()) and "\0" not in str(path):
        what = "is no folder" if parent.exists() else "does not exist"
        raise NotWrittenError(f"{path} cannot be written: the folder {parent} {what}.")
    try:
        if "\0" in str(path):
            raise ValueError("its name holds a character that no file can have")
        if not folder and target.suffix.lower() != ".zarr" and target.is_dir():
            raise ValueError("it is a folder")
        _try(target if folder else parent)
    except (OSError, ValueError) as wrong:
        reason = wrong.strerror if isinstance(wrong, OSError) else str(wrong)
        raise NotWrittenError(
            f"{path} cannot be written: {reason or wrong}. Nothing was done yet; give "
            "another place, or the right to write there."
        ) from None


def _try(folder: Path) -> None:
    """Write a file in a folder and delete it, with all folders made for it."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    made: list[Path] = []
    try:
        for one in reversed(missing):
            one.mkdir()
            made.append(one)
        handle, name = mkstemp(dir=missing[0] if missing else folder, prefix=".try-")
        os.close(handle)
        os.unlink(name)
    finally:
        for one in reversed(made):
            one.rmdir()


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
