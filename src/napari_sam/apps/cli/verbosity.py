"""Verbosity of commands: ``-q`` and ``-v``, which every one has."""

from __future__ import annotations

import logging
from functools import partial

import click

_KEY = "napari_sam.verbosity"
_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


def with_verbosity(command: click.Command) -> click.Command:
    """Add ``-q`` and ``-v`` to a command and its parts, if they are not there yet."""
    if not any(p.name == "quiet" for p in command.params):
        command.params += [_quiet(), _verbose()]
    if isinstance(command, click.Group):
        for part in command.commands.values():
            with_verbosity(part)
    return command


def is_quiet() -> bool:
    """Whether the command that runs prints errors only (``-q``)."""
    return _verbosity() < 0


def is_verbose() -> bool:
    """Whether the command logs its steps (``-v``)."""
    return _verbosity() > 0


def say(text: str, *, err: bool = False) -> None:
    """Print on standard output or error, unless the command is quiet."""
    if not is_quiet():
        click.echo(text, err=err)


def _verbosity() -> int:
    context = click.get_current_context(silent=True)
    return 0 if context is None else int(context.meta.get(_KEY, 0))


def _quiet() -> click.Option:
    return click.Option(
        ["-q", "--quiet"], is_flag=True, expose_value=False, callback=_set_quiet,
        help="Print errors only.",
    )  # fmt: skip


def _verbose() -> click.Option:
    return click.Option(
        ["-v", "--verbose"], count=True, expose_value=False, callback=_set_verbose,
        help="Log each step, and show tracebacks of errors; -vv logs more.",
    )  # fmt: skip


def _set_quiet(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        context.meta[_KEY] = -1


def _set_verbose(context: click.Context, _: click.Parameter, value: int) -> None:
    if not value:
        return
    context.meta[_KEY] = value
    logger, handler = logging.getLogger("napari_sam"), logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    before = logger.level
    for one in (logger, logging.getLogger("tifffile")):
        one.addHandler(handler)
        context.call_on_close(partial(one.removeHandler, handler))
    logger.setLevel(_LEVELS[min(value, len(_LEVELS) - 1)])
    context.call_on_close(lambda: logger.setLevel(before))
