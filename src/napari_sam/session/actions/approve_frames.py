"""The action of approving frames of a track."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError
from napari_sam.core.propagation import ObjectState, State
from napari_sam.session.actions.action import Action
from napari_sam.session.codec import stored
from napari_sam.session.edits.track_edits import set_known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam.session.edits import Edit
    from napari_sam.session.session_state import SessionState


@dataclass(frozen=True)
class ApproveFrames(Action):
    """Masks of an object are right on some frames, and so protected there.

    Attributes
    ----------
    object_id
        The object.
    frames
        The frames; those without a mask are left out.
    approved
        False takes an approval back.
    """

    kind: ClassVar[str] = "approve frames"
    of_tracks: ClassVar[bool] = True

    object_id: int = stored("object")
    frames: tuple[int, ...] = stored()
    approved: bool = stored(default=True)

    def edits(self, state: SessionState) -> Iterator[Edit]:
        """Return the edits of what is known of the frames.

        Raises
        ------
        SessionError
            If the object is on none of them.
        """
        given = [Address(frame, self.object_id) for frame in self.frames]
        there = [at for at in given if at in state.footprints]
        if not there:
            raise SessionError(
                f"Object {self.object_id} is on none of these frames: there is nothing "
                "to approve."
            )
        known = ObjectState(State.APPROVED) if self.approved else None
        for at in there:
            yield from set_known(state, at, known)
