"""The action of naming, classing, colouring or judging an object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from napari_sam.core.errors import SessionError
from napari_sam.session.actions.action import Action
from napari_sam.session.codec import stored
from napari_sam.session.edits import ObjectEdit
from napari_sam.session.object_table import ObjectInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam.session.edits import Edit
    from napari_sam.session.session_state import SessionState


@dataclass(frozen=True)
class SetInfo(Action):
    """The name, category, status or colour of an object was set.

    Attributes
    ----------
    object_id
        The number of the object.
    info
        What is known of it now.
    """

    kind: ClassVar[str] = "describe"
    spares_approved: ClassVar[bool] = False

    object_id: int = stored("object")
    info: ObjectInfo = stored()

    def edits(self, state: SessionState) -> Iterator[Edit]:
        """Return the edit of the object.

        Raises
        ------
        SessionError
            If there is no such object.
        """
        now = state.objects.get(self.object_id)
        if now is None:
            raise SessionError(f"There is no object {self.object_id} to describe.")
        if now != self.info:
            yield ObjectEdit(self.object_id, now, self.info)
