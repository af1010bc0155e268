"""The action of joining two tracks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError
from napari_sam.session.actions.action import Action
from napari_sam.session.codec import stored
from napari_sam.session.edits.label_edits import forgotten
from napari_sam.session.edits.lineage_edits import handed_on, set_edges
from napari_sam.session.edits.track_edits import exchanged
from napari_sam.session.time_axis import known_addresses, lifetime

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam.session.edits import Edit
    from napari_sam.session.session_state import SessionState


@dataclass(frozen=True)
class JoinTracks(Action):
    """An object goes on as the one before it: they are one track, over a gap or not.

    Attributes
    ----------
    object_id
        The first one, whose number stays.
    other
        The one that goes on.
    """

    kind: ClassVar[str] = "join"
    of_tracks: ClassVar[bool] = True

    object_id: int = stored("object")
    other: int = stored()

    def edits(self, state: SessionState) -> Iterator[Edit]:
        """Return the edits of labels, prompts and lineage.

        Raises
        ------
        SessionError
            If both are on one frame, or one divides or comes of a division between.
        """
        _check(state, self.object_id, self.other)
        for at in known_addresses(state, self.other):
            yield from exchanged(state, at, Address(at.frame, self.object_id))
        yield from set_edges(state, handed_on(state, {self.other: self.object_id}))
        yield from forgotten(state, self.other)


def _check(state: SessionState, first: int, second: int) -> None:
    lifetime(state, first), lifetime(state, second)
    if any(e.source == first or e.target == second for e in state.edges):
        raise SessionError(
            f"Objects {first} and {second} cannot be joined: there is a division "
            "between them."
        )
    frames = {at.frame for at in state.footprints.of_object(first)}
    both = sorted(
        frames.intersection(at.frame for at in state.footprints.of_object(second))
    )
    if both or first == second:
        raise SessionError(
            f"Objects {first} and {second} cannot be joined: both are on frame "
            f"{both[0] if both else 0}. Merge their masks, or cut one track before."
        )
