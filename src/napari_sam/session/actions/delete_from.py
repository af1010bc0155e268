"""The action of deleting the end of a track."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from napari_sam.session.actions.action import Action
from napari_sam.session.codec import stored
from napari_sam.session.edits.lineage_edits import without_daughters
from napari_sam.session.edits.track_edits import cleared, swept
from napari_sam.session.time_axis import lifetime, time_of, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam.session.edits import Edit
    from napari_sam.session.session_state import SessionState


@dataclass(frozen=True)
class DeleteFrom(Action):
    """An object was removed from a frame on; it may be propagated there again.

    Attributes
    ----------
    object_id
        The object.
    frame
        The first frame without it.
    """

    kind: ClassVar[str] = "delete from"
    of_tracks: ClassVar[bool] = True

    object_id: int = stored("object")
    frame: int = stored()

    def edits(self, state: SessionState) -> Iterator[Edit]:
        """Return the edits of labels, prompts and lineage; daughters stay."""
        lifetime(state, self.object_id)
        time = time_of(state.frames, self.frame)
        yield from cleared(state, within(state, self.object_id, first=time))
        yield from without_daughters(state, self.object_id)
        yield from swept(state, self.object_id)
