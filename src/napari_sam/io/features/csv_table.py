"""Tables of prompts as spreadsheets and other programs write them, as text."""

from __future__ import annotations

import csv
import re
from contextlib import contextmanager
from difflib import get_close_matches
from io import StringIO
from math import isfinite
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from napari_sam.core.errors import PromptError
from napari_sam.io.features.columns_of_others import plain_names, with_corners

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from napari_sam.core.json_values import JsonValue

_DELIMITERS = ",;\t|"
#: Columns that mean something, and what other programs call them.
_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "object": ("object", "object_id", "objectid"),
        "id": ("id",),
        "image": ("image",),
        "frame": ("frame",),
        "positive": ("positive",),
        "threshold": ("threshold",),
        "row": ("row",),
        "col": ("col", "column"),
        "top": ("top",),
        "left": ("left",),
        "bottom": ("bottom",),
        "right": ("right",),
        "x": ("x", "easting", "point_x", "coord_x", "x_coord", "xcoord"),
        "y": ("y", "northing", "point_y", "coord_y", "y_coord", "ycoord"),
        "lon": ("lon", "lng", "long", "longitude"),
        "lat": ("lat", "latitude"),
        "xmin": ("xmin", "x_min", "minx", "min_x", "x1"),
        "ymin": ("ymin", "y_min", "miny", "min_y", "y1"),
        "xmax": ("xmax", "x_max", "maxx", "max_x", "x2"),
        "ymax": ("ymax", "y_max", "maxy", "max_y", "y2"),
    }
)
_MEANING: Mapping[str, str] = MappingProxyType(
    {alias: name for name, aliases in _NAMES.items() for alias in aliases}
)
_POINT, _BOX = ("row", "col"), ("top", "left", "bottom", "right")
_MAP_BOX = ("xmin", "ymin", "xmax", "ymax")
#: What programs of statistics write where there is no value.
_NOTHING = frozenset(("nan", "na", "n/a", "null"))
#: How much like a column another must be to be taken for a slip of the pen.
_ALIKE = 0.85


class CsvTable(NamedTuple):
    """Rows of a table, under the names that we give its columns.

    Attributes
    ----------
    columns
        Names of the columns: ours where we know them, else those of the file.
    rows
        The cells of each row that is not empty, in the order of the columns.
    lines
        The line of each row in the file.
    notes
        What a person should know of how it was read.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    notes: tuple[str, ...] = ()

    def records(self) -> list[dict[str, str]]:
        """Return each row as a mapping from columns to cells."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def taking(self, keep: Sequence[int], *, without: str) -> CsvTable:
        """Return some of the rows, without a column."""
        at = self.columns.index(without)
        return CsvTable(
            (*self.columns[:at], *self.columns[at + 1 :]),
            tuple((*self.rows[i][:at], *self.rows[i][at + 1 :]) for i in keep),
            tuple(self.lines[i] for i in keep),
            self.notes,
        )

    @property
    def kind(self) -> str:
        """Return how places are said: "pixels", "lon lat", "x y", or "" for none."""
        has = set(self.columns).issuperset
        if has(_POINT) or has(_BOX):
            return "pixels"
        if has(("lon", "lat")):
            return "lon lat"
        return "x y" if has(("x", "y")) or has(_MAP_BOX) else ""

    def attributes(self, record: Mapping[str, str]) -> dict[str, JsonValue]:
        """Return the cells of a row that are not about where its object is."""
        own = [name for name in record if name not in _MEANING or name == "id"]
        return {name: number_of(record[name]) for name in own}


def read_table(text: str) -> CsvTable:
    """Read a table with commas, semicolons, tabs or bars, and a line of names.

    Semicolons and tabs go with decimal commas, as spreadsheets of many countries write
    them. A first line ``sep=;`` says what stands between cells.

    Raises
    ------
    PromptError
        If it is no table, or a name is most likely a misspelt one of ours.
    """
    lines = text.lstrip("\ufeff").splitlines(keepends=True)
    skipped = _lines_before_names(lines)
    head = lines[skipped] if skipped < len(lines) else ""
    said = lines[0][4:5] if lines and lines[0].lower().startswith("sep=") else ""
    delimiter = said or max(_DELIMITERS, key=lambda one: _known_names(head, one))
    reader = csv.reader(StringIO("".join(lines[skipped:]), newline=""),
                        delimiter=delimiter)  # fmt: skip
    try:
        with _long_cells():
            columns = plain_names(_columns(next(reader, [])))
            numbered = [(reader.line_num + skipped, row) for row in reader]
    except csv.Error as wrong:
        raise PromptError(f"This is not CSV: {wrong}.") from None
    kept = [(n, row) for n, row in numbered if any(cell.strip() for cell in row)]
    rows = [_cells(row, columns, n, delimiter) for n, row in kept]
    named, cells, said = with_corners(columns, rows)
    return CsvTable(named, cells, tuple(n for n, _ in kept), (said,) * bool(said))


@contextmanager
def _long_cells() -> Iterator[None]:
    """Read cells of any length, such as outlines in text."""
    before = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def number_of(cell: str) -> JsonValue:
    """Return a cell as a number where it is one, None where it is empty."""
    for kind in (int, float):
        try:
            number = kind(cell)
        except ValueError:
            continue
        return number if isfinite(number) else cell
    return cell or None


def _lines_before_names(lines: Sequence[str]) -> int:
    """Return how many lines at the top are empty, comments, or ``sep=``."""
    for i, line in enumerate(lines):
        if (
            line.strip()
            and not line.startswith("#")
            and (not line.lower().startswith("sep="))
        ):
            return i
    return len(lines)


def _known_names(head: str, delimiter: str) -> tuple[int, int]:
    names = [_meaning(name) for name in head.rstrip("\r\n").split(delimiter)]
    return sum(name in _NAMES for name in names), len(names)


def _meaning(name: str) -> str:
    """Return our name of a column: without its unit, quotes, spaces and capitals."""
    plain = re.sub(r"\s*[\[(].*", "", name.strip().strip('"').strip()).lower()
    return _MEANING.get(re.sub(r"[\s-]+", "_", plain), name.strip())


def _columns(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the columns: the first of several is the one that counts."""
    found: list[str] = []
    for name in names:
        ours = _meaning(name)
        found.append(name.strip() if ours in found else ours)
    slips = {
        name: close[0]
        for name in found
        if name not in _NAMES
        and (close := get_close_matches(name.lower(), _NAMES, 1, _ALIKE))
        and close[0] not in found
    }
    if slips:
        said = ", ".join(f"{name} for {close}" for name, close in slips.items())
        raise PromptError(f"A column of the first line may be misspelt: {said}.")
    return _unique(found)


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    unique: list[str] = []
    for i, name in enumerate(names):
        name = name or f"column {i + 1}"
        unique.append(name if name not in unique else f"{name} {i + 1}")
    return tuple(unique)


def _cells(
    row: Sequence[str], columns: Sequence[str], line: int, delimiter: str
) -> tuple[str, ...]:
    cells = ["" if cell.strip().lower() in _NOTHING else cell.strip() for cell in row]
    if any(cells[len(columns) :]):
        raise PromptError(f"Line {line} of the CSV: more values than columns.")
    if delimiter != ",":
        cells = [re.sub(r"^([+-]?\d+),(\d+)$", r"\1.\2", cell) for cell in cells]
    return (*cells[: len(columns)], *[""] * (len(columns) - len(cells)))
