"""The action of a prompt drawn, changed or taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from napari_sam.core.address import Address
from napari_sam.core.prompts import Prompts
from napari_sam.session.actions.action import Action
from napari_sam.session.codec import stored
from napari_sam.session.edits.prompt_edits import set_prompts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam.session.edits import Edit
    from napari_sam.session.session_state import SessionState


@dataclass(frozen=True)
class SetPrompts(Action):
    """The prompts of objects were replaced; empty ones take them back.

    Attributes
    ----------
    prompts
        The prompts at each address, as they are now.
    """

    kind: ClassVar[str] = "say"

    prompts: tuple[tuple[Address, Prompts], ...] = stored("said")

    def edits(self, state: SessionState) -> Iterator[Edit]:
        """Return the edits of open prompts."""
        return set_prompts(state, dict(self.prompts))
