"""What a person did, as values: a session is the sequence of these.

An action says what was wanted, in terms that hold on any machine; the edits that came
of it say what changed. Doing the same actions again, on the same image with the same
model, gives the same labels.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

from napari_sam.core.errors import PromptError, SessionError
from napari_sam.session.edits import (
    Batch,
    ObjectEdit,
    QuestionEdit,
    apply,
    labels,
    questions,
)
from napari_sam.session.patch import LabelPatch
from napari_sam.session.values import OVERLAPS, ObjectInfo, Overlap, Question

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from napari_sam.core.address import Address
    from napari_sam.core.prediction import Prediction
    from napari_sam.session.edits import Edit
    from napari_sam.session.state import State


@dataclass(frozen=True, slots=True)
class Say:
    """Questions were put or withdrawn."""

    said: tuple[tuple[Address, Question], ...]


@dataclass(frozen=True, slots=True)
class Commit:
    """The answers to open questions went into the labels.

    Attributes
    ----------
    ats
        Which questions.
    overlap
        What may happen to other objects under the new masks.
    setup
        Key of the `Setup` that answered.
    said
        Questions that were put in the same step.
    """

    ats: tuple[Address, ...]
    overlap: Overlap = "keep"
    setup: str = ""
    said: tuple[tuple[Address, Question], ...] = ()

    def __post_init__(self) -> None:
        if self.overlap not in OVERLAPS:
            raise PromptError(f"overlap={self.overlap!r}: expected one of {OVERLAPS}.")


@dataclass(frozen=True, slots=True)
class Keep:
    """Masks that nobody asked for one by one went into the labels, as pixels."""

    patches: tuple[LabelPatch, ...]
    ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Paint:
    """A brush changed pixels."""

    patch: LabelPatch


@dataclass(frozen=True, slots=True)
class Reopen:
    """A kept mask is to be corrected."""

    at: Address


@dataclass(frozen=True, slots=True)
class Describe:
    """An object was named, classed, coloured or judged."""

    object_id: int
    info: ObjectInfo


@dataclass(frozen=True, slots=True)
class Delete:
    """Objects were removed."""

    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Merge:
    """Objects became the first of them."""

    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """An object was cut along a line of ``(row, col)``."""

    at: Address
    path: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Grow:
    """An outline moved outwards by so many pixels, or inwards if negative."""

    at: Address
    pixels: int


@dataclass(frozen=True, slots=True)
class Fill:
    """The holes of an object were closed."""

    at: Address


Action: TypeAlias = (
    Say
    | Commit
    | Keep
    | Paint
    | Reopen
    | Describe
    | Delete
    | Merge
    | Split
    | Grow
    | Fill
)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was done, and can be undone."""

    action: Action
    edit: Batch
    serial: int = field(default=0, compare=False)

    def slides(self, at: Address) -> bool:
        """Whether all it did is move the threshold of the question at an address."""
        if not isinstance(self.action, Say) or len(self.edit.edits) != 1:
            return False
        change = self.edit.edits[0]
        return (
            isinstance(change, QuestionEdit)
            and change.at == at
            and change.before is not None
            and change.after is not None
            and change.before.prompts == change.after.prompts
        )


def perform(
    action: Action, state: State, answers: Mapping[Address, Prediction] | None = None
) -> Batch:
    """Do it, and return what changed. If it fails, the state is as it was before.

    Approved objects are not changed, but for what `Describe` says of them.

    Parameters
    ----------
    action
        What is wanted.
    state
        What it is done to.
    answers
        The answers to the questions of a `Commit`.
    """
    edits = _edits(action, state, answers or {})
    if not isinstance(action, Describe):
        edits = _sparing_approved(edits, state)
    return run(edits, state)


def _sparing_approved(edits: Iterable[Edit], state: State) -> Iterator[Edit]:
    """Refuse edits that would change an object which is approved now.

    Raises
    ------
    SessionError
        At the first of them.
    """
    approved = state.approved()
    for edit in edits:
        touched = sorted(approved & _changed_by(edit))
        if touched:
            raise SessionError(
                f"Object {touched[0]} is approved, and so protected. Take the approval "
                "back first to change it."
            )
        yield edit


def _changed_by(edit: Edit) -> set[int]:
    """Objects whose pixels or status change."""
    if isinstance(edit, LabelPatch):
        return {*edit.before.values, *edit.after.values}
    if not isinstance(edit, ObjectEdit):
        return set()
    before, after = edit.before, edit.after
    same = before and after and before.status == after.status
    return set() if same else {edit.object_id}


def run(edits: Iterable[Edit], state: State) -> Batch:
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
    return Batch(tuple(done))


def _edits(
    action: Action, state: State, answers: Mapping[Address, Prediction]
) -> Iterable[Edit]:
    match action:
        case Say(said):
            return questions.say(state, dict(said))
        case Commit(ats, overlap, _, said):
            return chain(
                questions.say(state, dict(said)),
                labels.commit(state, {at: answers[at] for at in ats}, overlap),
                questions.withdraw(state, [at for at, _ in said]),
            )
        case Keep(patches, ids):
            return labels.kept(state, patches, ids)
        case Paint(patch):
            return labels.paint(state, patch)
        case Reopen(at):
            return questions.reopen(state, at)
        case Describe(object_id, info):
            return questions.describe(state, object_id, info)
        case Delete(ids):
            return labels.delete(state, ids)
        case Merge(ids):
            return labels.merge(state, ids)
        case Split() | Grow() | Fill():
            return _outline(action, state)


def _outline(action: Split | Grow | Fill, state: State) -> Iterable[Edit]:
    """Import what stands on scipy when it is first used: a window opens sooner."""
    from napari_sam.session.edits import shapes

    match action:
        case Split(at, path):
            return shapes.split(state, at, path)
        case Grow(at, pixels):
            return shapes.grow(state, at, pixels)
        case Fill(at):
            return shapes.fill(state, at)
