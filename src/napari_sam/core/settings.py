"""Settings: values that a person may change, with labels, units and ranges.

A group of settings is a frozen dataclass. Its fields carry label, tip, unit and range,
from which options of the command line and forms of the dock and the notebook are made.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from math import isfinite
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Literal, TypeVar, Union, get_args, get_origin
from typing import get_type_hints as _type_hints

from napari_sam.core.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _typeshed import DataclassInstance

T = TypeVar("T")

_KEY = "napari_sam.setting"


@dataclass(frozen=True, slots=True)
class Setting:
    """The description of one setting: name, type, default, label, unit and range.

    Attributes
    ----------
    name
        Of the field of the dataclass.
    type
        Of its values, without None and without ``Literal``: bool, int, float, str ...
    default
        Its value, unless another is given.
    label, tip
        A word or two for a form, and a sentence that explains it.
    unit
        Such as ``"px"``; empty without one.
    minimum, maximum, step
        Range of a number, and how far one press of a button changes it.
    choices
        The only values that are allowed; empty if any is.
    automatic
        What None stands for, such as "as the model sees best".
    optional
        Whether it may be None.
    """

    name: str
    type: type
    default: object
    label: str
    tip: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    choices: tuple[object, ...] = ()
    automatic: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class _Facts:
    """The facts of a setting that its annotation lacks."""

    label: str
    tip: str
    unit: str
    minimum: float | None
    maximum: float | None
    step: float | None
    choices: tuple[object, ...]
    automatic: str


def setting(
    default: T,
    *,
    label: str,
    tip: str,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    step: float | None = None,
    choices: Sequence[T] | None = None,
    automatic: str = "",
) -> T:
    """Return a dataclass field for a setting: see `Setting` for the parameters.

    The annotation of the field is evaluated later: what it names must be imported at
    run time, not under ``TYPE_CHECKING``.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from napari_sam.core.settings import check, setting
    >>> @dataclass(frozen=True)
    ... class Halo:
    ...     width: int = setting(8, label="Halo", tip="Of tiles.", minimum=0)
    ...     def __post_init__(self) -> None:
    ...         check(self)
    >>> Halo(16).width
    16
    """
    facts = _Facts(
        label, tip, unit, minimum, maximum, step, tuple(choices or ()), automatic
    )
    made: T = field(default=default, metadata={_KEY: facts})
    return made


def settings_of(group: type[DataclassInstance]) -> tuple[Setting, ...]:
    """Return the settings of a dataclass, in order; other fields are left out."""
    types = _type_hints(group)
    return tuple(
        _setting(f.name, types[f.name], f.default, f.metadata[_KEY])
        for f in fields(group)
        if _KEY in f.metadata
    )


def check(group: DataclassInstance) -> None:
    """Refuse settings outside of their range or choices: for ``__post_init__``.

    Raises
    ------
    SettingError
        With the setting's name, what was given and what was expected.
    """
    for one in settings_of(type(group)):
        value = getattr(group, one.name)
        if not (value is None and one.optional):
            check_value(one, value)


def check_value(one: Setting, value: object) -> None:
    """Refuse a value that a setting cannot have.

    Raises
    ------
    SettingError
        With the setting's name, what was given and what was expected.
    """
    if one.choices and value not in one.choices:
        raise _wrong(one, value, f"one of {', '.join(map(repr, one.choices))}")
    if one.type in (int, float):
        _check_number(one, value)


def _check_number(one: Setting, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(one, value, "a number")
    if one.type is int and not isinstance(value, int):
        raise _wrong(one, value, "a whole number")
    low, high = one.minimum, one.maximum
    below = low is not None and value < low
    above = high is not None and value > high
    if below or above or not isfinite(value):
        raise _wrong(one, value, _range(one))


def _range(one: Setting) -> str:
    unit = f" {one.unit}" if one.unit else ""
    if one.minimum is not None and one.maximum is not None:
        return f"{one.minimum} to {one.maximum}{unit}"
    if one.minimum is not None:
        return f"at least {one.minimum}{unit}"
    if one.maximum is not None:
        return f"at most {one.maximum}{unit}"
    return "a finite number"


def _wrong(one: Setting, value: object, expected: str) -> SettingError:
    return SettingError(
        f"{one.name}={value!r} ({one.label}): expected {expected}. {one.tip}"
    )


def _setting(name: str, annotation: object, default: object, facts: _Facts) -> Setting:
    kind, choices, optional = _parts(annotation)
    return Setting(
        name,
        kind,
        default,
        facts.label,
        facts.tip,
        facts.unit,
        facts.minimum,
        facts.maximum,
        facts.step,
        facts.choices or choices,
        facts.automatic,
        optional,
    )


def _parts(annotation: object) -> tuple[type, tuple[object, ...], bool]:
    """Split an annotation into a type, the values of a Literal, and optional or not."""
    optional = False
    if get_origin(annotation) in (Union, UnionType):
        members = [a for a in get_args(annotation) if a is not NoneType]
        optional = len(members) < len(get_args(annotation))
        annotation = members[0]
    if get_origin(annotation) is Literal:
        values = get_args(annotation)
        return type(values[0]), values, optional
    kind = get_origin(annotation) or annotation
    return kind if isinstance(kind, type) else object, (), optional
