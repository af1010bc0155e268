"""Names of files as other machines write them, matched by their last part."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import normalize
from urllib.parse import unquote

from napari_sam.core.errors import ImageError, MissingFileError

if TYPE_CHECKING:
    from collections.abc import Iterable

_SLASHES = re.compile(r"[/\\]+")
_SPACES = re.compile(r"%[0-9a-fA-F]{2}")


def check_no_device(path: str | Path) -> None:
    """Refuse a pipe or a device: reading one waits for ever, or has no end.

    Raises
    ------
    MissingFileError
        If it is neither a file nor a folder.
    """
    there = Path(path)
    if not (there.is_file() or there.is_dir()):
        raise MissingFileError(
            f"{path} is a pipe or a device, and no file. Write it to a file first."
        )


def parts_of(name: str) -> tuple[str, ...]:
    """Return the parts of a path of any system, in one spelling.

    Both kinds of slashes divide, accents are composed (NFC), and there is no ``.``, and
    no scheme of a URL.
    """
    plain = name.strip().partition("://")[2] or name.strip()
    parts = _SLASHES.split(normalize("NFC", plain))
    return tuple(part for part in parts if part not in ("", "."))


def spellings_of(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the parts of a path, and those with ``%20`` and the like decoded."""
    given = parts_of(name)
    decoded = parts_of(unquote(name)) if _SPACES.search(name) else given
    return (given,) if decoded == given else (given, decoded)


class FileNames:
    """Names or paths, as a table has them, found by files that they may be of.

    Parameters
    ----------
    names
        The names; also paths of other systems.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._by_last: dict[str, list[str]] = {}
        for name in names:
            for spelling in spellings_of(name):
                if spelling:
                    self._by_last.setdefault(spelling[-1], []).append(name)

    def of(self, path: Path, *, stem: bool = True) -> list[str]:
        """Return the names of a file: with its suffix or, by `stem`, without it too.

        Of several, those whose folders agree furthest with the file's.
        """
        own = parts_of(str(path))
        last = dict.fromkeys((own[-1], *(parts_of(path.stem) if stem else ())))
        found = list(dict.fromkeys(n for e in last for n in self._by_last.get(e, ())))
        if len(found) > 1:
            closest = max(_agreeing(own, n) for n in found)
            found = [n for n in found if _agreeing(own, n) == closest]
        return found

    def the_one_of(self, path: Path, where: str, *, stem: bool = True) -> str | None:
        """Return the name of a file; None if it has none.

        Raises
        ------
        ImageError
            If several names are of the file.
        """
        found = self.of(path, stem=stem)
        if len(found) > 1:
            raise ImageError(
                f"{where} names {path.name} in {len(found)} ways: "
                f"{', '.join(found[:3])}. Give each image one name."
            )
        return found[0] if found else None


def _agreeing(own: tuple[str, ...], name: str) -> int:
    """Return how many folders at the end of a path a name has too."""
    counts = []
    for spelling in spellings_of(name):
        pairs = list(zip(reversed(own[:-1]), reversed(spelling[:-1]), strict=False))
        differing = (i for i, (a, b) in enumerate(pairs) if a != b)
        counts.append(next(differing, len(pairs)))
    return max(counts, default=0)
