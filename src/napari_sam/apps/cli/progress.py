"""Progress of long work: a line on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

import click

from napari_sam.apps.cli.verbosity import is_quiet
from napari_sam.core.progress import drain

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_sam.core.progress import Progress

T = TypeVar("T")

#: The unit of work whose progress is not counted in objects.
_COUNTED = {
    "embedding": "tile",
    "finding objects": "part",
    "looking for words": "part",
    "replaying": "step",
    "propagating": "frame",
    "measuring": "frame",
    "measuring images": "image",
    "linking": "frame",
    "cutting out": "frame",
    "exporting": "step",
    "opening images": "image",
    "learning from your corrections": "step",
}
#: Lines of a log for one piece of work, at most.
_LINES = 10


def drain_with_progress(work: Generator[Progress, None, T], hint: str) -> T:
    """Drain work with a line of progress; Ctrl-C ends it with exit code 130."""
    try:
        with closing(work):
            return drain(work, ProgressLine().show)
    except KeyboardInterrupt:
        click.echo(f"\nStopped; {hint}", err=True)
        raise SystemExit(130) from None


class ProgressLine:
    """A line of progress: written over on a terminal, some ten lines in a log."""

    def __init__(self) -> None:
        self._shown, self._what = -1, ""

    def show(self, step: Progress) -> None:
        """Print the progress, if it has changed."""
        text = f"{_COUNTED.get(step.what, 'object')} {step.done} of {step.total}"
        text = text if step.total else step.what
        if is_quiet():
            return
        if step.what != self._what:
            self._shown, self._what = -1, step.what
        if sys.stderr.isatty():
            click.echo(f"\r{text}", err=True, nl=step.done == step.total)
            return
        tenth = _LINES * step.done // step.total if step.total else _LINES
        if tenth > self._shown:
            self._shown = tenth
            click.echo(text, err=True)
