"""Scores of predicted masks, for as long as the masks are in the labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.errors import SessionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.core.address import Address
    from napari_sam.core.prediction import Prediction
    from napari_sam.session.state import State


class MaskScores:
    """The score of each mask that was committed.

    A score is of the mask as it went into the labels: what was corrected since, by
    whatever action, has none, until an undo brings the mask back.
    """

    def __init__(self) -> None:
        self._noted: dict[Address, tuple[float, str]] = {}

    def note(self, state: State, predictions: Mapping[Address, Prediction]) -> None:
        """Remember the scores of masks that are in the labels now."""
        for at, one in predictions.items():
            digest = _digest(state, at)
            if digest is not None:
                self._noted[at] = (float(one.score), digest)

    def of_labels(self, state: State) -> dict[Address, float]:
        """Return the scores of masks that are in the labels as they were committed."""
        noted = list(self._noted.items())
        return {
            at: score for at, (score, digest) in noted if _digest(state, at) == digest
        }


def _digest(state: State, at: Address) -> str | None:
    """Return what another mask, or place, has not; None without a mask."""
    try:
        return state.mask(at).digest
    except SessionError:  # also of a session that goes on while it is saved
        return None
