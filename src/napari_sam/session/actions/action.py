"""The base class of actions: what was done, with its edits and its text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Self

from napari_sam.session.codec import fields_from_dict, fields_to_dict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from napari_sam.core.address import Address
    from napari_sam.core.json_values import JsonDict, JsonObject
    from napari_sam.core.prediction import Prediction
    from napari_sam.session.edits import Edit
    from napari_sam.session.session_state import SessionState


class Action(ABC):
    """An action: something that a person did, as a frozen dataclass.

    It says what was done in terms that hold on any machine; the edits that come of it
    say what changed. Its fields are what is written of it: see `session.codec`. A new
    action is one more module in this package.

    Attributes
    ----------
    kind
        The word by which it is known in files.
    spares_approved
        Whether it is refused where it would change an object that is approved.
    of_tracks
        Whether it is about tracks.
    """

    kind: ClassVar[str]
    spares_approved: ClassVar[bool] = True
    of_tracks: ClassVar[bool] = False

    @property
    def keeps_tracks(self) -> bool:
        """Whether it says by itself what becomes of the frames of tracks.

        Of any other action, what it draws is taken for what a person has said.
        """
        return self.of_tracks

    @abstractmethod
    def edits(self, state: SessionState) -> Iterable[Edit]:
        """Return what changes; each edit is applied before the next is made."""

    def edits_with(
        self, state: SessionState, predictions: Mapping[Address, Prediction]
    ) -> Iterable[Edit]:
        """Return what changes, where masks are needed that a model predicted."""
        return self.edits(state)

    def to_dict(self) -> JsonDict:
        """Plain JSON types; `action_from_dict` is the exact inverse."""
        return {"do": self.kind, **fields_to_dict(self)}  # type: ignore[arg-type]

    @classmethod
    def from_dict(cls, data: JsonObject) -> Self:
        """Inverse of `to_dict`, for an action of this kind."""
        return fields_from_dict(cls, data)
