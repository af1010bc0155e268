"""The action of cutting a track."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from napari_sam.session.actions.action import Action
from napari_sam.session.codec import stored
from napari_sam.session.edits.lineage_edits import handed_on, set_edges
from napari_sam.session.edits.track_edits import split_off
from napari_sam.session.time_axis import time_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam.session.edits import Edit
    from napari_sam.session.session_state import SessionState


@dataclass(frozen=True)
class CutTrack(Action):
    """A track was cut: from a frame on, it is another object.

    Attributes
    ----------
    object_id
        The object.
    frame
        The first frame of the new one.
    """

    kind: ClassVar[str] = "cut"
    of_tracks: ClassVar[bool] = True

    object_id: int = stored("object")
    frame: int = stored()

    def edits(self, state: SessionState) -> Iterator[Edit]:
        """Return the edits of labels, prompts and lineage; daughters stay with the end.

        Raises
        ------
        SessionError
            If nothing would be left on one side.
        """
        new = state.objects.free_id()
        yield from split_off(state, self.object_id, time_of(state.frames, self.frame))
        yield from set_edges(state, handed_on(state, {self.object_id: new}))
