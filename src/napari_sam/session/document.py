"""A document: labels and prompts that change in steps, each of which can be undone."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError
from napari_sam.core.prompts import Prompts
from napari_sam.session.actions import AddMasks, Paint, ReopenObject
from napari_sam.session.edits import (
    LineageEdit,
    ObjectEdit,
    PromptsEdit,
    TrackEdit,
    apply_all,
)
from napari_sam.session.history import History
from napari_sam.session.labels.patch import LabelPatch
from napari_sam.session.protection import keeping_tracks, sparing_approved
from napari_sam.session.session_state import SessionState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import ArrayLike

    from napari_sam.core.geometry.region import Region
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.prediction import Prediction
    from napari_sam.session.actions import Action
    from napari_sam.session.edits import CompoundEdit, Edit
    from napari_sam.session.history import Step
    from napari_sam.session.labels.arrays import LabelArray
    from napari_sam.session.object_table import ObjectInfo


class Document:
    """Labels, prompts and objects, the current address, and every step so far.

    Parameters
    ----------
    frames
        The image, for the shape of its planes and how they lie.
    labels
        Objects that are there already; by default, none.

    Attributes
    ----------
    state
        All that changes in steps.
    start
        The labels at the beginning, packed.
    history
        The steps.
    prompts_changed
        Emitted with the addresses whose open prompts are others now.
    labels_changed
        Emitted with the patches that were written, each of one frame.
    objects_changed
        Emitted with the numbers of objects that came, went, are described anew, or
        gained or lost pixels.
    tracks_changed
        Emitted when objects divide or merge, or when it is known otherwise where an
        object is on a frame.
    preview_changed
        Emitted with the preview, or None.
    selection_changed
        Emitted with the current address.
    changed
        Emitted with ``"execute"``, ``"coalesce"``, ``"undo"`` or ``"redo"``, and the
        step, after everything else.
    """

    prompts_changed = Signal(tuple)
    labels_changed = Signal(tuple)
    objects_changed = Signal(tuple)
    tracks_changed = Signal()
    preview_changed = Signal(object)
    selection_changed = Signal(Address)
    changed = Signal(str, object)

    def __init__(self, frames: Frames, labels: LabelArray | None = None) -> None:
        self.state = SessionState(frames, labels)
        self.start = self.state.labels.packed()
        self.history = History()
        self._current = Address(0, self.state.objects.free_id())
        self._preview: Prediction | None = None
        self._saved = self.history.position
        self._unannounced: list[tuple[str, Step]] = []

    @property
    def frames(self) -> Frames:
        """The image, as a stack of frames."""
        return self.state.frames

    @property
    def labels(self) -> LabelArray:
        """Numbers of objects, ``(*frames.sizes, *frames.plane_shape)``; 0 is none."""
        return self.state.labels.array

    @property
    def objects(self) -> Mapping[int, ObjectInfo]:
        """Every object, by its number; read-only."""
        return MappingProxyType(self.state.objects)

    @property
    def open_prompts(self) -> Mapping[Address, Prompts]:
        """Prompts whose masks are not in the labels yet; read-only."""
        return MappingProxyType(self.state.open_prompts)

    @property
    def committed_prompts(self) -> Mapping[Address, Prompts]:
        """Prompts whose masks are in the labels; read-only."""
        return MappingProxyType(self.state.committed_prompts)

    @property
    def current_prompts(self) -> Prompts:
        """The open prompts at the current address; empty if there are none."""
        return self.state.open_prompts.get(self._current, Prompts())

    @property
    def preview(self) -> Prediction | None:
        """The mask that the current prompts predict, if it is known."""
        return self._preview

    @property
    def current(self) -> Address:
        """The object and frame that prompts go to."""
        return self._current

    @current.setter
    def current(self, at: Address) -> None:
        count = len(self.state.labels)
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
        """Whether steps were taken since `mark_saved`, or since the beginning."""
        return self.history.position != self._saved

    def mark_saved(self) -> None:
        """Note that all there is was written to a file."""
        self._saved = self.history.position

    def undo(self) -> bool:
        """Take back the last step, with its group. False if there is none."""
        first = step = self.history.last
        while step is not None:
            inverse = step.edit.inverse()
            apply_all(inverse.edits, self.state)
            self.history.back()
            self._announce("undo", step, inverse)
            step = _same_group(step, self.history.last)
        return first is not None

    def redo(self) -> bool:
        """Repeat the last step taken back, with its group. False if there is none."""
        first = step = self.history.next
        while step is not None:
            apply_all(step.edit.edits, self.state)
            self.history.forth()
            self._announce("redo", step, step.edit)
            step = _same_group(step, self.history.next)
        return first is not None

    def execute(
        self,
        action: Action,
        predictions: Mapping[Address, Prediction] | None = None,
        *,
        group: int = 0,
        edits: Iterable[Edit] | None = None,
    ) -> None:
        """Take a step: all of it is done, or none.

        Parameters
        ----------
        action
            One of `napari_sam.session.actions`.
        predictions
            The masks of a `Commit`.
        group
            Steps of the same group that follow each other are undone together.
        edits
            What changes, where that is known already.

        Raises
        ------
        SessionError
            If it cannot be done; nothing has changed then.
        """
        if edits is None and predictions is None:
            edits = action.edits(self.state)
        elif edits is None:
            edits = action.edits_with(self.state, predictions or {})
        if action.spares_approved and self.state.objects.approved:
            edits = sparing_approved(edits, self.state)
        if self.state.tracked and not action.keeps_tracks:
            edits = keeping_tracks(edits, self.state)
        edit = apply_all(edits, self.state)
        if edit.edits:
            scores = {at: float(one.score) for at, one in (predictions or {}).items()}
            step = self.history.push(action, edit, group, scores)
            self._announce("execute", step, edit)

    def paint(
        self, frame: int, region: Region, before: ArrayLike, after: ArrayLike
    ) -> None:
        """Take over what a brush did to a region, drawn into the labels or not yet."""
        patch = LabelPatch.between(frame, region, before, after)
        if patch is not None:
            take_over(self, (patch,))

    def reopen(self, at: Address) -> None:
        """Go back to an object, with its prompts."""
        self.execute(ReopenObject(at))
        self.current = at

    def _announce(self, how: str, step: Step, edit: CompoundEdit) -> None:
        """Emit the signals of a step, after all of it is done.

        `changed` comes in the order of the steps, also if somebody who listens takes a
        step of their own, and comes if somebody fails: a journal must miss none.
        """
        self._unannounced.append((how, step))
        try:
            self._announce_parts(how, edit)
        finally:
            while self._unannounced:
                self.changed.emit(*self._unannounced.pop(0))

    def _announce_parts(self, how: str, edit: CompoundEdit) -> None:
        changes = edit.edits
        opened = [
            part.at
            for part in changes
            if isinstance(part, PromptsEdit) and part.where == "open"
        ]
        if self._current in opened:
            self._set_preview(None)
        if how in ("undo", "redo") and opened:
            self.current = opened[0]
        patches = tuple(part for part in changes if isinstance(part, LabelPatch))
        objects = {part.object_id for part in changes if isinstance(part, ObjectEdit)}
        objects.update(*(patch.objects for patch in patches))
        if patches:
            self.labels_changed.emit(patches)
        if objects:
            self.objects_changed.emit(tuple(sorted(objects)))
        if any(isinstance(part, TrackEdit | LineageEdit) for part in changes):
            self.tracks_changed.emit()
        if opened:
            self.prompts_changed.emit(tuple(dict.fromkeys(opened)))

    def _set_preview(self, preview: Prediction | None) -> None:
        if preview is not self._preview:
            self._preview = preview
            self.preview_changed.emit(preview)


def take_over(document: Document, patches: Sequence[LabelPatch]) -> None:
    """Take over strokes, drawn into the labels or not yet, as one step.

    Raises
    ------
    SessionError
        If they may not be drawn; the labels are then as they were before.
    """
    for patch in reversed(patches):
        document.state.labels.undraw(patch)
    if len(patches) == 1:
        document.execute(Paint(patches[0]))
    elif patches:
        gained = {i for patch in patches for i in patch.after.values}
        new = sorted(gained - {0, *document.objects})
        document.execute(AddMasks(tuple(patches), tuple(new)))


def _same_group(step: Step, other: Step | None) -> Step | None:
    """Return the other step if it is of the same group."""
    return other if other is not None and 0 < step.group == other.group else None
