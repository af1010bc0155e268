"""Edits of open prompts, and of the objects that come and go with them.

Each function yields edits one after another; whoever applies them does so before taking
the next, so that what comes later sees what came before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.session.edits.edit import Edit, ObjectEdit, PromptsEdit
from napari_sam.session.object_table import ObjectInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from napari_sam.core.address import Address
    from napari_sam.core.prompts import Prompts
    from napari_sam.session.session_state import SessionState


def set_prompts(
    state: SessionState, prompts: Mapping[Address, Prompts]
) -> Iterator[Edit]:
    """Replace the open prompts of objects; empty ones take them back."""
    for at, given in prompts.items():
        now = state.open_prompts.get(at)
        after = given if given.items else None
        if after != now:
            yield PromptsEdit(at, "open", now, after)
        if after is not None and at.object_id not in state.objects:
            yield ObjectEdit(at.object_id, None, ObjectInfo())
        if after is None and _is_nothing(state, at.object_id):
            yield ObjectEdit(at.object_id, state.objects[at.object_id], None)


def _is_nothing(state: SessionState, object_id: int) -> bool:
    """Whether an object is known by number alone, and lies nowhere."""
    return state.objects.get(object_id) == ObjectInfo() and not (
        state.open_prompts.of_object(object_id)
        or state.committed_prompts.of_object(object_id)
        or state.footprints.of_object(object_id)
    )
