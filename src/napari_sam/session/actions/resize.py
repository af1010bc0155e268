"""The action of growing or shrinking an object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from napari_sam.core.address import Address
from napari_sam.session.actions.action import Action

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam.session.edits import Edit
    from napari_sam.session.session_state import SessionState


@dataclass(frozen=True)
class Resize(Action):
    """The outline of an object moved outwards, or inwards if negative.

    Attributes
    ----------
    at
        The object, and the frame of the mask.
    pixels
        How far it moved.
    """

    kind: ClassVar[str] = "grow"

    at: Address
    pixels: int

    def edits(self, state: SessionState) -> Iterator[Edit]:
        """Return the edit of the labels."""
        # scipy is imported when it is first used: a window opens sooner.
        from napari_sam.session.edits import outline_edits

        return outline_edits.resize(state, self.at, self.pixels)
