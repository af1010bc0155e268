"""``napari-sam store``: inspecting and maintaining stores of embeddings."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.sizes import as_bytes, as_seconds, text_of_bytes
from napari_sam.apps.cli.verbosity import say

if TYPE_CHECKING:
    from napari_sam.stores.inspection import GroupInfo
    from napari_sam.stores.maintenance import Damage

_PATH = click.argument("path", metavar="PATH")


@click.group()
def store() -> None:
    """Inspect, verify, prune and clear stores of embeddings."""


@store.command()
@_PATH
def info(path: str) -> None:
    """Show what is in the store at PATH."""
    from napari_sam.api import open_store

    found = open_store(path, mode="r").info()
    count = sum(p.stored for p in found.groups)
    click.echo(f"{path}: {_embeddings(count)}, {text_of_bytes(found.nbytes)}")
    for group in found.groups:
        click.echo()
        for line in _lines(group):
            click.echo(line)


@store.command()
@_PATH
@click.option("--delete", is_flag=True, help="Delete what is damaged or left over.")
@click.pass_context
def verify(ctx: click.Context, path: str, *, delete: bool) -> None:
    """Read everything in the store at PATH, and name what is damaged.

    The exit code is 1 if something is damaged and stays.
    """
    from napari_sam.api import open_store

    opened = open_store(path, mode="r")
    if delete:
        opened = open_store(path)
    found = opened.verify(delete=delete)
    for damage in found.damaged:
        click.echo(_sentence(damage))
    click.echo(f"{_embeddings(found.read)} read, {len(found.damaged)} damaged.")
    if found.leftovers:
        click.echo(f"{len(found.leftovers)} files are left of interrupted writing.")
    if delete and (found.damaged or found.leftovers):
        click.echo("They were deleted. What is missing is computed when it is needed.")
    elif found.damaged:
        click.echo("They are not used. --delete makes room.")
        ctx.exit(1)


@store.command()
@_PATH
@click.option(
    "--max-size", type=as_bytes, metavar="SIZE", help="Leave at most, e.g. 10GB."
)
@click.option(
    "--older",
    type=as_seconds,
    metavar="AGE",
    help="Delete what was not used for, e.g. 30d.",
)
@click.option(
    "--keep", multiple=True, metavar="MODEL", help="Delete those of all other models."
)
def prune(
    path: str, max_size: int | None, older: float | None, keep: tuple[str, ...]
) -> None:
    """Delete embeddings from the store at PATH, the least recently used first."""
    from napari_sam.api import open_store

    if max_size is None and older is None and not keep:
        raise click.UsageError("Give what to delete: --max-size, --older or --keep.")
    open_store(path, mode="r")
    done = open_store(path).prune(max_size=max_size, older=older, keep=keep)
    say(
        f"{_embeddings(done.deleted)} deleted, {text_of_bytes(done.freed)} freed, "
        f"{text_of_bytes(done.nbytes)} left."
    )


@store.command()
@_PATH
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def clear(path: str, *, yes: bool) -> None:
    """Delete the store at PATH, and nothing that is not the store's."""
    from napari_sam.api import open_store

    found = open_store(path, mode="r").info()
    count = sum(p.stored for p in found.groups)
    what = f"{_embeddings(count)}, {text_of_bytes(found.nbytes)}"
    if not yes:
        click.confirm(f"Delete {path} ({what})?", abort=True)
    open_store(path).clear()
    say(f"{path} was deleted ({what}).")


def _lines(info: GroupInfo) -> list[str]:
    size, when = text_of_bytes(info.nbytes), datetime.fromtimestamp(info.used)
    used = f"{size}, last used {when:%Y-%m-%d %H:%M}"
    location = info.key
    if location is None:
        return [info.path, f"  damaged description; {info.stored} embeddings, {used}"]
    planes = f"{location.planes} frames of " if location.planes > 1 else ""
    stored = f"{info.stored} of {location.planes * location.tiles}"
    return [
        location.model,
        f"  image      {planes}{location.rows} x {location.columns}",
        f"  tiling     {location.tiling}, level {location.level}",
        f"  stored     {stored} in {location.precision}",
        f"  size       {used}",
        f"  group      {info.path}",
    ]


def _sentence(damage: Damage) -> str:
    return (
        f"{damage.path}: frame {damage.plane}, tile {damage.tile} is damaged: "
        f"{damage.reason}"
    )


def _embeddings(n: int) -> str:
    return f"{n} embedding" if n == 1 else f"{n} embeddings"
