"""The model learns from what a person corrected, beside the view."""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam import checkpoints

if TYPE_CHECKING:
    from napari_sam.annotator.models import Models
    from napari_sam.annotator.workspace import Workspace
    from napari_sam.api.improvement import Improvement

IMPROVING = "improving the model"
#: The end of the name of a model that has learnt already.
_LEARNT = re.compile(r"-mine(-\d+)?$")


class ModelImprovement:
    """Trains the model of the view on the masks of its session.

    Parameters
    ----------
    workspace
        The image and its session, and who does slow work.
    models
        The model to begin with.

    Attributes
    ----------
    last
        What came of it the last time, or None.
    """

    def __init__(self, workspace: Workspace, models: Models) -> None:
        self._workspace, self._models = workspace, models
        self.last: Improvement | None = None

    def improve(self, name: str | None = None) -> None:
        """Train, compare, and list the new model if it is better: `improve_model`.

        Parameters
        ----------
        name
            Of the new model; by default, that of the one in use with ``-mine``.
        """
        from napari_sam.api.improvement import iter_improve

        with self._workspace.events.reporting():
            session, source = self._workspace.require_model(), self._models.source
            name = name or free_name(Path(source).stem)
            work = iter_improve(session, name, model=source)
            self._workspace.tasks.run(IMPROVING, work, self._on_improved)

    def _on_improved(self, found: Improvement) -> None:
        self.last = found
        text = f"{found}"
        if found.name is not None:
            text += f" It is {found.name}: choose it under Model."
        self._workspace.events.message.emit("info", text)
        self._workspace.events.model_changed.emit()


def free_name(model: str) -> str:
    """Return a name for a model that has learnt from this person."""
    base = f"{_LEARNT.sub('', model)}-mine"
    taken = {entry.name for entry in checkpoints.models()}
    ways = (base if n == 1 else f"{base}-{n}" for n in count(1))
    return next(name for name in ways if name not in taken)
