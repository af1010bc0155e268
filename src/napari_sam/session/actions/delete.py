"""The action of deleting objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from napari_sam.session.actions.action import Action
from napari_sam.session.codec import stored
from napari_sam.session.edits.label_edits import forgotten, relabelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam.session.edits import Edit
    from napari_sam.session.session_state import SessionState


@dataclass(frozen=True)
class Delete(Action):
    """Objects were removed everywhere: labels, prompts and names.

    Attributes
    ----------
    ids
        Numbers of the objects.
    """

    kind: ClassVar[str] = "delete"

    ids: tuple[int, ...] = stored("objects")

    def edits(self, state: SessionState) -> Iterator[Edit]:
        """Return the edits of labels, prompts and objects."""
        for object_id in self.ids:
            for at in state.footprints.of_object(object_id):
                yield from relabelled(state, at, 0)
            yield from forgotten(state, object_id)
