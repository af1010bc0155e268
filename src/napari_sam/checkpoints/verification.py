"""Verification of checkpoints: every file is read and hashed again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam.checkpoints.catalogue import find, models, word_models
from napari_sam.checkpoints.environment import models_folder
from napari_sam.checkpoints.integrity import digest, forget, remember

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Verified:
    """A file on this disk, the hash it should have, and the one it has."""

    name: str
    path: Path
    expected: str
    got: str

    @property
    def is_right(self) -> bool:
        """Whether the file has the hash that is expected."""
        return self.expected == self.got


def verify(name: str | None = None) -> tuple[Verified, ...]:
    """Read the files of a model that are on this disk, or of all, and hash them.

    Parameters
    ----------
    name
        As in `models`; None for every model.

    Raises
    ------
    UnknownModelError
        If there is no such model.
    """
    found = []
    every = (*models(), *word_models())
    for entry in every if name is None else (find(name),):
        for download in entry.downloads:
            path = models_folder() / download.file
            if not path.is_file():
                continue
            got = digest(path, download.hash_kind)
            if got == download.hash:
                remember(path, download)
            else:
                forget(path)
            found.append(Verified(entry.name, path, download.hash, got))
    return tuple(found)
