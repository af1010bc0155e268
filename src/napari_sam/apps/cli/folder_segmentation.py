"""Masks of a folder of images, as the command line prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.mask_report import (
    warn_of_covered,
    warn_of_masks,
    warn_of_prompts,
)
from napari_sam.apps.cli.progress import drain_with_progress
from napari_sam.apps.cli.table_file import rows_of_masks, write_table
from napari_sam.apps.cli.verbosity import say

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from napari_sam.core.json_values import JsonDict
    from napari_sam.core.progress import Progress
    from napari_sam.core.protocols import Backend
    from napari_sam.jobs import Executor, FolderJob, ImageOutcome


def segment_folder(
    job: FolderJob, executor: Executor, backend: Backend, table: Path | None = None
) -> None:
    """Segment a folder; exit with 1 if any image failed, or is missing."""
    from napari_sam.jobs import iter_segment_folder

    work = iter_segment_folder(job, executor, backend=backend, report=print_outcome)
    finish_folder(work, job.output, table)


def finish_folder(
    work: Generator[Progress, None, list[ImageOutcome]],
    output: Path,
    table: Path | None = None,
) -> None:
    """Do the work on a folder, and say what became of it; exit with 1 if any failed."""
    outcomes = drain_with_progress(work, "the same command goes on from here.")
    if table:
        write_table(table, [row for outcome in outcomes for row in _rows(outcome)])
    count = {
        state: sum(outcome.state == state for outcome in outcomes)
        for state in ("written", "there", "skipped", "failed", "missing")
    }
    missing = count.pop("missing")
    listed = ", ".join(f"{n} {state}" for state, n in count.items())
    listed += f", {missing} without their image" if missing else ""
    say(f"{listed} in {output}")
    if count["failed"] or missing:
        raise SystemExit(1)


def _rows(outcome: ImageOutcome) -> Iterator[JsonDict]:
    return rows_of_masks(
        outcome.masks,
        outcome.covered,
        outcome.found.attributes,
        image=outcome.path.name,
    )


def print_outcome(outcome: ImageOutcome) -> None:
    """Print what became of an image, as soon as it is known."""
    path, text = outcome.path, " ".join(outcome.reason.split())
    if outcome.state == "skipped":
        click.echo(f"Skipped: {path} has no prompts.", err=True)
    elif outcome.state == "missing":
        click.echo(f"Missing: {text}", err=True)
    elif outcome.state == "failed":
        shown = text if str(path) in text else f"{path}: {text}"
        click.echo(f"Failed: {shown}", err=True)
    warn_of_prompts(path, outcome.outside, outcome.found.notes)
    warn_of_masks(outcome.masks)
    warn_of_covered(path, outcome.covered, len(outcome.masks))
