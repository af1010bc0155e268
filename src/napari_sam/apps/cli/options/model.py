"""Options that say which model answers, and where what it saw is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from napari_sam.apps.cli.download import fetch_missing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari_sam.core.protocols import Backend

_OPTIONS = (
    click.option(
        "--checkpoint",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Weights of the model.",
    ),
    click.option("--device", default="auto", show_default=True, help="cpu, cuda, mps."),
    click.option(
        "--precision", default="auto", show_default=True, help="float32 or bfloat16."
    ),
)

#: Adds --store.
store_option = click.option(
    "--store",
    metavar="PATH",
    help="Folder where embeddings are kept, so that the next time is quick.",
)


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --checkpoint, --device and --precision."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def open_model(options: Mapping[str, Any]) -> Backend:
    """Open the model, after downloading what is missing of it."""
    from napari_sam.api import load_backend

    names = ("checkpoint", "device", "precision")
    if options["checkpoint"] is None:
        fetch_missing(options["model"])
    return load_backend(options["model"], **{k: options[k] for k in names})
