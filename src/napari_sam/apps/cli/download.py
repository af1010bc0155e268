"""Downloads with a bar on standard error, which can be interrupted and gone on with."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.verbosity import is_quiet

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam.core.progress import Progress


def fetch(name: str, *, mirror: str | None = None) -> Path:
    """Have a model's files on this disk, and return that of its weights."""
    from napari_sam import checkpoints
    from napari_sam.core.progress import drain

    line = _Line()
    try:
        with closing(checkpoints.iter_download(name, mirror=mirror)) as work:
            return drain(work, line.show)
    except KeyboardInterrupt:
        line.end()
        click.echo("Stopped. The same command goes on from here.", err=True)
        raise click.Abort from None
    finally:
        line.end()


def fetch_missing(name: str | None) -> None:
    """Have the files of a model of our lists; other packages see to their own."""
    from napari_sam import checkpoints

    listed = (*checkpoints.word_models(), *checkpoints.models())
    known = {m.name: m for m in listed}
    if name in known and not checkpoints.is_here(known[name]):
        fetch(name)


class _Line:
    """One line, written over and over on a terminal; a few lines into a file."""

    def __init__(self) -> None:
        self._shown = self._what = ""

    def show(self, step: Progress) -> None:
        """Print the progress of a download, if it changed."""
        text = _text(step)
        if text == self._shown or is_quiet():
            return
        if sys.stderr.isatty():
            click.echo(f"\r{text:{len(self._shown)}}", err=True, nl=False)
        elif step.what != self._what:
            click.echo(step.what, err=True)
        self._shown, self._what = text, step.what

    def end(self) -> None:
        """End the line of the progress bar."""
        if self._shown and sys.stderr.isatty():
            click.echo(err=True)
        self._shown = ""


def _text(step: Progress) -> str:
    if not step.total:
        return step.what
    share = min(1.0, step.done / step.total)
    bar = "#" * int(24 * share)
    return f"{step.what} [{bar:24}] {share:4.0%} of {step.total / 1e6:.0f} MB"
