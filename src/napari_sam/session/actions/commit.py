"""The action of predicted masks that go into the labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError
from napari_sam.core.prompts import Prompts
from napari_sam.session.actions.action import Action
from napari_sam.session.codec import stored
from napari_sam.session.edits.label_edits import Overlap, check_overlap, commit_masks
from napari_sam.session.edits.prompt_edits import set_prompts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from napari_sam.core.prediction import Prediction
    from napari_sam.session.edits import Edit
    from napari_sam.session.session_state import SessionState


@dataclass(frozen=True)
class Commit(Action):
    """The masks that open prompts predict went into the labels.

    Attributes
    ----------
    ats
        Addresses of the prompts.
    overlap
        What may happen to other objects under the new masks.
    setup
        Key of the `ModelSetup` that predicted them.
    prompts
        Prompts that were set in the same step.
    """

    kind: ClassVar[str] = "commit"

    ats: tuple[Address, ...] = stored("at")
    overlap: Overlap = "keep"
    setup: str = ""
    prompts: tuple[tuple[Address, Prompts], ...] = stored(
        "said", default=(), omit_empty=True
    )

    def __post_init__(self) -> None:
        check_overlap(self.overlap)

    def edits(self, state: SessionState) -> Iterator[Edit]:
        """Refuse: the masks are not in the action, since a model predicts them.

        Raises
        ------
        SessionError
            Always.
        """
        raise SessionError(
            "A commit needs the masks that a model predicted for its prompts: give "
            "them to `execute` as well, or use `AnnotationSession.commit`."
        )

    def edits_with(
        self, state: SessionState, predictions: Mapping[Address, Prediction]
    ) -> Iterator[Edit]:
        """Return the edits of labels, and of prompts, which are open no more."""
        masks = {at: predictions[at] for at in self.ats}
        yield from set_prompts(state, dict(self.prompts))
        yield from commit_masks(state, masks, self.overlap)
        # The masks of some found no free pixel: their prompts are not left open.
        left = {at: Prompts() for at, _ in self.prompts if at in state.open_prompts}
        yield from set_prompts(state, left)
