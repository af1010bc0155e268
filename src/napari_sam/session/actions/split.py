"""The action of cutting an object in two."""

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
class Split(Action):
    """An object was cut along a line; the largest part keeps the number.

    Attributes
    ----------
    at
        The object, and the frame of the mask.
    path
        The line, as positions ``(row, col)``.
    """

    kind: ClassVar[str] = "split"

    at: Address
    path: tuple[tuple[float, float], ...]

    def edits(self, state: SessionState) -> Iterator[Edit]:
        """Return the edits of labels, and of the objects that are new."""
        # scipy is imported when it is first used: a window opens sooner.
        from napari_sam.session.edits import outline_edits

        return outline_edits.split(state, self.at, self.path)
