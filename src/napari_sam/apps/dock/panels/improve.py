"""A model that learns from what was accepted and corrected in a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QWidget

from napari_sam.annotator.events import AnnotatorEvents
from napari_sam.annotator.improvement import IMPROVING, ModelImprovement
from napari_sam.annotator.tasks import Tasks
from napari_sam.apps.dock.panels.widgets import button, column, text
from napari_sam.core.errors import SessionError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_sam.annotator.executor import Executor
    from napari_sam.core.progress import Progress

_IMPROVE = "Improve with my corrections"


class ImprovePanel(QWidget):
    """A button that trains a model beside the window; the same button stops it.

    Parameters
    ----------
    executor
        Trains beside the window.
    prepare
        Calls what it is given with the name of the model that found the objects, once
        all that was decided is on the disk.

    Attributes
    ----------
    dataset
        The data set that is open, or None.
    events
        `message` and `model_changed` tell of a model that has learnt.
    """

    def __init__(
        self,
        executor: Executor,
        prepare: Callable[[Callable[[str], object]], object],
    ) -> None:
        super().__init__()
        self._prepare, self._model = prepare, ""
        self.dataset: Path | None = None
        self.events = AnnotatorEvents()
        self._tasks = Tasks(executor, self.events)
        self.improvement = ModelImprovement(self._tasks, self.events, self._given)
        self.run = button(
            _IMPROVE,
            "Train the model on what you accepted or corrected, in the background; the "
            "new one can be chosen if it is better on those held back",
            self._run,
        )
        self.said = text(faint=True)
        rows = column(self)
        rows.addWidget(self.run)
        rows.addWidget(self.said)
        self.events.busy.connect(self._on_busy)
        self.events.message.connect(self._on_message)

    def _run(self) -> None:
        if self._tasks.cancel(IMPROVING):
            self.said.setText("Stopped; the same once more goes on.")
        else:
            self._prepare(self._begin)

    def _begin(self, model: str) -> None:
        self._model = model
        self.improvement.improve()

    def _given(self) -> tuple[Path, str]:
        if self.dataset is None:
            raise SessionError("Open a data set first.")
        return self.dataset, self._model

    def _on_message(self, _: str, words: str) -> None:
        self.said.setText(words)

    def _on_busy(self, name: str, step: Progress | None) -> None:
        self.run.setText("Stop" if name else _IMPROVE)
        if step is not None:
            how_far = f", {step.done} of {step.total}" if step.total else ""
            self.said.setText(f"{step.what}{how_far} …".capitalize())
