"""Undo as data: an edit knows its inverse, and all it does is change a `State`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from napari_sam.session.patch import LabelPatch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam.core.address import Address
    from napari_sam.session.state import State
    from napari_sam.session.values import ObjectInfo, Question

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class QuestionEdit:
    """A question was put, changed or withdrawn.

    Attributes
    ----------
    at
        What it is about.
    where
        Among the open questions (``"asked"``), or among those whose answers are in
        the labels (``"kept"``).
    """

    at: Address
    where: Literal["asked", "kept"]
    before: Question | None
    after: Question | None

    def inverse(self) -> QuestionEdit:
        """Return the edit that undoes this one."""
        return replace(self, before=self.after, after=self.before)


@dataclass(frozen=True, slots=True)
class ObjectEdit:
    """An object came, went, or is known by something else."""

    object_id: int
    before: ObjectInfo | None
    after: ObjectInfo | None

    def inverse(self) -> ObjectEdit:
        """Return the edit that undoes this one."""
        return replace(self, before=self.after, after=self.before)


@dataclass(frozen=True, slots=True)
class Batch:
    """Several edits that are one step to the user."""

    edits: tuple[Edit, ...] = ()

    def inverse(self) -> Batch:
        """Return the batch that undoes this one."""
        return Batch(tuple(edit.inverse() for edit in reversed(self.edits)))


Edit: TypeAlias = "QuestionEdit | ObjectEdit | LabelPatch | Batch"


def parts(edit: Edit) -> Iterator[QuestionEdit | ObjectEdit | LabelPatch]:
    """Every edit in a batch, in order."""
    if isinstance(edit, Batch):
        for inner in edit.edits:
            yield from parts(inner)
    else:
        yield edit


def apply(edit: Edit, state: State) -> None:
    """Make it so."""
    for part in parts(edit):
        match part:
            case LabelPatch():
                state.write(part)
            case QuestionEdit(at, "asked", _, after):
                _put(state.asked, at, after)
            case QuestionEdit(at, _, _, after):
                _put(state.kept, at, after)
            case ObjectEdit(object_id, _, info):
                _put(state.objects, object_id, info)


def _put(where: dict[K, V], key: K, value: V | None) -> None:
    if value is None:
        where.pop(key, None)
    else:
        where[key] = value
