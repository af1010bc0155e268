"""A whole training run on files: start or go on, save as it goes, export at the end."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import torch

from napari_sam._version import __version__
from napari_sam.core.errors import CheckpointError
from napari_sam.training.data import Source, SyntheticSource, read_folder
from napari_sam.training.export import export
from napari_sam.training.loop import Report, Trainer

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from napari_sam.models.pocket import Pocket
    from napari_sam.training.recipe import Recipe

__all__ = ["iter_train"]


def iter_train(
    folders: Sequence[tuple[float, Path]],
    output: Path,
    recipe: Recipe,
    *,
    synthetic: float = 0.3,
    save_every: int = 100,
    workers: int = 0,
    model: Pocket | None = None,
) -> Generator[Report, None, Path]:
    """Train `pocket`, yielding after every step; stop at any time and go on later.

    Beside `output` stands ``output.training`` with all that is needed to go on; where
    it is found, the run goes on from there.

    Parameters
    ----------
    folders
        Weight and place of folders with ``images`` and ``labels``.
    output
        The safetensors file to write at the end, half precision.
    recipe
        Every setting of the training.
    synthetic
        Weight of the synthetic scenes beside the folders.
    save_every
        Steps between savings.
    workers
        Processes that prepare data; 0 prepares in this one.
    model
        What to start from.

    Raises
    ------
    CheckpointError
        If the run to go on with had other settings.
    """
    sources: list[tuple[float, Source]] = [(w, read_folder(p)) for w, p in folders]
    if synthetic > 0 or not sources:
        sources.append((synthetic or 1.0, SyntheticSource()))
    trainer = Trainer(recipe, sources, model=model)
    state = output.with_name(output.name + ".training")
    settings = json.dumps(asdict(recipe), sort_keys=True)
    if state.exists():
        _resume(trainer, state, settings)
    try:
        for report in trainer.run(workers=workers):
            if report.step % save_every == 0:
                trainer.save(state, settings)
            yield report
    finally:
        trainer.save(state, settings)
    export(trainer.mean, output, _provenance(trainer, folders, synthetic, settings))
    return output


def _resume(trainer: Trainer, state: Path, settings: str) -> None:
    found = trainer.load(state)
    if found != settings:
        raise CheckpointError(
            f"{state} was trained with other settings: {found}; now {settings}. Give "
            "the same to go on, or another output to start anew."
        )


def _provenance(
    trainer: Trainer,
    folders: Sequence[tuple[float, Path]],
    synthetic: float,
    settings: str,
) -> dict[str, str]:
    data = {path.name: weight for weight, path in folders}
    return {
        "architecture": "pocket",
        "made_by": f"napari-sam {__version__}, torch {torch.__version__}",
        "steps": str(trainer.step),
        "recipe": settings,
        "data": json.dumps({**data, "synthetic": synthetic}),
    }
