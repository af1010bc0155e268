"""A training run on files: start or resume, save regularly, export the best weights."""

from __future__ import annotations

import json
import logging
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeAlias

import torch

from napari_sam._version import __version__
from napari_sam.backends.devices import find_device
from napari_sam.core.atomic_write import check_writable
from napari_sam.core.errors import TrainingError
from napari_sam.training.checkpoint_export import export
from napari_sam.training.data_stamp import changes
from napari_sam.training.distributed import own_device, process_group
from napari_sam.training.instance_learner import InstanceLearner
from napari_sam.training.instance_trainer import InstanceTrainer
from napari_sam.training.learner import Learner
from napari_sam.training.loop import Trainer, TrainingReport
from napari_sam.training.trainable import merged, set_trainable

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence
    from pathlib import Path

    from napari_sam.training.example_sources import ExampleSource
    from napari_sam.training.learner import TrainableModel
    from napari_sam.training.loop import TrainingLoop
    from napari_sam.training.recipe import Recipe

__all__ = ["iter_train"]

logger = logging.getLogger(__name__)

#: A training loop, whatever its batches are.
AnyLoop: TypeAlias = "TrainingLoop[Any]"
#: Batches of a validation.
_MEASURED = 12


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
    would have ended with. `output` holds the best weights so far
    by the mean of first and corrected IoU on the validation crops, or the last ones
    if there are none.

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
    set_trainable(learner, parts, rank=rank)
    torch_device = own_device(find_device(device))
    provenance = _provenance(
        recipe, learner, {**(notes or {}), "parts": parts, "rank": str(rank)}
    )
    with process_group(torch_device) as process:
        trainer = _trainer(recipe, sources, learner, torch_device, bfloat16=bfloat16)
        best_weights = _BestWeights(
            trainer,
            output,
            provenance,
            validation if process.is_main else (),
            data_stamp,
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
    best_weights: _BestWeights, every: tuple[int, int], *, ahead: bool
) -> Iterator[TrainingReport]:
    """Train, and measure and save every so many steps; 0 is never."""
    measure_every, save_every = every
    for report in best_weights.trainer.run(ahead=ahead):
        if not math.isfinite(report.loss):
            raise TrainingError(_interrupted_message(report, best_weights.state))
        yield report
        if measure_every and report.step % measure_every == 0:
            yield from best_weights.measure()
        if save_every and report.step % save_every == 0:
            best_weights.save()


class _BestWeights:
    """The files of a run: the state to resume from, and the best weights."""

    def __init__(
        self,
        trainer: AnyLoop,
        output: Path,
        provenance: Mapping[str, str],
        validation: Sequence[tuple[float, ExampleSource]],
        stamp: str = "",
    ) -> None:
        self.stamp = stamp
        self.trainer, self.output, self.provenance = trainer, output, provenance
        self.state = output.with_name(output.name + ".training")
        self.batches = trainer.batches_to_measure(validation, _MEASURED)
        self.best = self.measured_at = -1.0

    def resume(self, *, takes_changed_data: bool) -> None:
        """Resume from the state of the run, if there is one."""
        if not self.state.exists():
            return
        notes = self.trainer.load(self.state)
        self._check_data(notes.get("data_stamp", ""), allowed=takes_changed_data)
        before: dict[str, str] = notes.get("provenance", notes.get("told", {}))
        differ = sorted(
            name
            for name in {**before, **self.provenance}
            if before.get(name) != self.provenance.get(name)
            and not (takes_changed_data and name == "data")
        )
        if differ:
            raise TrainingError(
                f"{self.state} belongs to a run with other settings: "
                f"{', '.join(differ)} differ. Give the same to go on, or another "
                "output to start anew."
            )
        self.best, self.measured_at = notes["best"], notes["measured_at"]

    def _check_data(self, before: str, *, allowed: bool) -> None:
        """Refuse to go on with other data; older states do not say theirs."""
        if not before or not self.stamp:
            return
        changed, rewritten = changes(before, self.stamp)
        if changed and not allowed:
            raise TrainingError(
                f"The data changed since {self.state} was written: {changed}. Put it "
                "back; or go on with what is there now, by --changed-data "
                "(takes_changed_data=True); or start anew with another output."
            )
        if changed or rewritten:
            logger.warning(
                "%s goes on, though its data was written to since: %s.",
                self.state,
                changed or rewritten,
            )

    def save(self) -> None:
        """Write the state to resume from."""
        notes = {
            "provenance": dict(self.provenance),
            "best": self.best,
            "measured_at": self.measured_at,
            "data_stamp": self.stamp,
        }
        self.trainer.save(self.state, notes)

    def measure_initial(self) -> Iterator[TrainingReport]:
        """Validate the initial weights, to compare with."""
        if self.batches:
            yield self.trainer.measure(self.batches)

    def measure(self) -> Iterator[TrainingReport]:
        """Validate, and export the weights if they are the best so far."""
        if self.measured_at == self.trainer.step:
            return
        self.measured_at = self.trainer.step
        if not self.batches:
            self._export({})
            return
        report = self.trainer.measure(self.batches)
        mean_iou = (report.first + report.last) / 2
        if mean_iou > self.best:
            self.best = mean_iou
            self._export({"first": report.first, "last": report.last})
        yield report

    def _export(self, reached: Mapping[str, float]) -> None:
        provenance = {
            "architecture": self.trainer.learner.architecture,
            "made_by": f"napari-sam {__version__}, torch {torch.__version__}",
            "steps": str(self.trainer.step),
            **self.provenance,
            "validation_iou": json.dumps({k: round(v, 4) for k, v in reached.items()}),
        }
        export(merged(self.trainer.mean), self.output, provenance)


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
