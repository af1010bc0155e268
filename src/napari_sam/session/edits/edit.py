"""Edits: undo as data. Each knows its inverse, and only changes a `SessionState`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from napari_sam.session.labels.patch import LabelPatch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_sam.core.address import Address
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.propagation import Edge, ObjectState
    from napari_sam.session.object_table import ObjectInfo
    from napari_sam.session.session_state import SessionState

#: Which prompts: those that are open, or those whose masks are in the labels.
Table: TypeAlias = Literal["open", "committed"]


@dataclass(frozen=True, slots=True)
class PromptsEdit:
    """An edit of prompts: those at an address came, went or changed.

    Attributes
    ----------
    at
        The object, and the frame.
    where
        Among the open prompts, or among the committed ones, whose masks are in the
        labels.
    before, after
        The prompts; None where there are none.
    """

    at: Address
    where: Table
    before: Prompts | None
    after: Prompts | None

    def inverse(self) -> PromptsEdit:
        """Return the edit that undoes this one."""
        return replace(self, before=self.after, after=self.before)

    @property
    def moves_threshold(self) -> bool:
        """Whether nothing but the threshold of open prompts is another."""
        if self.where != "open" or self.before is None or self.after is None:
            return False
        return self.before.items == self.after.items


@dataclass(frozen=True, slots=True)
class ObjectEdit:
    """An edit of an object: it came, went, or something else is known of it.

    Attributes
    ----------
    object_id
        The number of the object.
    before, after
        What is known of it; None where there is no such object.
    """

    object_id: int
    before: ObjectInfo | None
    after: ObjectInfo | None

    def inverse(self) -> ObjectEdit:
        """Return the edit that undoes this one."""
        return replace(self, before=self.after, after=self.before)


@dataclass(frozen=True, slots=True)
class TrackEdit:
    """An edit of a track: it is known otherwise, or no more, where an object is.

    Attributes
    ----------
    at
        The object, and the frame.
    before, after
        What is known; None where a person has said it by prompts or by hand.
    """

    at: Address
    before: ObjectState | None
    after: ObjectState | None

    def inverse(self) -> TrackEdit:
        """Return the edit that undoes this one."""
        return replace(self, before=self.after, after=self.before)


@dataclass(frozen=True, slots=True)
class LineageEdit:
    """An edit of the lineage: objects divide or merge, or do so no more.

    Attributes
    ----------
    removed, added
        Edges from object to object.
    """

    removed: tuple[Edge, ...] = ()
    added: tuple[Edge, ...] = ()

    def inverse(self) -> LineageEdit:
        """Return the edit that undoes this one."""
        return replace(self, removed=self.added, added=self.removed)


@dataclass(frozen=True, slots=True)
class CompoundEdit:
    """A compound edit: the edits of one step, in order."""

    edits: tuple[Edit, ...] = ()

    def inverse(self) -> CompoundEdit:
        """Return the compound edit that undoes this one."""
        return CompoundEdit(tuple(edit.inverse() for edit in reversed(self.edits)))


Edit: TypeAlias = "PromptsEdit | ObjectEdit | LabelPatch | TrackEdit | LineageEdit"


def apply(edit: Edit, state: SessionState) -> None:
    """Change a state as an edit says."""
    match edit:
        case LabelPatch():
            state.labels.write(edit)
        case PromptsEdit(at, "open", _, after):
            state.open_prompts.put(at, after)
        case PromptsEdit(at, _, _, after):
            state.committed_prompts.put(at, after)
        case ObjectEdit(object_id, _, info):
            state.objects.put(object_id, info)
        case TrackEdit(at, _, known):
            state.tracked.put(at, known)
        case LineageEdit(removed, added):
            state.edges = state.edges.difference(removed).union(added)


def apply_all(edits: Iterable[Edit], state: SessionState) -> CompoundEdit:
    """Apply edits one after another, or, if one fails, none of them."""
    done: list[Edit] = []
    try:
        for edit in edits:
            apply(edit, state)
            done.append(edit)
    except BaseException:
        for edit in reversed(done):
            apply(edit.inverse(), state)
        raise
    return CompoundEdit(tuple(done))
