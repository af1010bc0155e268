"""JSON values: what `json` reads and writes, as types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Anything that JSON can hold.
JsonValue: TypeAlias = (
    "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
)
#: An object of JSON that is being made.
JsonDict: TypeAlias = "dict[str, JsonValue]"
#: An object of JSON that was read: its values are checked where they are used.
JsonObject: TypeAlias = "Mapping[str, Any]"
