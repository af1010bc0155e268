"""Images that a JSON file lists by name, found in the folders near it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from unicodedata import normalize

from napari_sam.core.errors import ImageError
from napari_sam.io.file_names import spellings_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["ListedImages"]

#: Names of subsets, as folders and in names of files: ``train2017``, ``validation``.
_SUBSET = re.compile(r"(train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?)\d*")
_WORDS = re.compile(r"[^A-Za-z0-9]+")


class ListedImages:
    """Files of the images that a JSON file lists, in whatever spelling.

    A name is matched with as many of its folders as are there, and by its last part in
    the end: paths of other machines are found too. Where subsets have folders of their
    own, an image is never taken from that of another subset.

    Parameters
    ----------
    path
        The JSON file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        words = [w.lower() for w in _WORDS.split(path.stem)]
        self._words = {*words, path.parent.name.lower()}
        self._subsets = {s for s in map(_subset, self._words) if s}
        near = [path.parent]
        if path.parent.name == "annotations":
            near.append(path.parent.parent)
        inside = [p for folder in near for p in _folders_in(folder)]
        inside += [p for folder in inside for p in _folders_in(folder)]
        self.folders = [f for f in [*near, *inside] if self._may_hold(f, near)]
        self._listings: dict[Path, dict[str, Path]] = {}

    def of(self, name: str) -> Path | None:
        """Return the file of an image; None if it is not there.

        Raises
        ------
        ImageError
            If there are several, and none is in the folder of the subset.
        """
        for parts in _shorter_and_shorter(name):
            found = list(dict.fromkeys(self._files(parts)))
            if found:
                return self._own(name, found)
        return None

    def _may_hold(self, folder: Path, near: list[Path]) -> bool:
        """Whether a folder is not that of another subset."""
        parts = [folder.name, folder.parent.name] if folder not in near else []
        others = {s for p in parts if (s := _subset(p.lower()))}
        return not self._subsets or not others or bool(others & self._subsets)

    def _files(self, parts: tuple[str, ...]) -> Iterator[Path]:
        for folder in self.folders:
            for part in parts[:-1]:
                folder /= part
            listing = self._listing(folder)
            if parts[-1] in listing:
                yield listing[parts[-1]]

    def _listing(self, folder: Path) -> dict[str, Path]:
        """Return the files of a folder by their names, with accents composed."""
        if folder not in self._listings:
            try:
                with os.scandir(folder) as entries:
                    files = [folder / e.name for e in entries if e.is_file()]
            except OSError:
                files = []
            self._listings[folder] = {normalize("NFC", f.name): f for f in files}
        return self._listings[folder]

    def _is_named(self, file: Path) -> bool:
        """Whether the folder of a file is named as the JSON file."""
        folder = file.parent
        return folder != self._path.parent and folder.name.lower() in self._words

    def _own(self, name: str, found: list[Path]) -> Path:
        """Return the file in the folder of the subset, or else beside the JSON file."""
        if len(found) == 1:
            return found[0]
        for is_own in (
            self._is_named,
            lambda p: _subset(p.parent.name.lower()) in self._subsets,
            lambda p: p.parent == self._path.parent,
        ):
            own = [p for p in found if is_own(p)]
            if len(own) == 1:
                return own[0]
        raise ImageError(
            f"{self._path} names {name}, which is there {len(found)} times: "
            f"{', '.join(str(p) for p in found[:3])}. Write the folder of the image "
            "into its file_name, or name the folder as the JSON file."
        )


def _subset(word: str) -> str | None:
    """Return a name for a subset that all of its spellings share."""
    found = _SUBSET.fullmatch(word)
    return found[1][:3] if found else None


def _folders_in(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:  # no look at each of its many files
        names = sorted(e.name for e in entries if e.is_dir())
    return [folder / n for n in names if n != "annotations" and n[0] != "."]


def _shorter_and_shorter(name: str) -> Iterator[tuple[str, ...]]:
    """Yield the parts of a path, then without its first folders, one by one."""
    spellings = spellings_of(name)
    for start in range(max(map(len, spellings))):
        for parts in spellings:
            if start < len(parts):
                yield parts[start:]
