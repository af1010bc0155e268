"""Two stacks of steps: what was done, and what was undone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from napari_sam.session.actions import Step
from napari_sam.session.edits import Batch, QuestionEdit

if TYPE_CHECKING:
    from napari_sam.session.actions import Action


@dataclass(slots=True)
class History:
    """Every step that was taken; undo and redo have no limit."""

    done: list[Step] = field(default_factory=list)
    undone: list[Step] = field(default_factory=list)
    _last_serial: int = 0

    @property
    def position(self) -> int:
        """Number of the last step that stands: equal states have equal positions."""
        return self.done[-1].serial if self.done else 0

    @property
    def last(self) -> Step | None:
        """What undo would take back."""
        return self.done[-1] if self.done else None

    @property
    def next(self) -> Step | None:
        """What redo would repeat."""
        return self.undone[-1] if self.undone else None

    def push(self, action: Action, edit: Batch) -> Step:
        """Remember a new step; what was undone can no longer be redone."""
        self._last_serial += 1
        step = Step(action, edit, self._last_serial)
        self.undone.clear()
        self.done.append(step)
        return step

    def amend(self, action: Action, edit: Batch) -> Step:
        """Make a slide that goes on one step with what it was so far."""
        so_far, now = self.done.pop().edit.edits[0], edit.edits[0]
        if isinstance(so_far, QuestionEdit) and isinstance(now, QuestionEdit):
            edit = Batch((replace(now, before=so_far.before),))
        return self.push(action, edit)

    def back(self) -> None:
        """Take the last step off."""
        self.undone.append(self.done.pop())

    def forth(self) -> None:
        """Put the step that was undone last back."""
        self.done.append(self.undone.pop())
