"""The action of masks made elsewhere that go into the labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from napari_sam.core.address import Address
from napari_sam.core.propagation import ObjectState
from napari_sam.session.actions.action import Action
from napari_sam.session.codec import stored
from napari_sam.session.edits.label_edits import set_status
from napari_sam.session.edits.track_edits import set_known
from napari_sam.session.labels.patch import LabelPatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from napari_sam.session.edits import Edit
    from napari_sam.session.session_state import SessionState


@dataclass(frozen=True)
class AddMasks(Action):
    """Masks without prompts went into the labels, as pixels: propagated, linked, found.

    Attributes
    ----------
    patches
        The labels that changed, at most a few per frame.
    ids
        Numbers of the objects that the masks are of.
    tracked
        What is known of masks that were propagated, by address.
    """

    kind: ClassVar[str] = "keep"

    patches: tuple[LabelPatch, ...]
    ids: tuple[int, ...] = stored("objects", default=())
    tracked: tuple[tuple[Address, ObjectState], ...] = stored(
        "tracked", default=(), omit_empty=True
    )

    @property
    def keeps_tracks(self) -> bool:
        """Whether it says by itself what becomes of the frames of tracks."""
        return bool(self.tracked)

    def edits(self, state: SessionState) -> Iterator[Edit]:
        """Return the patches, and that the objects are committed.

        They are drawn on what is there now: a record may be replayed on a similar
        image, where other labels lie under them than on the first one.
        """
        for given in self.patches:
            patch = state.labels.on(given)
            if patch is not None:
                yield patch
        yield from self._committed(state)

    def edits_as_prepared(self, state: SessionState) -> Iterator[Edit]:
        """Return the edits where the labels are known to be those of the patches."""
        yield from self.patches
        yield from self._committed(state)

    def _committed(self, state: SessionState) -> Iterator[Edit]:
        for object_id in self.ids:
            yield from set_status(state, object_id, "committed")
        for at, known in self.tracked:
            there = at in state.footprints
            yield from set_known(state, at, known if there else None)

    @classmethod
    def joined(cls, actions: Sequence[AddMasks]) -> AddMasks:
        """Return the one action that does what several do after each other."""
        patches = tuple(patch for one in actions for patch in one.patches)
        ids = dict.fromkeys(object_id for one in actions for object_id in one.ids)
        tracked = {at: known for one in actions for at, known in one.tracked}
        return cls(patches, tuple(ids), tuple(tracked.items()))
