"""JSON values: what `json` reads and writes, as types."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

#: Any JSON value that is being made.
JsonValue: TypeAlias = (
    "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
)
#: A JSON object that is being made.
JsonDict: TypeAlias = "dict[str, JsonValue]"

#: Any JSON value that was read: its type is checked where it is used.
UncheckedJson: TypeAlias = Any
#: A JSON object that was read.
JsonObject: TypeAlias = Mapping[str, UncheckedJson]


def parse_json(text: str | bytes) -> UncheckedJson:
    """Parse JSON that anybody may have written, bytes in UTF-8, 16 or 32.

    Raises
    ------
    ValueError
        If it is no JSON, or is nested too deeply to be read.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
