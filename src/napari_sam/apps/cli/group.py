"""The command group, which imports a command on first use."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from napari_sam._version import __version__
from napari_sam.apps.cli.verbosity import is_verbose, with_verbosity
from napari_sam.core.errors import NapariSamError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Names of commands, and "module:function".
Commands: TypeAlias = Mapping[str, str]


class UserError(click.ClickException):
    """An error in one line on standard error, and exit code 2."""

    exit_code = 2

    def __init__(self, error: Exception) -> None:
        super().__init__(" ".join(str(error).split()))


class OneLineUsageError(UserError):
    """A usage error of the command line: one sentence, and where help is."""

    def __init__(self, error: click.UsageError, group: click.Context) -> None:
        said = error.format_message().rstrip()
        sentence = said if said.endswith((".", "?", ")")) else f"{said}."
        called = f"{group.command_path} {group.invoked_subcommand or ''}".strip()
        command = error.ctx.command_path if error.ctx else called
        super().__init__(ValueError(f"{sentence} For help: {command} --help"))


class LazyGroup(click.Group):
    """A command group that imports its commands lazily, with errors in one line."""

    def __init__(self, *, commands_at: Commands, **options: Any) -> None:
        super().__init__(**options)
        self.commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order in which they were written down."""
        return list(self.commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command."""
        if cmd_name not in self.commands_at:
            return None
        module, _, name = self.commands_at[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return with_verbosity(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one was probably meant."""
        if args and args[0] not in self.commands_at and not args[0].startswith("-"):
            raise click.UsageError(_no_such(args[0], self.list_commands(ctx)), ctx)
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, none of which may hold what no path can have."""
        odd = next((one for one in args if "\0" in one), None)
        if odd is not None:
            raise UserError(ValueError(f"{odd!r} holds a NUL: no path or name does."))
        with _usage_in_one_line(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command, with errors in one line."""
        try:
            with warnings.catch_warnings(), _usage_in_one_line(ctx):
                warnings.showwarning = _show_warning
                return super().invoke(ctx)
        except BrokenPipeError:
            raise  # whoever read has read enough: click ends quietly
        except (NapariSamError, OSError) as error:
            if is_verbose():
                click.echo("".join(traceback.format_exception(error)), err=True)
            raise UserError(error) from error


@contextmanager
def _usage_in_one_line(group: click.Context) -> Iterator[None]:
    """Say mistakes in one line; what asks for no more than help gets it whole."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        raise OneLineUsageError(error, group) from error


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    click.echo(f"Warning: {message}", err=True)


def _no_such(name: str, names: Sequence[str]) -> str:
    close = get_close_matches(name, names, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"There is no command {name!r}.{hint}"


def main_group(commands: Commands) -> LazyGroup:
    """Make the command ``napari-sam``."""
    group = LazyGroup(
        name="napari-sam",
        commands_at=commands,
        help="Segment Anything for microscopy and remote sensing: a click in, a mask "
        "out. Positions are ROW,COL in pixels, counted from the top-left.",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    with_verbosity(group)
    return click.version_option(__version__, prog_name="napari-sam")(group)
