"""The files that a training run writes: what it resumes from, and its best weights."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, TypeAlias

import torch

from napari_sam._version import __version__
from napari_sam.core.errors import TrainingError
from napari_sam.training.checkpoint_export import export
from napari_sam.training.data_stamp import changes
from napari_sam.training.trainable import merged

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from napari_sam.training.example_sources import ExampleSource
    from napari_sam.training.loop import TrainingLoop, TrainingReport

__all__ = ["AnyLoop", "BestWeights"]

logger = logging.getLogger(__name__)

#: A training loop, whatever its batches are.
AnyLoop: TypeAlias = "TrainingLoop[Any]"
#: Batches of a validation.
_MEASURED = 12


class BestWeights:
    """The files of a run: the state to resume from, and the best weights.

    Parameters
    ----------
    trainer
        The loop.
    output
        The file of weights; the state lies beside it.
    provenance
        Metadata of both.
    validation
        Weight and source of validation crops.
    stamp
        Of the data.
    patience
        Validations in a row without a rise that end the run; 0: it never ends early.
    """

    def __init__(
        self,
        trainer: AnyLoop,
        output: Path,
        provenance: Mapping[str, str],
        validation: Sequence[tuple[float, ExampleSource]],
        stamp: str = "",
        patience: int = 0,
    ) -> None:
        self.stamp, self.patience = stamp, patience
        self.trainer, self.output, self.provenance = trainer, output, provenance
        self.state = output.with_name(output.name + ".training")
        self.batches = trainer.batches_to_measure(validation, _MEASURED)
        self.best = self.measured_at = -1.0
        self.not_risen = 0

    @property
    def is_done(self) -> bool:
        """Whether no score rose for as long as the patience lasts."""
        return 0 < self.patience <= self.not_risen

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
        self.not_risen = notes.get("not_risen", 0)

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
            "not_risen": self.not_risen,
            "data_stamp": self.stamp,
        }
        self.trainer.save(self.state, notes)

    def measure_initial(self) -> Iterator[TrainingReport]:
        """Validate the initial weights, and export them: others have to be better."""
        if self.batches:
            yield from self.measure()

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
        self.not_risen += 1
        if mean_iou > self.best:
            self.best, self.not_risen = mean_iou, 0
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
