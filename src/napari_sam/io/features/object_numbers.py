"""Numbers of objects, from whatever a file calls them."""

from __future__ import annotations

from itertools import count
from math import isfinite
from textwrap import shorten
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The largest number that labels can have.
_LARGEST = 2**32 - 1
#: How many renamed objects a note lists.
_LISTED = 5


class ObjectNumbers(NamedTuple):
    """The number of each feature, and what should be said of them."""

    numbers: list[int]
    notes: tuple[str, ...]


def whole_number(value: object) -> int | None:
    """Return what is a whole number in any spelling: 40, 40.0, "40"; or else None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        pass
    try:
        real = float(value)
    except (ValueError, OverflowError):
        return None
    return int(real) if isfinite(real) and real.is_integer() else None


def object_numbers(names: Sequence[object]) -> ObjectNumbers:
    """Give features numbers: those there are kept, what has none gets a free one.

    Features of one name are one object. What has no name gets its place among the
    features, from 1, where nobody has that number.

    Parameters
    ----------
    names
        What the file calls the object of each feature; None where it does not.
    """
    given = [_label(name) for name in names]
    taken = {number for number in given if number is not None}
    free = (n for n in count(len(names) + 1) if n not in taken)
    of_name: dict[str, int] = {}
    found: list[int] = []
    for place, (name, number) in enumerate(zip(names, given, strict=True), start=1):
        if number is None:
            text = _text(name)
            number = of_name.get(text) if text else None
            if number is None:
                number = place if place not in taken else next(free)
            if text:
                of_name[text] = number
        found.append(number)
    return ObjectNumbers(found, _notes(names, given, found))


def _label(name: object) -> int | None:
    """Return a number that labels can have."""
    if isinstance(name, float) and not name.is_integer():
        return None
    number = whole_number(name)
    return number if number is not None and 1 <= number <= _LARGEST else None


def _text(name: object) -> str:
    missing = name is None or (isinstance(name, float) and name != name)
    return "" if missing else str(name).strip()


def _notes(
    names: Sequence[object], given: Sequence[int | None], found: Sequence[int]
) -> tuple[str, ...]:
    """Say which objects have numbers that their file does not."""
    if not any(_text(name) for name in names):
        return ()
    said: dict[str, int] = {}
    for place, (name, old, new) in enumerate(zip(names, given, found, strict=True), 1):
        if old is None:
            text = _text(name)
            said[
                repr(shorten(text, 40)) if text else f"feature {place}, which has none"
            ] = new
    if not said:
        return ()
    listed = [f"{who} is {number}" for who, number in list(said.items())[:_LISTED]]
    more = len(said) - len(listed)
    rest = f", and {more} more" if more else ""
    return (
        "Numbers of objects are kept; what has none in its file gets a free one: "
        f"{', '.join(listed)}{rest}.",
    )
