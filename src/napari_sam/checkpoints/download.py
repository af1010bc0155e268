"""Downloads of checkpoints: from a name to verified files on this disk."""

from __future__ import annotations

import logging
import os
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from napari_sam.checkpoints.catalogue import find
from napari_sam.checkpoints.environment import default_mirror, is_offline, models_folder
from napari_sam.checkpoints.integrity import check, digest, is_remembered, remember
from napari_sam.checkpoints.transfer import (
    GivenUpError,
    Patience,
    discard,
    iter_fetch,
    make_room,
    writing,
)
from napari_sam.core.errors import CheckpointError
from napari_sam.core.progress import Progress, drain

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from filelock import BaseFileLock

    from napari_sam.checkpoints.entries import Download, ModelEntry

logger = logging.getLogger(__name__)

#: Seconds between two checks of what another process is downloading.
_POLL = 0.2
_COPIED = 1 << 20


def download(
    name: str,
    *,
    mirror: str | None = None,
    report: Callable[[Progress], object] | None = None,
) -> Path:
    """Download and verify a model's files; return that of its weights.

    Of a model of words, the folder of its files is returned.

    What is there already is not downloaded again; what was cut goes on. Several
    processes may ask at once.

    Parameters
    ----------
    name
        As in `models`.
    mirror
        A server or a folder that has the files under their names in `Download.file`,
        instead of where they are published. ``NAPARI_SAM_MIRROR`` if not given.
    report
        Called with every `Progress`, in bytes.

    Raises
    ------
    UnknownModelError
        If there is no such model.
    CheckpointError
        If a file cannot be had, or is not what it should be. The message says what
        to do.
    """
    entry = find(name)
    if report is None and not is_here(entry):
        logger.warning("Downloading %s to %s ...", name, model_path(entry))
    return drain(iter_download(name, mirror=mirror), report)


def iter_download(
    name: str, *, mirror: str | None = None, patience: Patience | None = None
) -> Generator[Progress, None, Path]:
    """Like `download`, step by step. Closing it keeps what came, to go on from.

    Parameters
    ----------
    name, mirror
        As in `download`.
    patience
        How long a server is waited for.
    """
    entry = find(name)
    for part in entry.downloads:
        yield from _iter_download_file(entry, part, mirror, patience or Patience())
    return model_path(entry)


def path(name: str) -> Path:
    """Return the file of a model's weights, verified, without the network.

    Of a model of words, the folder of its files is returned.

    Raises
    ------
    UnknownModelError
        If there is no such model.
    CheckpointError
        If it is not on this disk, or is not what it should be.
    """
    entry = find(name)
    if not is_here(entry):
        raise CheckpointError(
            f"{name} is not on this disk. Download it: napari-sam models download "
            f"{name}."
        )
    for part in entry.needed:
        check(models_folder() / part.file, part)
    return model_path(entry)


def is_here(entry: ModelEntry) -> bool:
    """Whether what a model needs is on this disk; it is not read."""
    files = [models_folder() / part.file for part in entry.needed]
    return all(file.is_file() for file in files or [weights_path(entry)])


def model_path(entry: ModelEntry) -> Path:
    """Return where a model is, or would be: its weights; of words, their folder."""
    weights = weights_path(entry)
    return weights.parent if entry.files else weights


def decoder_path(entry: ModelEntry) -> Path | None:
    """Return the verified file of a model's second decoder, if it is on this disk."""
    if entry.decoder is None:
        return None
    found = models_folder() / entry.decoder.file
    if not found.is_file():
        return None
    check(found, entry.decoder)
    return found


def weights_path(entry: ModelEntry) -> Path:
    """Return where a model's weights are, or would be."""
    if entry.weights is None:
        return Path(str(files("napari_sam") / "models/weights/pocket.safetensors"))
    return models_folder() / entry.weights.file


def _iter_download_file(
    entry: ModelEntry, item: Download, mirror: str | None, patience: Patience
) -> Generator[Progress, None, None]:
    """Download one file. A folder that cannot be written to serves what it has."""
    target = models_folder() / item.file
    if not target.is_file():
        source = _source(entry, item, mirror)
        target.parent.mkdir(parents=True, exist_ok=True)
        with _lock(target) as lock:
            yield from _iter_wait(lock, item)
            if not target.is_file():
                yield from _iter_verified(source, target, item, patience)
                return
    if not is_remembered(target, item):
        yield Progress(0, target.stat().st_size, f"verifying {item.file}")
    check(target, item)


