"""Options of workers: --workers and --scheduler."""

from __future__ import annotations

import click

from napari_sam.apps.cli.options.from_settings import typed_options
from napari_sam.core.errors import JobError
from napari_sam.jobs.executor import Executor

_OPTIONS = {
    "workers": click.option(
        "--workers",
        "executor_workers",
        type=click.IntRange(min=1),
        metavar="N",
        help="Share the work out to N processes, with one thread each. [default: this "
        "process, with all threads]",
    ),
    "scheduler": click.option(
        "--scheduler",
        "executor_scheduler",
        metavar="ADDRESS",
        help="Share the work out to a Dask cluster, e.g. tcp://10.0.0.1:8786, or a "
        "scheduler file (.json).",
    ),
}


def _executor(*, workers: int | None, scheduler: str | None) -> Executor:
    if workers and scheduler:
        raise JobError("Give either --workers or --scheduler, not both.")
    return Executor(workers or 0, scheduler)


#: Adds ``executor: Executor`` to a command.
worker_options = typed_options("executor", _OPTIONS, _executor)
