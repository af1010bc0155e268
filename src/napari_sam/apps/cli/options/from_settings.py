"""Options of the command line made from settings, which reach a command typed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click

from napari_sam.core.settings import settings_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from _typeshed import DataclassInstance

    from napari_sam.core.settings import Setting

#: The body of a command.
Body: TypeAlias = Callable[..., None]

#: What adds an option, or several, to it.
Decorator: TypeAlias = Callable[[Body], Body]


def settings_options(
    name: str,
    group: type[DataclassInstance],
    *,
    fields: Sequence[str] = (),
    flags: Mapping[str, str] | None = None,
    metavars: Mapping[str, str] | None = None,
    tips: Mapping[str, str] | None = None,
    parse: Mapping[str, Callable[[str], object]] | None = None,
) -> Decorator:
    """Return what adds the options of settings to a command.

    Parameters
    ----------
    name
        Of the command's parameter that gets the settings.
    group
        Their dataclass.
    fields
        Only these, in this order; the others keep their default.
    flags
        Options that are not named as their field.
    metavars, tips
        Placeholder and help of an option, where they are not the setting's.
    parse
        What makes the value of a field from its text.
    """
    known = {s.name: s for s in settings_of(group)}
    chosen = [known[field] for field in fields] if fields else list(known.values())
    parse = parse or {}
    options = {
        one.name: _option(
            one,
            f"{name}_{one.name}",
            (flags or {}).get(one.name),
            (metavars or {}).get(one.name),
            (tips or {}).get(one.name),
            is_text=one.name in parse,
        )
        for one in chosen
    }

    def make(**values: object) -> object:
        own = {
            field: parse[field](str(value))
            if field in parse and value is not None
            else value
            for field, value in values.items()
        }
        return group(**own)

    return typed_options(name, options, make)


def typed_options(
    name: str,
    options: Mapping[str, Decorator],
    make: Callable[..., object],
) -> Decorator:
    """Return what adds options to a command, which gets one object made of them.

    Parameters
    ----------
    name
        Of the command's parameter.
    options
        Each option by its field: the option's destination is ``{name}_{field}``.
    make
        Makes the object; the values are its keyword arguments, by their field.
    """

    def decorate(body: Body) -> Body:
        @wraps(body)
        def command(*args: object, **values: object) -> None:
            own = {field: values.pop(f"{name}_{field}") for field in options}
            body(*args, **values, **{name: make(**own)})

        added: Body = command
        for option in reversed(list(options.values())):
            added = option(added)
        return added

    return decorate


def _option(
    one: Setting,
    destination: str,
    flag: str | None,
    metavar: str | None,
    tip: str | None,
    *,
    is_text: bool,
) -> Decorator:
    flag = flag or f"--{one.name.replace('_', '-')}"
    text = tip or _help(one)
    if one.type is bool:
        on_by_default = one.default is True
        form = f"{flag}/--no-{flag[2:]}" if on_by_default else flag
        return click.option(
            form, destination, is_flag=True, default=one.default,
            show_default=on_by_default, help=text,
        )  # fmt: skip
    return click.option(
        flag, destination, type=str if is_text else _type(one), default=one.default,
        show_default=one.default is not None, metavar=metavar, help=text,
    )  # fmt: skip


def _help(one: Setting) -> str:
    return f"{one.tip} [default: {one.automatic}]" if one.automatic else one.tip


def _type(one: Setting) -> click.Choice[str] | click.Path | type:
    if one.choices:
        return click.Choice([str(c) for c in one.choices])
    return click.Path(path_type=Path) if one.type is Path else one.type
