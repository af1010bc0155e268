"""The action of masks made elsewhere that go into the labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from napari_sam.session.actions.action import Action
from napari_sam.session.codec import stored
from napari_sam.session.edits.label_edits import set_status
from napari_sam.session.labels.patch import LabelPatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from napari_sam.session.edits import Edit
    from napari_sam.session.state import State


@dataclass(frozen=True)
class AddMasks(Action):
    """Masks without prompts went into the labels, as pixels: propagated, linked, found.

    Attributes
    ----------
    patches
        The labels that changed, at most a few per frame.
    ids
        Numbers of the objects that the masks are of.
    """

    kind: ClassVar[str] = "keep"

    patches: tuple[LabelPatch, ...]
    ids: tuple[int, ...] = stored("objects", default=())

    def edits(self, state: State) -> Iterator[Edit]:
        """Return the patches, and that the objects are committed.

        They are drawn on what is there now: a record may be replayed on a similar
        image, where other labels lie under them than on the first one.
        """
        for given in self.patches:
            patch = state.labels.on(given)
            if patch is not None:
                yield patch
        yield from self._committed(state)

    def edits_as_prepared(self, state: State) -> Iterator[Edit]:
        """Return the edits where the labels are known to be those of the patches."""
        yield from self.patches
        yield from self._committed(state)

    def _committed(self, state: State) -> Iterator[Edit]:
        for object_id in self.ids:
            yield from set_status(state, object_id, "committed")

    @classmethod
    def joined(cls, actions: Sequence[AddMasks]) -> AddMasks:
        """Return the one action that does what several do after each other."""
        patches = tuple(patch for one in actions for patch in one.patches)
        ids = dict.fromkeys(object_id for one in actions for object_id in one.ids)
        return cls(patches, tuple(ids))
