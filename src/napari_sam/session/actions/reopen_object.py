"""The action of going back to an object's prompts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from napari_sam.core.address import Address
from napari_sam.core.prompts import Prompts
from napari_sam.session.actions.action import Action
from napari_sam.session.edits import PromptsEdit
from napari_sam.session.edits.label_edits import set_status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam.session.edits import Edit
    from napari_sam.session.session_state import SessionState


@dataclass(frozen=True)
class ReopenObject(Action):
    """The prompts of a committed mask were opened again, to be corrected.

    Without prompts, as of a painted object, its mask becomes the prompt.

    Attributes
    ----------
    at
        The object, and the frame of the mask.
    """

    kind: ClassVar[str] = "reopen"

    at: Address

    def edits(self, state: SessionState) -> Iterator[Edit]:
        """Return the edits of open prompts and of the object's status."""
        prompts = state.committed_prompts.get(self.at)
        if prompts is None:
            mask = state.labels.mask(self.at)
            top, left = mask.region.top, mask.region.left
            prompts = Prompts.from_mask(mask.array, top=top, left=left)
        now = state.open_prompts.get(self.at)
        if now != prompts:
            yield PromptsEdit(self.at, "open", now, prompts)
        yield from set_status(state, self.at.object_id, "open")
