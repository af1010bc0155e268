"""The action of filling the holes of an object."""

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
class FillHoles(Action):
    """The holes of a mask were filled, as far as nothing else is in them.

    Attributes
    ----------
    at
        The object, and the frame of the mask.
    """

    kind: ClassVar[str] = "fill"

    at: Address

    def edits(self, state: SessionState) -> Iterator[Edit]:
        """Return the edit of the labels."""
        # scipy is imported when it is first used: a window opens sooner.
        from napari_sam.session.edits import outline_edits

        return outline_edits.fill_holes(state, self.at)
