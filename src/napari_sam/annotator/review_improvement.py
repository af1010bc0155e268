"""A model that learns from what was accepted and corrected in a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal

from napari_sam.annotator.events import AnnotatorEvents
from napari_sam.annotator.improvement import IMPROVING, ModelImprovement
from napari_sam.annotator.tasks import Tasks

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam.annotator.review_queue import ReviewQueue
    from napari_sam.annotator.view_executor import ViewExecutor
    from napari_sam.core.progress import Progress
    from napari_sam.labelling import LabelledDataset


class ReviewImprovement:
    """Trains a model beside the review of a data set; the same once more stops it.

    Parameters
    ----------
    queue
        The review; all that was decided is on the disk before a training begins.
    executor
        Trains. A training ends in its own time, so not that of the queue.

    Attributes
    ----------
    words
        How far it is, or what came of it; for a person.
    changed
        Emitted when there are other words, or it begins or ends.
    events
        ``model_changed`` tells of a model that has learnt.
    """

    changed = Signal()

    def __init__(self, queue: ReviewQueue, executor: ViewExecutor) -> None:
        self._queue = queue
        self._given: tuple[Path, str] | None = None
        self.words = ""
        self.events = AnnotatorEvents()
        self._tasks = Tasks(executor, self.events)
        self._model = ModelImprovement(self._tasks, self.events, self._begun_with)
        self.events.busy.connect(self._on_busy)
        self.events.message.connect(lambda _, words: self._say(words))

    @property
    def is_running(self) -> bool:
        """Whether a model is being trained."""
        return IMPROVING in self._tasks.running

    def run_or_stop(self) -> None:
        """Train a model on what was decided until now, or stop the training."""
        if self._tasks.cancel(IMPROVING):
            self._say("Stopped; the same once more goes on.")
        else:
            self._queue.ask(_saved, self._begin)

    def _begin(self, given: tuple[Path, str]) -> None:
        self._given = given
        if not self.is_running:
            self._model.improve()

    def _begun_with(self) -> tuple[Path, str]:
        assert self._given is not None
        return self._given

    def _on_busy(self, _: str, step: Progress | None) -> None:
        if step is None:
            self.changed.emit()
            return
        how_far = f", {step.done} of {step.total}" if step.total else ""
        self._say(f"{step.what}{how_far} …".capitalize())

    def _say(self, words: str) -> None:
        self.words = words
        self.changed.emit()


def _saved(dataset: LabelledDataset) -> tuple[Path, str]:
    """Write the tables; return the folder, and the model to begin with."""
    from napari_sam.api.improvement import first_model

    dataset.save()
    return dataset.path, first_model(dataset)
