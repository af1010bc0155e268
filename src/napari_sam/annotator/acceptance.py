"""Masks that were found become objects: chunk by chunk, in one step of undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.progress import Progress
from napari_sam.session.actions import Classify
from napari_sam.session.adding_masks import MaskAdder

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from napari_sam.annotator.found_planes import NumberedMask
    from napari_sam.annotator.workspace import Workspace
    from napari_sam.session.adding_masks import MaskRequest, PreparedMasks

ACCEPTING = "committing objects"
#: Masks that are put into the labels at once.
_CHUNK = 1000


class Acceptance:
    """Puts masks into the labels; what changes is computed beside the view.

    Parameters
    ----------
    workspace
        The session, and who does slow work.
    numbered
        The masks, with their numbers and words.
    """

    def __init__(self, workspace: Workspace, numbered: Sequence[NumberedMask]) -> None:
        self._workspace, self._numbered = workspace, numbered
        self._adder = MaskAdder(workspace.require_session(), overlap="keep")
        self._done = 0

    def go_on(self) -> None:
        """Put the next masks into the labels, and all after them."""
        chunk = self._numbered[self._done : self._done + _CHUNK]
        if not chunk:
            self._name()
            objects = f"{self._done} object{'s' * (self._done != 1)}"
            self._workspace.events.message.emit("info", f"{objects} committed.")
            return
        request = self._adder.request({one.at: one.mask for one in chunk})
        self._done += len(chunk)
        steps = _iter_prepared(request)
        self._workspace.tasks.run(ACCEPTING, steps, self._on_prepared)

    def _on_prepared(self, prepared: PreparedMasks) -> None:
        with self._workspace.events.reporting():
            self._adder.add(prepared)
            self.go_on()

    def _name(self) -> None:
        """Give what words found their classes, in the same step of undo."""
        classes = [
            (one.at.object_id, one.word, round(min(one.score, 1.0), 4))
            for one in self._numbered
            if one.word
        ]
        if classes:
            session = self._workspace.require_session()
            session.execute(Classify(tuple(classes)), group=self._adder.group)


def _iter_prepared(request: MaskRequest) -> Generator[Progress, None, PreparedMasks]:
    """Compute what masks change, as one step."""
    yield Progress(0, 1, ACCEPTING)
    return request()
