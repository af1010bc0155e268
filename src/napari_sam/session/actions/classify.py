"""The action of naming the classes of objects by a classifier."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from napari_sam.session.actions.action import Action
from napari_sam.session.edits import ObjectEdit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam.session.edits import Edit
    from napari_sam.session.session_state import SessionState


@dataclass(frozen=True)
class Classify(Action):
    """A classifier named the classes of objects, as one step.

    Objects whose class a person gave or approved, and objects that are gone, are left
    alone.

    Attributes
    ----------
    classes
        Numbers of objects, their classes and how probable these are, from 0 to 1.
    """

    kind: ClassVar[str] = "classify"
    spares_approved: ClassVar[bool] = False

    classes: tuple[tuple[int, str, float], ...]

    def edits(self, state: SessionState) -> Iterator[Edit]:
        """Return an edit for each object whose class is another now."""
        for object_id, category, score in self.classes:
            now = state.objects.get(object_id)
            if now is None or now.is_named:
                continue
            then = replace(now, category=category, category_score=score)
            if then != now:
                yield ObjectEdit(object_id, now, then)
