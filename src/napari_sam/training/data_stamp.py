"""What a run remembers of its data, so that others do not take their place unseen."""

from __future__ import annotations

import json
import os
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: Files that a run may itself write into a folder of data.
_OURS = (".safetensors", ".training")


class FolderStamp(NamedTuple):
    """What the files of a folder are, without reading them.

    Attributes
    ----------
    name
        Of the folder.
    files, size
        How many there are, and their bytes.
    digest
        Of all names and sizes.
    newest
        The latest time that one was written, in ns.
    """

    name: str
    files: int
    size: int
    digest: str
    newest: int


def stamp_of(paths: Sequence[Path]) -> str:
    """Return what changes with the files of data, as JSON.

    Parameters
    ----------
    paths
        Folders, or files that name others, which lie in their folder.
    """
    return json.dumps([_stamp(Path(path).absolute()) for path in paths])


def changes(before: str, now: str) -> tuple[str, str]:
    """Return which files changed between two stamps, and which were only rewritten.

    Each is words for a message, or empty. A file of the same name and size may have
    been copied: its time alone tells nothing for sure.
    """
    old, new = _parsed(before), _parsed(now)
    if [one.digest for one in old] == [one.digest for one in new]:
        later = [n.name for o, n in zip(old, new, strict=True) if n.newest > o.newest]
        return "", ", ".join(later)
    names = dict.fromkeys(one.name for one in (*old, *new))
    said = [
        f"{name} had {_counted(o)}, and has {_counted(n)}"
        for name in names
        if (o := _named(old, name)) != (n := _named(new, name))
    ]
    return "; ".join(said) or "files have other names or sizes", ""


def _stamp(path: Path) -> FolderStamp:
    root = path if path.is_dir() else path.parent
    found = sorted(_files(root))
    text = "\n".join(f"{name} {size}" for name, size, _ in found)
    digest = blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16)
    sizes = sum(size for _, size, _ in found)
    newest = max((time for _, _, time in found), default=0)
    return FolderStamp(path.name, len(found), sizes, digest.hexdigest(), newest)


def _files(root: Path) -> Iterator[tuple[str, int, int]]:
    """Yield name, size and time of each file that is neither hidden nor a run's."""
    for folder, _, names in os.walk(root, followlinks=True):
        for name in names:
            if name.startswith(".") or name.endswith(_OURS):
                continue
            file = os.path.join(folder, name)
            if os.path.exists(file):
                stat = os.stat(file)
                yield os.path.relpath(file, root), stat.st_size, stat.st_mtime_ns


def _parsed(text: str) -> list[FolderStamp]:
    return [FolderStamp(*one) for one in json.loads(text or "[]")]


def _named(stamps: Iterable[FolderStamp], name: str) -> list[FolderStamp]:
    return [one._replace(newest=0) for one in stamps if one.name == name]


def _counted(stamps: Sequence[FolderStamp]) -> str:
    files, size = sum(s.files for s in stamps), sum(s.size for s in stamps)
    return f"{files} files of {size:,} bytes" if stamps else "no data"
