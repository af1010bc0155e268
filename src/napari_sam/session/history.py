"""The history of a document: steps that were done, and steps that were undone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from napari_sam.session.actions.set_prompts import SetPrompts
from napari_sam.session.edits import CompoundEdit, PromptsEdit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.core.address import Address
    from napari_sam.session.actions import Action


@dataclass(frozen=True, slots=True)
class Step:
    """An action that was done, and the edits that undo it.

    Attributes
    ----------
    action
        What was done.
    edit
        What changed.
    serial
        Its number; no two steps of a history have the same.
    group
        Steps of the same group that follow each other are undone together; 0 is none.
    scores
        Of the masks that were committed, if a model predicted them.
    """

    action: Action
    edit: CompoundEdit
    serial: int = field(default=0, compare=False)
    group: int = field(default=0, compare=False)
    scores: Mapping[Address, float] = field(default_factory=dict, compare=False)

    def can_coalesce(self, at: Address) -> bool:
        """Whether all it did is move the threshold of the prompts at an address."""
        if not isinstance(self.action, SetPrompts) or len(self.edit.edits) != 1:
            return False
        (change,) = self.edit.edits
        return (
            isinstance(change, PromptsEdit)
            and change.at == at
            and change.moves_threshold
        )


@dataclass(slots=True)
class History:
    """Every step that was taken; undo and redo have no limit."""

    done: list[Step] = field(default_factory=list)
    undone: list[Step] = field(default_factory=list)
    _last_serial: int = 0
    _last_group: int = 0

    @property
    def position(self) -> int:
        """Number of the last step that stands: equal states have equal positions."""
        return self.done[-1].serial if self.done else 0

    @property
    def last(self) -> Step | None:
        """The step that undo takes back."""
        return self.done[-1] if self.done else None

    @property
    def next(self) -> Step | None:
        """The step that redo repeats."""
        return self.undone[-1] if self.undone else None

    def new_group(self) -> int:
        """Return the number of a group of which there are no steps yet."""
        self._last_group += 1
        return self._last_group

    def push(
        self,
        action: Action,
        edit: CompoundEdit,
        group: int = 0,
        scores: Mapping[Address, float] = MappingProxyType({}),
    ) -> Step:
        """Remember a new step; what was undone can no longer be redone."""
        self._last_serial += 1
        self._last_group = max(self._last_group, group)
        step = Step(action, edit, self._last_serial, group, scores)
        self.undone.clear()
        self.done.append(step)
        return step

    def coalesce(self, action: Action, edit: CompoundEdit) -> Step:
        """Make one step of the last move of a threshold and the one that follows."""
        so_far, now = self.done.pop().edit.edits[0], edit.edits[0]
        if isinstance(so_far, PromptsEdit) and isinstance(now, PromptsEdit):
            edit = CompoundEdit((replace(now, before=so_far.before),))
        return self.push(action, edit)

    def back(self) -> None:
        """Take the last step off."""
        self.undone.append(self.done.pop())

    def forth(self) -> None:
        """Put the step that was undone last back."""
        self.done.append(self.undone.pop())
