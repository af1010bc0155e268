"""The action of making several objects one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from napari_sam.core.errors import SessionError
from napari_sam.session.actions.action import Action
from napari_sam.session.codec import stored
from napari_sam.session.edits import PromptsEdit
from napari_sam.session.edits.label_edits import forgotten, relabelled, set_status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam.session.edits import Edit
    from napari_sam.session.session_state import SessionState


@dataclass(frozen=True)
class Merge(Action):
    """The masks of objects were given to the first of them.

    Attributes
    ----------
    ids
        Numbers of the objects; the first stays.
    """

    kind: ClassVar[str] = "merge"

    ids: tuple[int, ...] = stored("objects")

    def edits(self, state: SessionState) -> Iterator[Edit]:
        """Return the edits of labels, prompts and objects.

        Raises
        ------
        SessionError
            If they are fewer than two, or one of them has no pixels.
        """
        into, *others = dict.fromkeys(self.ids) or (0,)
        _check(state, into, others)
        for object_id in others:
            for at in state.footprints.of_object(object_id):
                yield from relabelled(state, at, into)
            yield from forgotten(state, object_id)
        for at in state.committed_prompts.of_object(into):
            # The prompts of one part do not say what is in the whole.
            yield PromptsEdit(at, "committed", state.committed_prompts[at], None)
        yield from set_status(state, into, "committed")


def _check(state: SessionState, into: int, others: list[int]) -> None:
    if not others:
        given = [into] if into else []
        raise SessionError(f"A merge takes two objects or more; given: {given}.")
    for object_id in (into, *others):
        if not state.footprints.of_object(object_id):
            raise SessionError(f"There is no object {object_id} in the labels.")
