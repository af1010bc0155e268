"""The model learns from what a person corrected, beside the view."""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam import checkpoints

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam.annotator.events import AnnotatorEvents
    from napari_sam.annotator.tasks import Tasks
    from napari_sam.api.improvement import Corrected, Improvement

IMPROVING = "improving the model"
#: The end of the name of a model that has learnt already.
_LEARNT = re.compile(r"-mine(-\d+)?$")


class ModelImprovement:
    """Trains a model on the masks of a person.

    Parameters
    ----------
    tasks
        Who does slow work.
    events
        Told what comes of it.
    given
        Returns what the person corrected, and the model to begin with: its name, or a
        file of weights.

    Attributes
    ----------
    last
        What came of it the last time, or None.
    """

    def __init__(
        self,
        tasks: Tasks,
        events: AnnotatorEvents,
        given: Callable[[], tuple[Corrected, str | Path]],
    ) -> None:
        self._tasks, self._events, self._given = tasks, events, given
        self.last: Improvement | None = None

    def improve(self, name: str | None = None) -> None:
        """Train, compare, and list the new model if it is better: `improve_model`.

        Parameters
        ----------
        name
            Of the new model; by default, that of the one in use with ``-mine``.
        """
        from napari_sam.api.improvement import iter_improve

        with self._events.reporting():
            corrected, source = self._given()
            name = name or free_name(Path(source).stem)
            work = iter_improve(corrected, name, model=source)
            self._tasks.run(IMPROVING, work, self._on_improved)

    def _on_improved(self, found: Improvement) -> None:
        self.last = found
        text = f"{found}"
        if found.name is not None:
            text += f" It is {found.name}: choose it under Model, or give the name."
        self._events.message.emit("info", text)
        self._events.model_changed.emit()


def free_name(model: str) -> str:
    """Return a name for a model that has learnt from this person."""
    base = f"{_LEARNT.sub('', model)}-mine"
    taken = {entry.name for entry in checkpoints.models()}
    ways = (base if n == 1 else f"{base}-{n}" for n in count(1))
    return next(name for name in ways if name not in taken)
