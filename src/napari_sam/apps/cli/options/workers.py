"""Options that say who does the work, and how it is shown while it is done."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeVar

import click

from napari_sam.core.errors import ImageError, JobError
from napari_sam.core.progress import drain

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path

    from napari_sam.core.progress import Progress
    from napari_sam.image import PromptableImage
    from napari_sam.jobs import Executor, ImageSpec

T = TypeVar("T")

#: What is counted in work that is no asking about objects.
_COUNTED = {"embedding": "tile", "doing again": "step"}

_OPTIONS = (
    click.option(
        "--workers",
        type=click.IntRange(min=1),
        metavar="N",
        help="Share the work out to N processes, with one thread each. [default: this "
        "process, with all threads]",
    ),
    click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="Share the work out to a Dask cluster, e.g. tcp://10.0.0.1:8786, or a "
        "scheduler file (.json).",
    ),
)


def working_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --workers and --scheduler."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def executor_of(options: Mapping[str, Any]) -> Executor:
    """Return who does the work."""
    from napari_sam.jobs import Executor

    if options["workers"] and options["scheduler"]:
        raise JobError("Give either --workers or --scheduler, not both.")
    return Executor(options["workers"] or 0, options["scheduler"])


def image_spec_of(
    seen: PromptableImage, path: str | Path, options: Mapping[str, Any]
) -> ImageSpec:
    """Name an image that is open here, so that a worker can open it."""
    from napari_sam.api import load_backend
    from napari_sam.jobs import ImageSpec, ModelSpec

    file = options["checkpoint"]
    model = ModelSpec(
        load_backend,
        options["model"],
        None if file is None else _absolute(file),
        options["device"],
        options["precision"],
    )
    store = options["store"] and _absolute(options["store"])
    return ImageSpec.of(seen, _absolute(path), model, axes=options["axes"], store=store)


def _absolute(path: str | Path) -> str:
    """Return where a file is, for workers that run in other folders; or its URL."""
    return str(path) if "://" in str(path) else os.path.abspath(path)


def store_of(path: Path, options: Mapping[str, Any]) -> str | None:
    """Return where embeddings of an image of a folder are: a store has one image."""
    store = options["store"]
    return None if store is None else f"{store.rstrip('/')}/{path.name}.zarr"


def done_with_progress(work: Generator[Progress, None, T], hint: str) -> T:
    """Do it; Ctrl-C stops it, gives a hint, and ends with exit code 130."""
    try:
        with closing(work):
            return drain(work, show)
    except KeyboardInterrupt:
        click.echo(f"\nStopped; {hint}", err=True)
        raise SystemExit(130) from None


def show(step: Progress) -> None:
    """Say how far it is, on one line that is written over."""
    what = _COUNTED.get(step.what, "object")
    end = step.done == step.total
    click.echo(f"\r{what} {step.done} of {step.total}", err=True, nl=end)


def images_of_folder(path: str | Path) -> list[Path]:
    """Return the images of a folder, each by itself; no two of one name."""
    from pathlib import Path

    from napari_sam.io import images_in

    if not Path(path).is_dir():
        raise ImageError(f"{path} is no folder.")
    return images_in(Path(path))
