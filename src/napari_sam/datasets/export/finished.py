"""The list of units that a stopped export has written, in its hidden folder."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, TextIO

from napari_sam.core.errors import ImageError

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam.core.json_values import JsonDict, JsonObject

__all__ = ["Finished"]

_NAME = "finished.jsonl"


class Finished:
    """The list of units that are written, a line for each; the last may be cut off.

    Parameters
    ----------
    file
        The list, open at its end.
    path
        Where it is.
    found
        What is known of finished units, by their keys.
    """

    def __init__(self, file: TextIO, path: Path, found: dict[str, JsonObject]) -> None:
        self._file, self._path, self._found = file, path, found

    @classmethod
    def open(cls, folder: Path, key: str) -> Finished:
        """Go on in a folder if it is of the same export; else begin anew.

        Raises
        ------
        ImageError
            If there is something else, which is no export that was stopped.
        """
        path = folder / _NAME
        lines = _lines(path)
        if not lines or lines[0] != {"key": key}:
            _clear(folder)
            folder.mkdir(parents=True)
            lines = []
        found = {str(one["unit"]): one["written"] for one in lines[1:]}
        with path.open("w", encoding="utf-8") as file:  # without a line that is cut off
            file.write(json.dumps({"key": key}) + "\n")
            for unit, written in found.items():
                file.write(json.dumps({"unit": unit, "written": written}) + "\n")
        return cls(path.open("a", encoding="utf-8"), path, found)

    def get(self, unit: str) -> JsonObject | None:
        """Return what is known of a unit that is written."""
        return self._found.get(unit)

    def put(self, unit: str, written: JsonDict) -> None:
        """Note that a unit is written."""
        self._file.write(json.dumps({"unit": unit, "written": written}) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Delete the list, when all is written."""
        self._file.close()
        self._path.unlink()


def _clear(folder: Path) -> None:
    """Delete what another export left."""
    if not folder.exists():
        return
    if not (folder / _NAME).is_file() and any(folder.iterdir()):
        raise ImageError(
            f"{folder} is there, and no export that was stopped. Move it away, or give "
            "another name."
        )
    shutil.rmtree(folder)


def _lines(path: Path) -> list[JsonObject]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    found = []
    for line in text.splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            break
    return found
