"""The action of saying that an object is not there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from napari_sam.core.errors import SessionError
from napari_sam.session.actions.action import Action
from napari_sam.session.codec import stored
from napari_sam.session.edits.track_edits import absent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam.session.edits import Edit
    from napari_sam.session.session_state import SessionState


@dataclass(frozen=True)
class MarkAbsent(Action):
    """An object is not on some frames: hidden, or out of the image.

    Attributes
    ----------
    object_id
        The object.
    frames
        The frames.
    """

    kind: ClassVar[str] = "absent"
    of_tracks: ClassVar[bool] = True

    object_id: int = stored("object")
    frames: tuple[int, ...] = stored()

    def edits(self, state: SessionState) -> Iterator[Edit]:
        """Return the edits: masks and prompts of these frames go.

        Raises
        ------
        SessionError
            If there is no such object, or it is approved on one of them.
        """
        if self.object_id not in state.objects:
            raise SessionError(f"There is no object {self.object_id}.")
        yield from absent(state, self.object_id, self.frames)
