"""Propagation of objects to other frames, beside the view, and stored at once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

from napari_sam.annotator.tracking.propagation_run import PropagationRun
from napari_sam.annotator.tracking.session_tracks import decided
from napari_sam.core.address import Address
from napari_sam.core.errors import PromptError, SessionError
from napari_sam.core.progress import Progress
from napari_sam.image import PromptableImage
from napari_sam.session.actions import Commit, MarkAbsent
from napari_sam.session.labels.patch import LabelPatch
from napari_sam.session.time_axis import time_axis, time_of
from napari_sam.tracking import PropagateSettings

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from napari_sam.annotator.workspace import Workspace
    from napari_sam.session import AnnotationSession
    from napari_sam.session.adding_masks import MaskRequest, PreparedMasks
    from napari_sam.session.history import Step
    from napari_sam.session.requests import Request, Response

PROPAGATING = "propagating"
#: Where to: to all frames, or from the frame in view to the last or to the first.
Direction: TypeAlias = Literal["both", "forward", "backward"]


class Propagation:
    """Propagates objects to other frames, from their prompted and approved masks.

    Frames that were prompted, drawn or approved, or on which an object is absent, are
    never changed. A run is one step of undo; one that is stopped keeps what is done.

    Parameters
    ----------
    workspace
        The image, and who does slow work.

    Attributes
    ----------
    settings
        How objects are propagated.
    propagates_corrections
        Whether a correction is propagated to its neighbours as it is committed.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._run: PropagationRun | None = None
        self._corrected: set[Address] = set()
        self.settings = PropagateSettings()
        self.propagates_corrections = True

    @property
    def is_running(self) -> bool:
        """Whether objects are being propagated."""
        return self._run is not None

    @property
    def corrected(self) -> list[Address]:
        """Frames that were corrected, and whose neighbours do not know it yet."""
        session = self._workspace.session
        if session is None:
            return []
        return sorted(filter(session.state.is_decided, self._corrected))

    def propagate(
        self,
        objects: Sequence[int] | None = None,
        *,
        direction: Direction = "both",
        frames: tuple[int, int] | None = None,
    ) -> None:
        """Propagate objects to the frames on which they are not prompted or approved.

        Open prompts are committed before; those without a positive one say that the
        object is not there.

        Parameters
        ----------
        objects
            Their numbers; by default all that are not approved.
        direction
            From the frame in view forward or backward only.
        frames
            First and last position along time or depth, both included.
        """
        with self._workspace.events.reporting():
            session = self._workspace.require_model()
            ids = self._chosen(session, objects)
            limits = _limits(session, direction, frames)
            _note_absent(session, ids)
            ats = [at for at in session.open_prompts if at.object_id in ids]
            start = partial(self._start_all, ids, limits)
            if not ats:
                start()
                return
            answers = _iter_answer(session.request(*ats))

            def on_answer(response: Response) -> None:
                with self._workspace.events.reporting():
                    session.commit(response)
                    start()

            self._workspace.tasks.run(PROPAGATING, answers, on_answer)

    def propagate_corrections(self) -> None:
        """Propagate corrected frames up to the next prompted or approved ones."""
        with self._workspace.events.reporting():
            ats = self.corrected
            if not ats:
                raise SessionError(
                    "No frame was corrected since objects were propagated."
                )
            self._start(ats, None)

    def stop(self, *, keep: bool = True) -> None:
        """Stop propagating; frames that are done stay."""
        if self._run is not None and not keep:
            self._run.forget()
        self._workspace.tasks.cancel(PROPAGATING)

    def forget(self) -> None:
        """Drop the list of corrected frames: another image is open."""
        self._corrected.clear()

    def on_step(self, how: str, step: Step) -> None:
        """Note frames that a step of a person has corrected."""
        session = self._workspace.session
        if session is None or how != "execute" or step.action.keeps_tracks:
            return
        new = set(_corrections(session, step))
        self._corrected |= new
        by_prompts = isinstance(step.action, Commit)
        if new and by_prompts and self.propagates_corrections and not self.is_running:
            self.propagate_corrections()

    def _chosen(
        self, session: AnnotationSession, objects: Sequence[int] | None
    ) -> set[int]:
        known = {*session.objects, *(at.object_id for at in session.open_prompts)}
        free = known - set(session.state.objects.approved)
        return free if objects is None else free.intersection(objects)

    def _start_all(self, ids: Iterable[int], limits: tuple[int, int] | None) -> None:
        """Begin from all frames on which somebody has said where the objects are."""
        session = self._workspace.require_model()
        ats = [at for i in sorted(ids) for at in decided(session, i)]
        if not any(at in session.state.footprints for at in ats):
            raise SessionError(
                "There is nothing to propagate: commit an object on a frame first. "
                "Approved objects stay as they are."
            )
        self._start(ats, limits)

    def _start(self, ats: Sequence[Address], limits: tuple[int, int] | None) -> None:
        session = self._workspace.require_model()
        image = session.image
        if not isinstance(image, PromptableImage):
            raise SessionError("There is no image in which to propagate objects.")
        self._corrected.difference_update(ats)
        run = PropagationRun(session, ats)
        steps = run.steps(image, limits, self.settings)
        self._workspace.tasks.run(
            PROPAGATING,
            steps,
            lambda _: self._on_done(run),
            partial(self._on_failed, run),
            progress=lambda _: self._store(run),
            cancelled=lambda: self._on_done(run),
        )
        if not run.is_over:
            self._run = run

    def _store(self, run: PropagationRun) -> None:
        """Put what has come into the labels; what changes is computed aside."""
        request = run.request()
        if request is None:
            if run.is_over and not run.is_storing:
                self._report(run)
            return
        self._workspace.executor.iterate(
            _iter_prepared(request),
            lambda _: None,
            partial(self._on_prepared, run),
            partial(self._on_failed, run),
        )

    def _on_prepared(self, run: PropagationRun, prepared: PreparedMasks) -> None:
        with self._workspace.events.reporting():
            run.add(prepared)
        self._store(run)

    def _on_done(self, run: PropagationRun) -> None:
        run.is_over = True
        if self._run is run:
            self._run = None
        self._store(run)

    def _on_failed(self, run: PropagationRun, error: Exception) -> None:
        self._workspace.events.report(error)
        run.is_over = True
        if self._run is run:
            self._run = None

    def _report(self, run: PropagationRun) -> None:
        if run.reported:
            return
        run.reported = True
        self._workspace.events.message.emit("info", run.summary())
        self._workspace.events.tracks_changed.emit()
        if self.corrected and self.propagates_corrections and not self.is_running:
            self.propagate_corrections()


