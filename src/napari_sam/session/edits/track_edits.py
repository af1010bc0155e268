"""Edits of tracks: frames of an object that go to another, or go away.

Each function yields edits one after another; whoever applies them does so before taking
the next, so that what comes later sees what came before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError
from napari_sam.core.propagation import ObjectState, State
from napari_sam.session.edits.edit import ObjectEdit, PromptsEdit, TrackEdit
from napari_sam.session.edits.label_edits import (
    forgotten,
    patched,
    relabelled,
)
from napari_sam.session.object_table import ObjectInfo
from napari_sam.session.time_axis import known_addresses, lifetime, within

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from napari_sam.core.prompts import Prompts
    from napari_sam.session.edits.edit import Edit, Table
    from napari_sam.session.session_state import AddressTable, SessionState

_ABSENT = ObjectState(State.ABSENT)


def exchanged(state: SessionState, one: Address, other: Address) -> Iterator[Edit]:
    """Let two objects of a frame change places, with all that they have there."""
    if one in state.footprints and other in state.footprints:
        around = state.footprints[one].region.union(state.footprints[other].region)
        before = state.labels.read(one.frame, around)
        after = before.copy()
        after[before == one.object_id] = other.object_id
        after[before == other.object_id] = one.object_id
        yield from patched(one.frame, around, before, after)
    elif one in state.footprints:
        yield from relabelled(state, one, other.object_id)
    elif other in state.footprints:
        yield from relabelled(state, other, one.object_id)
    yield from _exchanged_knowledge(state, one, other)


def split_off(state: SessionState, object_id: int, time: int) -> Iterator[Edit]:
    """Give what an object has from a time on to a new object, whose number is next.

    Raises
    ------
    SessionError
        If nothing would be left before, or nothing is there after.
    """
    first, last = lifetime(state, object_id)
    if not first < time <= last:
        raise SessionError(
            f"Object {object_id} is there from {first} to {last}: it cannot be cut at "
            f"{time}, since there would be nothing before or after. Go to a frame "
            "between."
        )
    new, info = state.objects.free_id(), state.objects[object_id]
    yield ObjectEdit(new, None, ObjectInfo(category=info.category, status="committed"))
    for at in within(state, object_id, first=time):
        yield from exchanged(state, at, Address(at.frame, new))


def cleared(state: SessionState, ats: Iterable[Address]) -> Iterator[Edit]:
    """Take an object off frames: pixels, prompts, and what is known of its track.

    Raises
    ------
    SessionError
        If it is approved on one of them.
    """
    for at in ats:
        refuse_approved(state, at)
        if at in state.footprints:
            yield from relabelled(state, at, 0)
        yield from _without_knowledge(state, at)


def absent(
    state: SessionState, object_id: int, frames: Iterable[int]
) -> Iterator[Edit]:
    """Note that an object is not on some frames."""
    for frame in frames:
        at = Address(frame, object_id)
        yield from cleared(state, [at])
        yield from set_known(state, at, _ABSENT)


def swept(state: SessionState, object_id: int) -> Iterator[Edit]:
    """Forget an object of which nothing is left on any frame."""
    if not known_addresses(state, object_id):
        yield from forgotten(state, object_id)


def refuse_approved(state: SessionState, at: Address) -> None:
    """Refuse to change a frame that is approved.

    Raises
    ------
    SessionError
        If it is.
    """
    known = state.tracked.get(at)
    if known is not None and known.state is State.APPROVED:
        raise SessionError(
            f"Object {at.object_id} is approved on frame {at.frame}, and so protected. "
            "Take that approval back first to change it."
        )


def set_known(
    state: SessionState, at: Address, known: ObjectState | None
) -> Iterator[Edit]:
    """Note how it is known where an object is, unless that is noted already."""
    now = state.tracked.get(at)
    if now != known:
        yield TrackEdit(at, now, known)


def _exchanged_knowledge(
    state: SessionState, one: Address, other: Address
) -> Iterator[Edit]:
    """Exchange the prompts, and what is known of the tracks."""
    for where, table in _prompt_tables(state):
        mine, theirs = table.get(one), table.get(other)
        if mine != theirs:
            yield PromptsEdit(one, where, mine, theirs)
            yield PromptsEdit(other, where, theirs, mine)
    known, others = state.tracked.get(one), state.tracked.get(other)
    yield from set_known(state, one, others)
    yield from set_known(state, other, known)


def _without_knowledge(state: SessionState, at: Address) -> Iterator[Edit]:
    for where, table in _prompt_tables(state):
        if at in table:
            yield PromptsEdit(at, where, table[at], None)
    yield from set_known(state, at, None)


def _prompt_tables(
    state: SessionState,
) -> tuple[tuple[Table, AddressTable[Prompts]], ...]:
    return ("open", state.open_prompts), ("committed", state.committed_prompts)
