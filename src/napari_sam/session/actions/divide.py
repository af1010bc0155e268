"""The action of marking a division."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from napari_sam.core.errors import SessionError
from napari_sam.core.propagation import Edge
from napari_sam.session.actions.action import Action
from napari_sam.session.codec import stored
from napari_sam.session.edits.lineage_edits import handed_on, set_edges
from napari_sam.session.edits.track_edits import split_off
from napari_sam.session.time_axis import lifetime

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam.session.edits import Edit
    from napari_sam.session.session_state import SessionState


@dataclass(frozen=True)
class Divide(Action):
    """An object divided into others.

    A mother that goes on beside her first daughter is cut there: what is left of her is
    a daughter too, under a new number.

    Attributes
    ----------
    object_id
        The mother.
    daughters
        The others; one is enough where the mother goes on.
    """

    kind: ClassVar[str] = "divide"
    of_tracks: ClassVar[bool] = True

    object_id: int = stored("object")
    daughters: tuple[int, ...] = stored("into")

    def edits(self, state: SessionState) -> Iterator[Edit]:
        """Return the edits of the lineage, and of what the mother goes on as.

        Raises
        ------
        SessionError
            If it is no division into two or more, each with one parent.
        """
        mother, daughters = self.object_id, list(dict.fromkeys(self.daughters))
        first, last = lifetime(state, mother)
        start = min((lifetime(state, i)[0] for i in daughters), default=first)
        _check(state, mother, daughters, goes_on=last >= start)
        edges = list(state.edges)
        if last >= start:
            new = state.objects.free_id()
            yield from split_off(state, mother, start)
            edges = handed_on(state, {mother: new})
            daughters.append(new)
        yield from set_edges(state, [*edges, *(Edge(mother, i) for i in daughters)])


def _check(
    state: SessionState, mother: int, daughters: list[int], *, goes_on: bool
) -> None:
    if len(daughters) + goes_on < 2 or mother in daughters:
        raise SessionError(
            f"Object {mother} cannot divide into {daughters}: a division has two "
            "daughters or more. Select the mother and both daughters."
        )
    with_parents = {e.target: e.source for e in state.edges}
    for daughter in daughters:
        if daughter in with_parents:
            raise SessionError(
                f"Object {daughter} comes from object {with_parents[daughter]} "
                "already: a daughter has one mother. Undo that division first."
            )
