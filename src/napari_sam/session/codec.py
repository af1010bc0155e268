"""Dataclasses as plain JSON types and back, from nothing but their fields.

What is written is the schema of version 1, so that older files are read and older
programs read newer ones: an address is ``[frame, object]``, and prompts are
``{"prompts": ..., "threshold": ...}``. In a tuple of things of several types an address
takes two places.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, field, fields, is_dataclass, replace
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import numpy as np

from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError
from napari_sam.core.prompts import Prompts
from napari_sam.core.propagation import State
from napari_sam.session.labels.patch import LabelPatch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from _typeshed import DataclassInstance

    from napari_sam.core.json_values import JsonDict, JsonObject, UncheckedJson

T = TypeVar("T")

#: Raised when a reader of the old schema could misunderstand the new one.
VERSION = 1
#: No whole number is as large as this.
_ABOVE = 2**32
#: Characters of a wrong value that a message shows.
_LONGEST = 60


def stored(
    key: str = "", *, default: object = MISSING, omit_empty: bool = False
) -> UncheckedJson:
    """Return a field of a dataclass that is written under another key than its name.

    Parameters
    ----------
    key
        The key; by default, the name of the field.
    default
        Its value where none is given, as in older files.
    omit_empty
        Write nothing where there is nothing.
    """
    metadata = {"key": key, "omit_empty": omit_empty}
    if default is MISSING:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata)


def fields_to_dict(value: DataclassInstance) -> JsonDict:
    """Return the fields of a dataclass as plain JSON types."""
    found = {}
    for one in fields(value):
        content = getattr(value, one.name)
        if content or not one.metadata.get("omit_empty"):
            found[_key(one)] = to_plain(content)
    return found


def fields_from_dict(kind: type[T], data: JsonObject) -> T:
    """Inverse of `fields_to_dict`.

    Raises
    ------
    SessionError
        If a field is missing that has no default.
    """
    hints = get_type_hints(kind)
    _checked(data, isinstance(data, dict), "an object")
    given = {}
    for one in fields(kind):  # type: ignore[arg-type]
        if _key(one) in data:
            given[one.name] = from_plain(hints[one.name], data[_key(one)])
        elif one.default is MISSING and one.default_factory is MISSING:
            raise SessionError(f"{dict(data)!r} lacks {_key(one)!r}: it is damaged.")
    return kind(**given)


def to_plain(value: object) -> UncheckedJson:
    """Return a value as plain JSON types; `from_plain` is the exact inverse."""
    match value:
        case Address(frame, object_id):
            return [frame, object_id]
        case Prompts():
            bare = replace(value, threshold=0.0)
            return {"prompts": bare.to_dict(), "threshold": value.threshold}
        case LabelPatch():
            return value.to_dict()
        case State():
            return value.name.lower()
        case tuple():
            return _spread(value)
    if is_dataclass(value) and not isinstance(value, type):
        return fields_to_dict(value)
    return value


def from_plain(kind: object, data: UncheckedJson) -> UncheckedJson:
    """Inverse of `to_plain`, for a value of a type."""
    made = _READERS.get(kind)
    if made is not None:
        return made(data)
    origin = get_origin(kind)
    if origin is tuple:
        return _gathered(get_args(kind), data)
    if origin in (Union, UnionType):
        (inner,) = (arg for arg in get_args(kind) if arg is not type(None))
        return None if data is None else from_plain(inner, data)
    if origin is Literal:
        return _checked(data, data in get_args(kind), f"one of {get_args(kind)}")
    if is_dataclass(kind) and isinstance(kind, type):
        return fields_from_dict(kind, data)
    return data


def plain_number(value: object) -> object:
    """Return a number of numpy as one of Python, for `json.dumps`.

    Raises
    ------
    TypeError
        If it is anything else.
    """
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{value!r} is no plain JSON type.")


def _spread(values: tuple[object, ...]) -> list[UncheckedJson]:
    mixed = any(not isinstance(value, Address) for value in values)
    made: list[UncheckedJson] = []
    for value in values:
        if mixed and isinstance(value, Address):
            made += to_plain(value)
        else:
            made.append(to_plain(value))
    return made


def _gathered(
    kinds: tuple[object, ...], data: list[UncheckedJson]
) -> tuple[object, ...]:
    _checked(data, isinstance(data, list | tuple), "a list")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(from_plain(kinds[0], item) for item in data)
    rest, made = list(data), []
    count = len(kinds) + kinds.count(Address)
    _checked(data, len(rest) == count, f"a list of {count}")
    for kind in kinds:
        if kind is Address:
            made.append(_address(rest.pop(0), rest.pop(0)))
        else:
            made.append(from_plain(kind, rest.pop(0)))
    return tuple(made)


def _prompts(data: JsonObject) -> Prompts:
    threshold = _number(data["threshold"])
    return replace(Prompts.from_dict(data["prompts"]), threshold=threshold)


def _checked(value: UncheckedJson, is_right: bool, expected: str) -> UncheckedJson:
    """Return a value, if it is of the kind that is written here."""
    if not is_right:
        text = repr(value)
        given = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
        raise SessionError(f"{given} stands where {expected} should: it is damaged.")
    return value


def _number(value: UncheckedJson) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(_checked(value, is_number, "a number"))


def _integer(value: UncheckedJson) -> int:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return int(_checked(value, is_whole and abs(value) < _ABOVE, "a whole number"))


def _state(value: UncheckedJson) -> State:
    words = {one.name.lower(): one for one in State}
    is_one = isinstance(value, str) and value in words
    return words[_checked(value, is_one, f"one of {', '.join(words)}")]


def _address(frame: UncheckedJson, object_id: UncheckedJson) -> Address:
    return Address(_integer(frame), _integer(object_id))


#: How values of these types are read.
_READERS: Mapping[object, Callable[[UncheckedJson], object]] = {
    float: _number,
    int: _integer,
    bool: lambda data: _checked(data, isinstance(data, bool), "true or false"),
    str: lambda data: _checked(data, isinstance(data, str), "text"),
    Address: lambda data: _address(*data),
    Prompts: _prompts,
    State: _state,
    LabelPatch: LabelPatch.from_dict,
}


def _key(one: Field[UncheckedJson]) -> str:
    return str(one.metadata.get("key") or one.name)
