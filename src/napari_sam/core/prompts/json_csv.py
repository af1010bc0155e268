"""JSON and CSV text of the prompts of many objects, in one schema.

CSV has one prompt per row, in order, under the header
``object,frame,row,col,positive`` or ``object,frame,top,left,bottom,right`` or all of
these: a row with ``row`` and ``col`` is a point, one with the four edges is a box. A
column ``threshold`` may follow. Only ``object`` may not be left out; ``frame`` is then
0 and ``positive`` true. JSON holds every kind of prompt::

    {"format": "napari-sam prompts", "version": 2, "prompts": [
        {"object": 1, "frame": 0, "items": [{"kind": "point", "row": 12, "col": 85}]}
    ]}

Version 1, with ``said`` in place of ``items``, is read as well.
"""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

from napari_sam.core.address import Address
from napari_sam.core.errors import PromptError
from napari_sam.core.prompts import Prompts, codec
from napari_sam.core.prompts.items import Box, Point

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.core.json_values import JsonObject
    from napari_sam.core.prompts.items import Prompt

FORMAT = "napari-sam prompts"

_EDGES = ("top", "left", "bottom", "right")
_COLUMNS = ("object", "frame", "row", "col", "positive", *_EDGES)
_TRUTH = {
    **dict.fromkeys(("", "1", "true", "yes", "+", "positive"), True),
    **dict.fromkeys(("0", "false", "no", "-", "negative"), False),
}


def to_json(prompts: Mapping[Address, Prompts]) -> str:
    """Write prompts as JSON text; `from_json` is the exact inverse."""
    entries = [_entry(at, one) for at, one in prompts.items()]
    data = {"format": FORMAT, "version": codec.VERSION, "prompts": entries}
    return json.dumps(data, indent=1) + "\n"


def _entry(at: Address, prompts: Prompts) -> dict[str, object]:
    items = [codec.to_dict(p) for p in prompts.items]
    entry = {"object": at.object_id, "frame": at.frame, "items": items}
    return {**entry, "threshold": prompts.threshold} if prompts.threshold else entry


def from_json(text: str) -> dict[Address, Prompts]:
    """Read what `to_json` writes.

    Raises
    ------
    PromptError
        If the text is not JSON, or not of this schema.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as wrong:
        raise PromptError(f"This is not JSON: {wrong}.") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise PromptError(
            f'This JSON holds no prompts: expected an object with "format": "{FORMAT}".'
        )
    codec.check_version(data)
    out: dict[Address, Prompts] = {}
    for i, entry in enumerate(_entries(data)):
        try:
            items = tuple(codec.from_dict(p) for p in codec.items_of(entry))
            at, threshold = _address(entry), _threshold(entry)
        except PromptError as wrong:
            raise PromptError(f"Entry {i} of the prompts: {wrong}") from None
        out[at] = out.get(at, Prompts()) + Prompts(items, threshold)
    return out


def to_csv(prompts: Mapping[Address, Prompts]) -> str:
    """Write points and boxes as CSV text; `from_csv` is the exact inverse.

    Raises
    ------
    PromptError
        If there are other prompts, which only JSON can hold.
    """
    some = any(one.threshold for one in prompts.values())
    columns = (*_COLUMNS, "threshold") if some else _COLUMNS
    lines = [",".join(columns)]
    for at, one in prompts.items():
        for s in one.items:
            match s:
                case Point(row, col, positive):
                    rest = [row, col, int(positive), "", "", "", ""]
                case Box(top, left, bottom, right):
                    rest = ["", "", "", top, left, bottom, right]
                case _:
                    raise PromptError(f"{s} does not fit in CSV. Use JSON.")
            rest += [one.threshold] if some else []
            lines.append(",".join(map(str, [at.object_id, at.frame, *rest])))
    return "\n".join(lines) + "\n"


def from_csv(text: str) -> dict[Address, Prompts]:
    """Read rows of points and boxes.

    Raises
    ------
    PromptError
        If a row cannot be understood; the message names its line.
    """
    reader = csv.DictReader(text.lstrip("\ufeff").splitlines())
    header = [(name or "").strip().lower() for name in reader.fieldnames or ()]
    reader.fieldnames = header
    strange = [name for name in header if name not in (*_COLUMNS, "threshold")]
    if "object" not in header or strange:
        what = f"; {', '.join(strange)} is not among them" if strange else ""
        raise PromptError(
            f"The first line of a CSV of prompts names its columns, out of "
            f"{','.join(_COLUMNS)}, and object must be there{what}."
        )
    out: dict[Address, Prompts] = {}
    try:
        for row in reader:
            at, prompt = _row(row)
            one = Prompts((prompt,), _threshold(row))
            out[at] = out.get(at, Prompts()) + one
    except PromptError as wrong:
        raise PromptError(f"Line {reader.line_num} of the CSV: {wrong}") from None
    except csv.Error as wrong:
        raise PromptError(f"This is not CSV: {wrong}.") from None
    return out


def _row(row: JsonObject) -> tuple[Address, Prompt]:
    if None in row:
        raise PromptError("there are more values than columns.")
    cells = {k: (v or "").strip() for k, v in row.items()}
    at = _address({k: v for k, v in cells.items() if v})
    positive = _TRUTH.get(cells.get("positive", "").lower())
    if positive is None:
        raise PromptError(f"positive={cells['positive']!r}: write 1 or 0.")
    point = [cells.get(k, "") for k in ("row", "col")]
    edges = [cells.get(k, "") for k in _EDGES]
    if all(point) and not any(edges):
        return at, Point(_number(point[0]), _number(point[1]), positive)
    if all(edges) and not any(point):
        if not positive:
            raise PromptError(
                "a box is around the object: positive cannot be 0. Use a point."
            )
        return at, Box(*(_number(v) for v in edges))
    raise PromptError("give either row and col, or top, left, bottom and right.")


def _address(entry: JsonObject) -> Address:
    values = []
    for name, default in (("frame", 0), ("object", None)):
        value = _number(entry.get(name, default), name)
        if not value.is_integer() or value < (name == "object"):
            least = "from 1" if name == "object" else "from 0"
            raise PromptError(f"{name}={value:g}: a whole number counted {least}.")
        values.append(int(value))
    return Address(*values)


def _threshold(entry: JsonObject) -> float:
    return _number(entry.get("threshold") or 0.0, "threshold")


def _number(value: object, what: str = "a coordinate") -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        given = "missing" if value is None else f"{value!r}, which is no number"
        raise PromptError(f"{what} is {given}.") from None


def _entries(data: JsonObject) -> list[JsonObject]:
    entries = data.get("prompts")
    if not isinstance(entries, list):
        raise PromptError('expected a list under "prompts".')
    return entries
