"""The action of ending a track."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from napari_sam.session.actions.action import Action
from napari_sam.session.codec import stored
from napari_sam.session.edits.lineage_edits import without_daughters
from napari_sam.session.edits.track_edits import absent, cleared
from napari_sam.session.time_axis import frames_at, lifetime, time_of, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam.session.edits import Edit
    from napari_sam.session.session_state import SessionState


@dataclass(frozen=True)
class EndTrack(Action):
    """An object ends: a frame is the last one that it is on.

    Attributes
    ----------
    object_id
        The object.
    frame
        Its last frame.
    """

    kind: ClassVar[str] = "ends"
    of_tracks: ClassVar[bool] = True

    object_id: int = stored("object")
    frame: int = stored()

    def edits(self, state: SessionState) -> Iterator[Edit]:
        """Return the edits: later masks go, and it is absent from the next frame."""
        lifetime(state, self.object_id)
        time = time_of(state.frames, self.frame) + 1
        yield from cleared(state, within(state, self.object_id, first=time))
        yield from absent(state, self.object_id, frames_at(state.frames, time))
        yield from without_daughters(state, self.object_id)
