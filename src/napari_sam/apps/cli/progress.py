"""Progress of long work, on one line of standard error."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

import click

from napari_sam.core.progress import drain

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_sam.core.progress import Progress

T = TypeVar("T")

#: The unit of work whose progress is not counted in objects.
_COUNTED = {"embedding": "tile", "doing again": "step"}


def drain_with_progress(work: Generator[Progress, None, T], hint: str) -> T:
    """Do it; Ctrl-C stops it, gives a hint, and ends with exit code 130."""
    try:
        with closing(work):
            return drain(work, show_progress)
    except KeyboardInterrupt:
        click.echo(f"\nStopped; {hint}", err=True)
        raise SystemExit(130) from None


def show_progress(step: Progress) -> None:
    """Print how far it is, on one line that is written over."""
    unit = _COUNTED.get(step.what, "object")
    end = step.done == step.total
    click.echo(f"\r{unit} {step.done} of {step.total}", err=True, nl=end)
