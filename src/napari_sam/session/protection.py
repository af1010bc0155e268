"""The protection of approved objects: nothing but taking it back changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError
from napari_sam.session.edits import ObjectEdit
from napari_sam.session.edits.track_edits import refuse_approved, set_known
from napari_sam.session.labels.patch import LabelPatch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from napari_sam.session.edits import Edit
    from napari_sam.session.session_state import SessionState


def sparing_approved(edits: Iterable[Edit], state: SessionState) -> Iterator[Edit]:
    """Yield edits, and refuse one that would change an object which is approved.

    Raises
    ------
    SessionError
        At the first of them.
    """
    approved = state.objects.approved
    for edit in edits:
        touched = sorted(_changed_by(edit) & approved) if approved else ()
        if touched:
            raise SessionError(
                f"Object {touched[0]} is approved, and so protected. Take the approval "
                "back first to change it."
            )
        yield edit


def keeping_tracks(edits: Iterable[Edit], state: SessionState) -> Iterator[Edit]:
    """Yield edits, and note that what they draw was said by a person.

    Raises
    ------
    SessionError
        At the first that would change a frame of an object which is approved there.
    """
    for edit in edits:
        if not isinstance(edit, LabelPatch) or not state.tracked:
            yield edit
            continue
        ats = [Address(edit.frame, i) for i in sorted(edit.objects)]
        known = [at for at in ats if at in state.tracked]
        for at in known:
            refuse_approved(state, at)
        yield edit
        for at in known:
            if _is_said(edit, at, state):
                yield from set_known(state, at, None)


def _is_said(edit: LabelPatch, at: Address, state: SessionState) -> bool:
    """Whether a change is about an object, and not only about one beside it."""
    drawn = at.object_id in edit.after.values or 0 in edit.after.values
    return drawn or at not in state.footprints


def _changed_by(edit: Edit) -> set[int]:
    """Objects whose pixels or status change."""
    if isinstance(edit, LabelPatch):
        return edit.objects
    if not isinstance(edit, ObjectEdit):
        return set()
    before, after = edit.before, edit.after
    same = before and after and before.status == after.status
    return set() if same else {edit.object_id}
