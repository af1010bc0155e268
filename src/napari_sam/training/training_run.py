"""A training run on files: start or resume, save regularly, export the best weights."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING

from napari_sam.backends.devices import find_device
from napari_sam.core.atomic_write import check_writable
from napari_sam.core.errors import TrainingError
from napari_sam.training.best_weights import AnyLoop, BestWeights
from napari_sam.training.distributed import own_device, process_group
from napari_sam.training.instance_learner import InstanceLearner
from napari_sam.training.instance_trainer import InstanceTrainer
from napari_sam.training.learner import Learner
from napari_sam.training.loop import Trainer, TrainingReport
from napari_sam.training.trainable import set_trainable

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence
    from pathlib import Path

    import torch

    from napari_sam.training.example_sources import ExampleSource
    from napari_sam.training.learner import TrainableModel
    from napari_sam.training.recipe import Recipe

__all__ = ["iter_train"]


def iter_train(
    recipe: Recipe,
    learner: TrainableModel,
    sources: Sequence[tuple[float, ExampleSource]],
    output: Path,
    *,
    validation: Sequence[tuple[float, ExampleSource]] = (),
    parts: str = "all",
    rank: int = 8,
    save_every: int = 100,
    measure_every: int = 250,
    patience: int = 0,
    ahead: bool = False,
    device: str = "auto",
    bfloat16: bool = False,
    notes: Mapping[str, str] | None = None,
    data_stamp: str = "",
    takes_changed_data: bool = False,
) -> Generator[TrainingReport, None, Path]:
    """Run a training, yielding a report of every step; stop any time and resume later.

    Next to `output`, ``output.training`` holds the state to resume from; if it exists,
    the run resumes from there, and ends with the weights that an uninterrupted run
    would have ended with. `output` holds the best weights so far, those of the
    beginning among them, by the mean of first and corrected IoU on the validation
    crops; or the last ones if there are none.

    Under ``torchrun``, each process takes its share of every step.

    Parameters
    ----------
    recipe, learner
        As `initial_learner` returns them.
    sources
        Weight and source of training crops.
    output
        The safetensors file to write, half precision.
    validation
        Weight and source of validation crops.
    parts, rank
        Trainable parts, and the rank of adapters; see `set_trainable`.
    save_every, measure_every
        Steps between savings, and between validations, which are reports too.
    patience
        The run of one process ends after so many validations in a row in which nothing
        rose; 0: never.
    ahead
        Whether another process prepares data.
    device
        ``auto``, or what torch calls a device.
    bfloat16
        Whether the forward pass may round to bfloat16.
    notes
        Further metadata for the header of the file.
    data_stamp
        What changes with the files of the data, as `Data.stamp`: a run to resume that
        had other files is refused.
    takes_changed_data
        Whether it is resumed in spite of that.

    Raises
    ------
    TrainingError
        If the run to resume had other settings or data, or the loss is not finite.
    """
    check_writable(output, makes_folders=True)
    set_trainable(learner, parts, rank=rank, with_instances=recipe.instances > 0)
    torch_device = own_device(find_device(device))
    provenance = _provenance(
        recipe, learner, {**(notes or {}), "parts": parts, "rank": str(rank)}
    )
    with process_group(torch_device) as process:
        trainer = _trainer(recipe, sources, learner, torch_device, bfloat16=bfloat16)
        best_weights = BestWeights(
            trainer,
            output,
            provenance,
            validation if process.is_main else (),
            data_stamp,
            patience * (process.world_size == 1),  # the others would wait for ever
        )
        best_weights.resume(takes_changed_data=takes_changed_data)
        if process.is_main and trainer.step == 0:
            yield from best_weights.measure_initial()
        every = (measure_every, save_every) if process.is_main else (0, 0)
        try:
            yield from _iter_steps(best_weights, every, ahead=ahead)
        except (KeyboardInterrupt, GeneratorExit):
            if process.is_main and trainer.is_consistent:
                best_weights.save()
            raise
        if process.is_main:
            yield from best_weights.measure()
            best_weights.save()
    return output


def _trainer(
    recipe: Recipe,
    sources: Sequence[tuple[float, ExampleSource]],
    learner: TrainableModel,
    device: torch.device,
    *,
    bfloat16: bool,
) -> AnyLoop:
    """Return the loop of what this model learns: instances, or masks for prompts."""
    if isinstance(learner, InstanceLearner):
        return InstanceTrainer(
            recipe, sources, learner, device=device, bfloat16=bfloat16
        )
    if isinstance(learner, Learner):
        return Trainer(recipe, sources, learner, device=device, bfloat16=bfloat16)
    raise TrainingError(f"There is no training loop for {type(learner).__name__}.")


def _iter_steps(
    best_weights: BestWeights, every: tuple[int, int], *, ahead: bool
) -> Iterator[TrainingReport]:
    """Train, and measure and save every so many steps; 0 is never."""
    measure_every, save_every = every
    if best_weights.is_done:
        return
    for report in best_weights.trainer.run(ahead=ahead):
        if not math.isfinite(report.loss):
            raise TrainingError(_interrupted_message(report, best_weights.state))
        yield report
        if measure_every and report.step % measure_every == 0:
            yield from best_weights.measure()
        if save_every and report.step % save_every == 0:
            best_weights.save()
        if best_weights.is_done:
            return


def _provenance(
    recipe: Recipe, learner: TrainableModel, notes: Mapping[str, str]
) -> dict[str, str]:
    """Return the metadata of a run; a state with other metadata is another run's."""
    settings = json.dumps(asdict(recipe), sort_keys=True)
    return {"recipe": settings, "model": learner.architecture, **notes}


def _interrupted_message(report: TrainingReport, state: Path) -> str:
    return (
        f"The loss of step {report.step} is {report.loss}: the weights are lost. "
        f"Start again from {state}, or anew, with a smaller rate (--set rate=...), "
        "or in float32."
    )