@contextmanager
def _lock(target: Path) -> Generator[BaseFileLock, None, None]:
    """Make a lock that is free again however the work ends."""
    from filelock import FileLock

    # A generator may be advanced by one thread and closed by another.
    lock = FileLock(target.with_name(target.name + ".lock"), thread_local=False)
    try:
        yield lock
    finally:
        lock.release()


def _iter_wait(lock: BaseFileLock, item: Download) -> Generator[Progress, None, None]:
    """Let another process that downloads the same file come to its end."""
    from filelock import Timeout

    while True:
        try:
            lock.acquire(timeout=_POLL)
            return
        except Timeout:
            yield Progress(0, 0, f"another process downloads {item.file}")


def _iter_verified(
    source: str | Path, target: Path, item: Download, patience: Patience
) -> Generator[Progress, None, None]:
    """Fetch and verify a file, and only then move it to its path."""
    part, got = target.with_name(target.name + ".part"), ""
    for _ in range(2):
        if isinstance(source, Path):
            yield from _iter_copy(source, part, item)
        else:
            yield from _iter_bring(source, part, item, patience)
        size = part.stat().st_size
        yield Progress(size, size, f"verifying {item.file}")
        got = digest(part, item.hash_kind)
        if got == item.hash:
            os.replace(part, target)
            remember(target, item)
            discard(part)
            return
        discard(part)
    raise CheckpointError(
        f"{source} is not {item.file}: expected {item.hash}, got {got} ({size} "
        "bytes), twice. It was deleted. The file was replaced there, or "
        "something on the way sends another page, such as one to log in."
    )


def _iter_bring(
    url: str, part: Path, item: Download, patience: Patience
) -> Generator[Progress, None, None]:
    """Fetch a file; a server that promised more than there is may have sent all."""
    fetch = iter_fetch(url, part, size=item.size, patience=patience)
    try:
        with closing(fetch):
            for step in fetch:
                yield Progress(step.done, step.total, f"{item.file}: {step.what}")
    except GivenUpError:
        if not part.is_file() or digest(part, item.hash_kind) != item.hash:
            raise


def _iter_copy(
    source: Path, part: Path, item: Download
) -> Generator[Progress, None, None]:
    """Copy from a folder, from the beginning."""
    if not source.is_file():
        raise CheckpointError(
            f"There is no {item.file} in {source.parent}. It is published at "
            f"{item.url}."
        )
    done, total = 0, source.stat().st_size
    discard(part)
    make_room(part, total)
    with source.open("rb") as read, writing(part, 0) as out:
        while block := read.read(_COPIED):
            out.write(block)
            done += len(block)
            yield Progress(done, total, f"copying {item.file}")


def _source(entry: ModelEntry, item: Download, mirror: str | None) -> str | Path:
    """Return the address or the file that a download comes from.

    Raises
    ------
    CheckpointError
        If the network would be needed and is forbidden.
    """
    mirror = mirror or default_mirror()
    target = models_folder() / item.file
    if entry.own:
        raise CheckpointError(
            f"{target} is gone: the file of {entry.name}, a model of your own. Add it "
            f"again: napari-sam models add FILE --name {entry.name} --replace."
        )
    if mirror and not mirror.startswith(("http://", "https://")):
        return _folder(mirror) / item.file
    if is_offline():
        raise CheckpointError(
            f"{entry.name} is not on this disk, and NAPARI_SAM_OFFLINE forbids the "
            f"network. Download {item.url} on another machine and save it as "
            f"{target}; or give a folder that has {item.file} by --mirror or "
            "NAPARI_SAM_MIRROR."
        )
    return f"{mirror.rstrip('/')}/{item.file}" if mirror else item.url


def _folder(mirror: str) -> Path:
    if mirror.startswith("file:"):
        return Path(unquote(urlsplit(mirror).path))
    return Path(mirror).expanduser()
