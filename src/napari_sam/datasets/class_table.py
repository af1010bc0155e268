"""Classes of labels in a table beside a label image: ``a.csv`` beside ``a.tif``."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from napari_sam.core.atomic_write import replacing
from napari_sam.core.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["read_classes", "write_classes"]

#: Names of columns, as tables of features have them; the first that is there is taken.
_NUMBERS = ("label", "object", "object_id", "id", "index")
_CLASSES = ("class", "category")


def read_classes(path: Path) -> dict[int, str]:
    """Read the class of each label; nothing, where there is no table of classes.

    Parameters
    ----------
    path
        A table with commas, and with a column ``label``, ``object``, ``object_id``,
        ``id`` or ``index``, and one ``class`` or ``category``; else it is none of ours.

    Raises
    ------
    ImageError
        If a label is no whole number, or has two classes.
    """
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as wrong:
        raise ImageError(f"{path} cannot be read as a table: {wrong}.") from None
    columns = {name.lower().strip(): name for name in rows[0] if name} if rows else {}
    number = next((columns[n] for n in _NUMBERS if n in columns), None)
    named = next((columns[n] for n in _CLASSES if n in columns), None)
    if number is None or named is None:
        return {}
    return _classes(path, [(row[number], row[named]) for row in rows])


def write_classes(path: Path, classes: Mapping[int, str]) -> None:
    """Write the class of each label, as `read_classes` reads it."""
    with (
        replacing(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("label", "class"))
        table.writerows(sorted(classes.items()))


def _classes(path: Path, rows: Sequence[tuple[str, str]]) -> dict[int, str]:
    found: dict[int, str] = {}
    for text, name in rows:
        try:
            value = float(text)
            number = int(value)
        except (TypeError, ValueError, OverflowError):
            value, number = 0.5, 0
        if value != number:
            raise ImageError(f"{path}: {text!r} is no label; expected whole numbers.")
        if name and found.setdefault(number, name) != name:
            raise ImageError(
                f"{path}: label {number} is of two classes, {found[number]!r} and "
                f"{name!r}. Keep one."
            )
    return found
