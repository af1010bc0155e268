"""The annotation in which one object of a labelled data set gets another mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.apps.notebook.controller import NotebookController
from napari_sam.apps.notebook.source import CellImage
from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError
from napari_sam.core.mask import Mask
from napari_sam.session.actions import Commit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_sam.annotator.models import ModelPool
    from napari_sam.core.json_values import JsonDict, JsonObject
    from napari_sam.labelling import ReviewItem

#: What only concerns an annotation of one's own: earlier work on the image.
_NOT_TOLD = "journal"


class Correction:
    """Shows an object where it lies in its image, and takes prompts for another mask.

    Parameters
    ----------
    item, mask
        The object, and its pixels.
    axes
        Axes of the image, if it does not name them.
    pool, model
        Who opens the model, and its name.
    tell
        Called with what a browser is told of the annotation.
    done
        Called, on the thread of the cells, with the new mask when it was committed.
    """

    def __init__(
        self,
        item: ReviewItem,
        mask: Mask,
        axes: str | None,
        *,
        pool: ModelPool,
        model: str,
        tell: Callable[[JsonDict, Sequence[bytes]], object],
        done: Callable[[Mask], object],
    ) -> None:
        self._at = Address(item.row.frame, item.row.object)
        self._tell, self._done = tell, done
        self._controller = NotebookController(
            CellImage(item.image, axes=axes), pool=pool
        )
        self._controller.displays.add(self)
        annotator = self._controller.annotator
        annotator.models.use(model)
        annotator.commits.overlap = "overwrite"
        self._region = mask.region
        self._show(mask)
        annotator.events.stepped.connect(self._on_step)

    @property
    def is_idle(self) -> bool:
        """Whether nothing goes on, and nothing waits for the thread of the cells."""
        return self._controller.is_idle

    def receive(self, message: JsonObject) -> None:
        """Take what a browser sent."""
        self._controller.receive(message)
        if message.get("kind") == "hello":
            self._controller.cells.send(self._zoom_in)

    def send_message(self, content: JsonDict, buffers: Sequence[bytes] = ()) -> None:
        """Pass on what the annotation tells its displays. From any thread."""
        if content.get("kind") != _NOT_TOLD:
            self._tell({"kind": "annotation", "message": content}, buffers)

    def use(self) -> None:
        """Take the mask as it is now; what is still a preview is committed before.

        Raises
        ------
        SessionError
            If the object has no pixels.
        """
        annotator = self._controller.annotator
        session = annotator.session
        if session is None:
            return
        if session.current_prompts:
            annotator.commits.commit()
            return
        footprint = session.state.footprints.get(self._at)
        if footprint is None:
            raise SessionError("The object has no pixels. Click on it, or reject it.")
        region = footprint.region
        pixels = session.state.labels.read(self._at.frame, region) == self._at.object_id
        self._done(Mask.from_array(pixels, top=region.top, left=region.left))

    def close(self) -> None:
        """End the annotation; nothing of it is kept, since the data set has it."""
        session = self._controller.annotator.session
        if session is not None:
            session.mark_saved()
        self._controller.close()

    def _show(self, mask: Mask) -> None:
        """Paint the object as it is, and let the next prompts replace it."""
        annotator, session = (
            self._controller.annotator,
            self._controller.annotator.session,
        )
        assert session is not None
        at, region = self._at, mask.region
        before = np.zeros(region.shape, np.uint32)
        session.paint(at.frame, region, before, mask.array * np.uint32(at.object_id))
        annotator.objects.replace(at)

    def _zoom_in(self) -> None:
        region = self._region
        edges = [region.top, region.left, region.bottom, region.right]
        self.send_message({"kind": "go_to", "region": edges, "close": True})

    def _on_step(self) -> None:
        session = self._controller.annotator.session
        last = None if session is None else session.history.last
        action = None if last is None else last.action
        if isinstance(action, Commit) and self._at in action.ats:
            self._controller.cells.send(self._finish)

    def _finish(self) -> None:
        with self._controller.annotator.events.reporting():
            self.use()
