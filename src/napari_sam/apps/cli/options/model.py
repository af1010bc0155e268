"""Options of the model, and of the store of its embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.download import fetch_missing
from napari_sam.apps.cli.options.from_settings import settings_options
from napari_sam.jobs.settings import ModelSettings

if TYPE_CHECKING:
    from napari_sam.apps.cli.options.from_settings import Decorator
    from napari_sam.core.protocols import Backend
    from napari_sam.jobs import ModelSpec

#: Adds --store.
store_option = click.option(
    "--store",
    metavar="PATH",
    help="Folder of the store of embeddings: the next time, the image is not encoded.",
)


def model_options(tip: str | None = None) -> Decorator:
    """Return what adds ``model: ModelSettings``; `tip` is the help of --model."""
    return settings_options(
        "model",
        ModelSettings,
        flags={"name": "--model"},
        metavars={"name": "NAME", "checkpoint": "FILE"},
        tips={"name": tip} if tip else None,
    )


def open_model(model: ModelSettings) -> Backend:
    """Open the model, after downloading what is missing of it."""
    from napari_sam.api import load_backend

    if model.checkpoint is None:
        fetch_missing(model.name)
    return load_backend(
        model.name,
        checkpoint=model.checkpoint,
        device=model.device,
        precision=model.precision,
    )


def model_spec(model: ModelSettings) -> ModelSpec:
    """Name the model, so that a worker can open it."""
    from napari_sam.api import load_backend
    from napari_sam.jobs import ModelSpec, absolute_path

    file = model.checkpoint
    return ModelSpec(
        load_backend,
        model.name,
        None if file is None else absolute_path(file),
        model.device,
        model.precision,
    )
