"""Options of prompts: --point, --box, --polygon and --scribble, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.options.from_settings import typed_options
from napari_sam.core.errors import PromptError
from napari_sam.core.prompts import Prompts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_KINDS = ("point", "box", "polygon", "scribble")
_FORMS = {
    "point": ("ROW,COL[,-]", "A point on the object; with ,- one that is not on it."),
    "box": ("TOP,LEFT,BOTTOM,RIGHT", "A box around the object, half-open."),
    "polygon": ("ROW,COL,ROW,COL,...[,-]", "A polygon around the object."),
    "scribble": ("ROW,COL,ROW,COL,...[,-]", "A line inside the object."),
}
_ORDER = "napari_sam.order"


class PromptsCommand(click.Command):
    """A command that remembers in which order its prompts were given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Note the order, which grouping by option would lose."""
        flags = (a.partition("=")[0] for a in args if a.startswith("--"))
        ctx.meta[_ORDER] = [f[2:] for f in flags if f[2:] in _KINDS]
        return super().parse_args(ctx, args)


def _prompts(**texts: object) -> Prompts:
    order: Sequence[str] = click.get_current_context().meta[_ORDER]
    return prompts_from(order, texts)


#: Adds ``prompts: Prompts`` to a `PromptsCommand`.
prompt_options = typed_options(
    "prompts",
    {
        kind: click.option(
            f"--{kind}", f"prompts_{kind}", multiple=True, metavar=metavar, help=text
        )
        for kind, (metavar, text) in _FORMS.items()
    },
    _prompts,
)


def prompts_from(order: Sequence[str], texts: Mapping[str, object]) -> Prompts:
    """Put together the prompts of one object, in order."""
    left = {kind: iter(_texts(texts[kind])) for kind in _KINDS}
    prompts = Prompts()
    for kind in order:
        prompts = prompts + parse(kind, next(left[kind]))
    return prompts


def _texts(values: object) -> Sequence[str]:
    return values if isinstance(values, tuple | list) else ()


def parse(kind: str, text: str) -> Prompts:
    """Read one option's value.

    Raises
    ------
    PromptError
        If it has not the form that the option expects.
    """
    parts = [p.strip() for p in text.split(",")]
    positive = parts[-1] != "-"
    parts = parts if positive or kind == "box" else parts[:-1]
    try:
        numbers = [float(p) for p in parts]
    except ValueError:
        raise _wrong(kind, text) from None
    pairs = list(zip(numbers[::2], numbers[1::2], strict=False))
    if kind == "point" and len(numbers) == 2:
        return Prompts().point(*numbers, positive=positive)
    if kind == "box" and len(numbers) == 4:
        return Prompts().rectangle(*numbers)
    if kind == "polygon" and len(numbers) % 2 == 0:
        return Prompts().polygon(pairs, positive=positive)
    if kind == "scribble" and len(numbers) % 2 == 0:
        return Prompts().scribble(pairs, positive=positive)
    raise _wrong(kind, text)


def _wrong(kind: str, text: str) -> PromptError:
    return PromptError(f"--{kind} {text}: expected {_FORMS[kind][0]}, in pixels.")
