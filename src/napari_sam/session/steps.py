"""State that changes in steps, each of which can be undone, and says so."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError
from napari_sam.session import actions
from napari_sam.session.edits import ObjectEdit, QuestionEdit, parts
from napari_sam.session.history import History
from napari_sam.session.patch import LabelPatch
from napari_sam.session.state import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.prediction import Prediction
    from napari_sam.session.actions import Action, Step
    from napari_sam.session.edits import Batch
    from napari_sam.session.values import ObjectInfo


class Steps:
    """Labels and questions, the current one among them, and every step so far.

    Parameters
    ----------
    frames
        The image, for the shape of its planes and how they lie.
    labels
        Objects that are there already; by default, none.

    Attributes
    ----------
    start
        The labels at the beginning, packed.
    questions_changed
        Emitted with the addresses whose open question is another now.
    labels_changed
        Emitted with the patches that were written.
    objects_changed
        Emitted with the numbers of objects that came, went or are described anew.
    preview_changed
        Emitted with the preview, or None.
    selection_changed
        Emitted with the current address.
    stepped
        Emitted with ``"do"``, ``"amend"``, ``"undo"`` or ``"redo"``, and the step,
        after everything else.
    """

    questions_changed = Signal(tuple)
    labels_changed = Signal(tuple)
    objects_changed = Signal(tuple)
    preview_changed = Signal(object)
    selection_changed = Signal(Address)
    stepped = Signal(str, object)

    def __init__(self, frames: Frames, labels: Any = None) -> None:
        given = labels is not None
        self.state = State.over(frames, labels) if given else State.empty(frames)
        self.start = self.state.packed()
        self.history = History()
        self._current = Address(0, self.state.free_id())
        self._preview: Prediction | None = None
        self._saved = self.history.position
        self._untold: list[tuple[str, Step]] = []

    @property
    def labels(self) -> Any:
        """Numbers of objects, ``(*frames.sizes, *frames.plane_shape)``; 0 is none."""
        return self.state.labels

    @property
    def objects(self) -> Mapping[int, ObjectInfo]:
        """Every object, by its number; read-only."""
        return MappingProxyType(self.state.objects)

    @property
    def preview(self) -> Prediction | None:
        """The answer to the current question, if it is still true of it."""
        return self._preview

    @property
    def current(self) -> Address:
        """The object and plane that prompts go to."""
        return self._current

    @current.setter
    def current(self, at: Address) -> None:
        count = len(self.state.frames)
        if at.frame >= count:
            raise SessionError(
                f"frame {at.frame} of an image with {count}, counted from 0."
            )
        if at != self._current:
            self._current = at
            self._set_preview(None)
            self.selection_changed.emit(at)

    @property
    def unsaved(self) -> bool:
        """Whether anything changed since `mark_saved`, or since the beginning."""
        return self.history.position != self._saved

    def mark_saved(self) -> None:
        """Say that all there is was written somewhere."""
        self._saved = self.history.position

    def undo(self) -> bool:
        """Take back the last step. False if there is none."""
        step = self.history.last
        if step is None:
            return False
        inverse = step.edit.inverse()
        actions.run(parts(inverse), self.state)
        self.history.back()
        self._tell("undo", step, inverse)
        return True

    def redo(self) -> bool:
        """Repeat the last step taken back. False if there is none."""
        step = self.history.next
        if step is None:
            return False
        actions.run(parts(step.edit), self.state)
        self.history.forth()
        self._tell("redo", step, step.edit)
        return True

    def do(
        self, action: Action, answers: Mapping[Address, Prediction] | None = None
    ) -> None:
        """Take a step. All of it is done, or none.

        Parameters
        ----------
        action
            One of `napari_sam.session.actions`.
        answers
            The masks of a `Commit`.

        Raises
        ------
        SessionError
            If it cannot be done; nothing has changed then.
        """
        self._remember(action, actions.perform(action, self.state, answers))

    def _remember(self, action: Action, edit: Batch) -> None:
        if edit.edits:
            self._tell("do", self.history.push(action, edit), edit)

    def _tell(self, how: str, step: Step, edit: Batch) -> None:
        """Let everyone know, after all of it is done.

        `stepped` comes in the order of the steps, also if somebody who listens takes a
        step of their own, and comes if somebody fails: a journal must miss none.
        """
        self._untold.append((how, step))
        try:
            self._tell_changes(how, edit)
        finally:
            while self._untold:
                self.stepped.emit(*self._untold.pop(0))

    def _tell_changes(self, how: str, edit: Batch) -> None:
        changes = list(parts(edit))
        asked = [
            part.at
            for part in changes
            if isinstance(part, QuestionEdit) and part.where == "asked"
        ]
        if self._current in asked:
            self._set_preview(None)
        if how in ("undo", "redo") and asked:
            self.current = asked[0]
        patches = tuple(part for part in changes if isinstance(part, LabelPatch))
        objects = [part.object_id for part in changes if isinstance(part, ObjectEdit)]
        if patches:
            self.labels_changed.emit(patches)
        if objects:
            self.objects_changed.emit(tuple(dict.fromkeys(objects)))
        if asked:
            self.questions_changed.emit(tuple(dict.fromkeys(asked)))

    def _set_preview(self, preview: Prediction | None) -> None:
        if preview is not self._preview:
            self._preview = preview
            self.preview_changed.emit(preview)