def _limits(
    session: AnnotationSession, direction: Direction, frames: tuple[int, int] | None
) -> tuple[int, int]:
    """Return the first and the last position that are filled."""
    count = session.frames.sizes[time_axis(session.frames)]
    here = time_of(session.frames, session.current.frame)
    first, last = frames or (0, count - 1)
    if direction == "forward":
        first = max(first, here)
    if direction == "backward":
        last = min(last, here)
    if not 0 <= first <= last < count:
        raise PromptError(
            f"Frames {first} to {last} of {count}: expected the first and the last "
            "one, counted from 0."
        )
    return first, last


def _note_absent(session: AnnotationSession, ids: Iterable[int]) -> None:
    """Take prompts of which none is positive for the word that nothing is there."""
    for at, prompts in list(session.open_prompts.items()):
        if at.object_id in ids and not prompts:
            session.execute(MarkAbsent(at.object_id, (at.frame,)))


def _corrections(session: AnnotationSession, step: Step) -> Iterable[Address]:
    """Return the frames that a step drew on, of objects that were propagated."""
    state = session.state
    for part in step.edit.edits:
        if isinstance(part, LabelPatch):
            for object_id in {*part.after.values} - {0}:
                at = Address(part.frame, object_id)
                if state.tracked.of_object(object_id) and state.is_decided(at):
                    yield at


def _iter_answer(request: Request) -> Generator[Progress, None, Response]:
    """Have open prompts predicted, as one step."""
    yield Progress(0, 0, "finding the prompted objects")
    return request()


def _iter_prepared(request: MaskRequest) -> Generator[Progress, None, PreparedMasks]:
    """Compute what masks change, as one step."""
    yield Progress(0, 1, "storing frames")
    return request()
