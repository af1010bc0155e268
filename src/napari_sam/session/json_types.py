"""Types of what is read from JSON and written to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

#: Any value of JSON: it is checked where it is read.
Json: TypeAlias = Any
#: An object of JSON, to be written.
JsonObject: TypeAlias = dict[str, Json]
#: An object of JSON that was read.
JsonMapping: TypeAlias = Mapping[str, Json]
