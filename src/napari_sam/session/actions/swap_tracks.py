"""The action of letting two tracks change places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError
from napari_sam.session.actions.action import Action
from napari_sam.session.codec import stored
from napari_sam.session.edits.lineage_edits import handed_on, set_edges
from napari_sam.session.edits.track_edits import exchanged, swept
from napari_sam.session.time_axis import lifetime, time_of, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam.session.edits import Edit
    from napari_sam.session.session_state import SessionState


@dataclass(frozen=True)
class SwapTracks(Action):
    """Two objects changed places from a frame on, as after a crossing.

    Attributes
    ----------
    object_id, other
        The two objects.
    frame
        The first frame on which each is the other.
    """

    kind: ClassVar[str] = "swap"
    of_tracks: ClassVar[bool] = True

    object_id: int = stored("object")
    other: int = stored()
    frame: int = stored()

    def edits(self, state: SessionState) -> Iterator[Edit]:
        """Return the edits of labels, prompts and lineage.

        Raises
        ------
        SessionError
            If they are not two objects, or nothing would be left of one.
        """
        a, b = self.object_id, self.other
        time = time_of(state.frames, self.frame)
        _check(state, a, b, time)
        ats = [at for i in (a, b) for at in within(state, i, first=time)]
        for frame in sorted({at.frame for at in ats}):
            yield from exchanged(state, Address(frame, a), Address(frame, b))
        yield from set_edges(state, handed_on(state, {a: b, b: a}))
        yield from swept(state, a)
        yield from swept(state, b)


def _check(state: SessionState, a: int, b: int, time: int) -> None:
    spans = lifetime(state, a), lifetime(state, b)
    if a == b or all(last < time for _, last in spans):
        raise SessionError(
            f"Objects {a} and {b} cannot change places at {time}: select two objects, "
            "and go to the first frame on which they are wrong."
        )
