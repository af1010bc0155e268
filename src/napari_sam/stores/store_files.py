"""The files of a store, on a local disk or behind a URL, without what they mean."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol
from uuid import uuid4

from napari_sam.core.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class File(NamedTuple):
    """Path within the store, bytes, and when it was last used, in seconds."""

    path: str
    size: int
    used: float


class Files(Protocol):
    """The files of a store: walking, reading, deleting and touching them."""

    def walk(self) -> Iterator[File]:
        """Every file, in no order; what vanishes meanwhile is left out."""

    def read(self, path: str) -> bytes | None:
        """Return a whole file, or None if there is none."""

    def entries(self) -> list[str]:
        """Names of files and folders at the top."""

    def delete(self, path: str) -> None:
        """Delete a file or a folder; it may be gone already."""

    def touch(self, path: str) -> None:
        """Note that a file was used, where that can be noted."""


class LocalFiles:
    """Files in a folder."""

    def __init__(self, root: Path) -> None:
        if "\0" in str(root):
            raise StoreError(f"{root} holds a character that no path can have.")
        self.root = root

    def walk(self) -> Iterator[File]:
        """Yield every file of the store."""
        for folder, _, names in os.walk(self.root):
            for name in names:
                path = Path(folder, name)
                with suppress(FileNotFoundError):
                    stat = path.stat()
                    inside = path.relative_to(self.root).as_posix()
                    yield File(inside, stat.st_size, stat.st_mtime)

    def read(self, path: str) -> bytes | None:
        """Return a whole file, or None if there is none."""
        try:
            return (self.root / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def entries(self) -> list[str]:
        """Return the names of files and folders at the top of the store."""
        return sorted(os.listdir(self.root)) if self.root.is_dir() else []

    def delete(self, path: str) -> None:
        """Delete a file or a folder; the root only if nothing is in it."""
        target = self.root / path
        with suppress(FileNotFoundError):
            if target == self.root:
                with suppress(OSError):
                    target.rmdir()
            elif target.is_dir() and not target.is_symlink():
                _remove_tree(target)
            else:
                target.unlink()

    def touch(self, path: str) -> None:
        """Set the time of a file, which reading it may not do."""
        with suppress(OSError):
            os.utime(self.root / path)


def _remove_tree(folder: Path) -> None:
    """Delete a folder, also while somebody writes into it: it is put aside first."""
    aside = folder.with_name(f".{uuid4().hex}.partial")
    try:
        folder.rename(aside)
    except FileNotFoundError:
        raise
    except OSError:
        aside = folder
    shutil.rmtree(aside)


class RemoteFiles:
    """Files behind a URL that fsspec knows."""

    def __init__(self, url: str) -> None:
        try:
            from fsspec.core import url_to_fs
        except ImportError:
            raise StoreError(
                f"{url} is a URL, which takes the package fsspec: pip install fsspec. "
                "Or give the path of a folder."
            ) from None
        try:
            self.fs, self.root = url_to_fs(url)
        except (ImportError, ValueError) as wrong:
            raise StoreError(f"{url} cannot be opened: {wrong}") from None

    def walk(self) -> Iterator[File]:
        """Yield every file of the store."""
        self.fs.invalidate_cache()
        found = self.fs.find(self.root, detail=True)
        for path, info in found.items():
            inside = path.removeprefix(self.root).lstrip("/")
            yield File(inside, int(info.get("size") or 0), _modified(info))

    def read(self, path: str) -> bytes | None:
        """Return a whole file, or None if there is none."""
        try:
            return bytes(self.fs.cat_file(self._full(path)))
        except FileNotFoundError:
            return None

    def entries(self) -> list[str]:
        """Return the names of files and folders at the top of the store."""
        self.fs.invalidate_cache()
        try:
            found = self.fs.ls(self.root, detail=False)
        except FileNotFoundError:
            return []
        return sorted(path.rstrip("/").rpartition("/")[2] for path in found)

    def delete(self, path: str) -> None:
        """Delete a file or a folder."""
        with suppress(FileNotFoundError):
            self.fs.rm(self._full(path), recursive=True)

    def touch(self, path: str) -> None:
        """Do nothing: object stores keep the time of writing alone."""

    def _full(self, path: str) -> str:
        return f"{self.root}/{path}".rstrip("/")


def _modified(info: Mapping[str, object]) -> float:
    """When a remote file was written; now, if nobody knows."""
    for name in ("mtime", "LastModified", "last_modified", "updated", "created"):
        when = info.get(name)
        if isinstance(when, int | float):
            return float(when)
        if isinstance(when, datetime):
            return when.timestamp()
    return time.time()
