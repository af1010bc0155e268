"""The action of a brush on the labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from napari_sam.session.actions.action import Action
from napari_sam.session.edits import ObjectEdit
from napari_sam.session.labels.patch import LabelPatch
from napari_sam.session.object_table import ObjectInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam.session.edits import Edit
    from napari_sam.session.session_state import SessionState


@dataclass(frozen=True)
class Paint(Action):
    """A brush changed the labels of a plane.

    Attributes
    ----------
    patch
        The labels that changed.
    """

    kind: ClassVar[str] = "paint"

    patch: LabelPatch

    def edits(self, state: SessionState) -> Iterator[Edit]:
        """Return the patch, and the objects that came with it.

        The stroke is drawn on what is there now: a record may be replayed on a similar
        image, where other labels lie under it than on the first one.
        """
        patch = state.labels.on(self.patch)
        if patch is not None:
            yield patch
        painted = set(self.patch.after.values) - {0}
        for object_id in sorted(i for i in painted if i not in state.objects):
            yield ObjectEdit(object_id, None, ObjectInfo(status="committed"))
