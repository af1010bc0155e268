"""Reader of images at URLs, by fsspec: only the windows that are used are fetched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np

from napari_sam.core.errors import (
    MissingFileError,
    MissingPackageError,
    NotAnImageError,
)
from napari_sam.io.optional_packages import import_optional
from napari_sam.io.readers.image import Image, ReadOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from fsspec import AbstractFileSystem
    from fsspec.spec import AbstractBufferedFile

#: A scheme has two letters at least: one is a drive. A `Path` has lost a slash.
_URL = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]+):/(/?)(?!/)(.*)", re.DOTALL)
#: Bytes fetched at once, and the number of such blocks in the cache.
_BLOCK, _BLOCKS = 1 << 16, 256
_DEFAULT = ReadOptions()


def as_url(path: str | Path) -> str | None:
    """Return a path as URL; None if it is a local path."""
    found = _URL.fullmatch(str(path))
    if found is None or found[1] == "file":
        return None
    if not found[2] and (isinstance(path, str) or path.exists()):
        return None
    return f"{found[1]}://{found[3]}"


@dataclass(frozen=True, slots=True)
class Remote:
    """A remote file or folder at a URL."""

    url: str
    fs: AbstractFileSystem
    inside: str

    @classmethod
    def at(cls, url: str) -> Remote:
        """Return the remote file of a URL, with its file system.

        Raises
        ------
        MissingPackageError
            If fsspec is missing, or what it needs for them.
        NotAnImageError
            If there is no file system for such URLs.
        """
        core = import_optional("fsspec.core", f"{url} is a URL; reading it")
        try:
            return cls(url, *core.url_to_fs(url))
        except ImportError as wrong:
            raise MissingPackageError(f"{url} cannot be opened: {wrong}") from wrong
        except ValueError as wrong:
            raise NotAnImageError(f"{url} cannot be opened: {wrong}") from wrong

    @property
    def name(self) -> PurePosixPath:
        """Path of the URL, without server and query."""
        return PurePosixPath(urlsplit(self.url).path)

    def open(self) -> AbstractBufferedFile:
        """Open the remote file, with a cache of blocks."""
        return self.fs.open(
            self.inside,
            "rb",
            block_size=_BLOCK,
            cache_type="blockcache",
            cache_options={"maxblocks": _BLOCKS},
        )

    def read_all(self) -> bytes:
        """Read all bytes of the remote file."""
        return bytes(self.fs.cat_file(self.inside))


def read_url(url: str, options: ReadOptions = _DEFAULT) -> Image:
    """Open the image at a URL, by its suffix; without one it should be zarr.

    Raises
    ------
    MissingFileError
        If there is no such file.
    NotAnImageError
        If this kind of file cannot be read remotely.
    """
    remote = Remote.at(url)
    try:
        return _reader(remote)(remote, options)
    except Exception as wrong:
        unanswered = _no_answer(wrong)
        if unanswered is not None:
            reason = " ".join(str(unanswered).split())
            raise NotAnImageError(f"No server answers at {url}: {reason}") from wrong
        if isinstance(wrong, FileNotFoundError):
            raise MissingFileError(f"There is nothing at {url}.") from wrong
        raise


def _no_answer(error: BaseException | None) -> BaseException | None:
    """Return what says that no connection was made, below an error that hides it."""
    while error is not None:
        kinds = {kind.__name__ for kind in type(error).__mro__}
        if isinstance(error, ConnectionError | TimeoutError) or (
            kinds & {"ClientConnectionError", "gaierror"}
        ):
            return error
        error = error.__cause__ or error.__context__
    return None


def _reader(remote: Remote) -> Callable[[Remote, ReadOptions], Image]:
    from napari_sam.io.readers.tiff import SUFFIXES, read_remote_tiff

    suffix = remote.name.suffix.lower()
    if any(part.lower().endswith(".zarr") for part in remote.name.parts) or not suffix:
        return _read_zarr
    if suffix in SUFFIXES:
        return read_remote_tiff
    if suffix == ".npy":
        return _read_npy
    if suffix in (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"):
        return _read_picture
    raise NotAnImageError(
        f"{remote.url}: a file {suffix} is not read from afar. Expected TIFF, zarr, "
        ".npy, PNG or JPEG; or download it."
    )


def _read_zarr(remote: Remote, options: ReadOptions) -> Image:
    from zarr.storage import FsspecStore

    from napari_sam.io.readers.ome_zarr import read_zarr

    store = FsspecStore.from_url(remote.url, read_only=True)
    return read_zarr(store, remote.url, options=options)


def _read_npy(remote: Remote, options: ReadOptions) -> Image:
    return Image(data=np.load(BytesIO(remote.read_all()), allow_pickle=False), axes="")


def _read_picture(remote: Remote, options: ReadOptions) -> Image:
    from napari_sam.io.readers.picture_file import read_picture

    return read_picture(BytesIO(remote.read_all()), remote.name.name, options)
