"""The annotator: prompts, previews, commits and models of an image, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.annotator.batch import BatchProcessing
from napari_sam.annotator.candidates import CandidateMasks
from napari_sam.annotator.classes import Classes
from napari_sam.annotator.commits import Commits
from napari_sam.annotator.cutting_out import CuttingOut
from napari_sam.annotator.everything import Everything
from napari_sam.annotator.folder_labelling import LABELLING, FolderLabelling
from napari_sam.annotator.found_planes import FoundPlanes
from napari_sam.annotator.hover import Hover
from napari_sam.annotator.improvement import IMPROVING, ModelImprovement
from napari_sam.annotator.measurements import Measurements
from napari_sam.annotator.models import LOADING, ModelPool, Models
from napari_sam.annotator.object_editing import ObjectEditing
from napari_sam.annotator.object_navigation import ObjectNavigation
from napari_sam.annotator.persistence import Persistence
from napari_sam.annotator.preview import Preview
from napari_sam.annotator.tracking.dividing import Dividing
from napari_sam.annotator.tracking.frame_review import Review
from napari_sam.annotator.tracking.propagation import Propagation
from napari_sam.annotator.tracking.timeline import Timeline
from napari_sam.annotator.tracking.track_editing import TrackEditing
from napari_sam.annotator.tracking.track_files import TrackFiles
from napari_sam.annotator.word_finder import WordFinder
from napari_sam.annotator.workspace import Workspace
from napari_sam.session.actions import Paint, SetPrompts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.annotator.events import AnnotatorEvents
    from napari_sam.annotator.open_image import OpenImage
    from napari_sam.annotator.recovery import Restored
    from napari_sam.annotator.view import AnnotationView, ViewFactory
    from napari_sam.annotator.view_executor import ViewExecutor
    from napari_sam.core.address import Address
    from napari_sam.core.progress import Progress
    from napari_sam.core.protocols import EmbeddingStore
    from napari_sam.session import AnnotationSession
    from napari_sam.session.history import Step


class Annotator:
    """An annotator: all that a person can do to an image, in whatever view.

    Its methods are called on the view's own thread, and none of them takes long; what
    comes of it is told by `events`.

    Parameters
    ----------
    executor
        Who does what is slow.
    views
        Makes the view of an image.
    pool
        Opens models; by default, a pool of its own.
    store
        Where embeddings are kept. By default, in memory, for each image.

    Attributes
    ----------
    events
        Signals.
    preview, candidates, commits, hover
        The mask of the current prompts, and what becomes of it.
    objects, editing, classes
        The current object, changes of those that are in the labels, and their classes.
    propagation, tracks, track_files, review
        Objects propagated to other frames; their tracks, and files of them; the review
        of propagated frames.
    models, improvement
        The model, and what it learns from corrections.
    folder
        Folders that are labelled.
    batch, everything, words
        Many prompts at once; all objects, without prompts; what words are about.
    measurements, cutting_out, persistence
        The table of objects; their pictures; journals.
    """

    events: AnnotatorEvents
    hover: Hover
    preview: Preview
    candidates: CandidateMasks
    commits: Commits
    objects: ObjectNavigation
    editing: ObjectEditing
    classes: Classes
    propagation: Propagation
    review: Review

    def __init__(
        self,
        executor: ViewExecutor,
        views: ViewFactory,
        *,
        pool: ModelPool | None = None,
        store: EmbeddingStore | None = None,
    ) -> None:
        workspace = self._workspace = Workspace(executor)
        self.events = workspace.events
        self._views = views
        self._object_id = 1
        self.hover = Hover(workspace)
        self.preview = Preview(workspace, self.hover)
        self.candidates = CandidateMasks(workspace)
        self.commits = Commits(workspace, self.preview)
        self.objects = ObjectNavigation(workspace, self.commits, self.preview)
        self.editing = ObjectEditing(workspace, self.commits, self.objects)
        self.classes = Classes(workspace)
        self.batch = BatchProcessing(workspace, self.commits)
        found = FoundPlanes()
        self.everything = Everything(workspace, found)
        self.words = WordFinder(workspace, found)
        self.propagation = Propagation(workspace)
        self.tracks = TrackEditing(workspace, self.objects)
        self.track_files = TrackFiles(workspace)
        dividing = Dividing(workspace, self.propagation)
        self.review = Review(workspace, self.objects, dividing)
        self.measurements = Measurements(workspace)
        self.cutting_out = CuttingOut(workspace)
        self.persistence = Persistence(workspace, replaced=_replace_session)
        self.models = Models(
            workspace, pool or ModelPool(), store=store, ready=self.preview.refresh
        )
        self.improvement = ModelImprovement(
            workspace.tasks,
            workspace.events,
            lambda: (workspace.require_model(), self.models.source),
        )
        self.folder = FolderLabelling(workspace, self.models, self.words.models)

    @property
    def image(self) -> OpenImage | None:
        """The image that is open."""
        return self._workspace.image

    @property
    def session(self) -> AnnotationSession | None:
        """The session of the image that is open."""
        return self._workspace.session

    @property
    def view(self) -> AnnotationView | None:
        """The view of the image that is open."""
        return self._workspace.view

    @property
    def timeline(self) -> Timeline | None:
        """What is known of objects through time; None without a movie or a stack."""
        return self._workspace.timeline

    @property
    def has_model(self) -> bool:
        """Whether a model is there to predict masks of this image."""
        return self._workspace.has_model

    @property
    def running(self) -> Mapping[str, Progress | None]:
        """Long work that goes on, by its name, and how far it is."""
        return self._workspace.tasks.running

    def open(self, image: OpenImage, *, prepare: bool = False) -> None:
        """Work on an image; emits `events.image_opened`.

        Parameters
        ----------
        image
            With its session, which may be shown elsewhere as well.
        prepare
            Make it ready for the model anew, as after other channels were chosen.
        """
        self.leave()
        self._enter(image)
        if prepare or not image.has_model:
            self.models.prepare_image()
        else:
            self.preview.refresh()

    def leave(self) -> None:
        """Disconnect from the image that is open; nothing of it is lost."""
        image, session = self._workspace.image, self._workspace.session
        if image is None or session is None:
            return
        self._workspace.tasks.cancel_all(besides=(LOADING, IMPROVING, LABELLING))
        image.annotators.remove(self)
        self.hover.forget()
        self.everything.discard()
        self.propagation.forget()
        self.review.forget()
        self._workspace.timeline = None
        self.measurements.discard()
        self.preview.awaited.clear()
        session.prompts_changed.disconnect(self.preview.prompts_changed)
        session.selection_changed.disconnect(self._on_selection)
        session.preview_changed.disconnect(self.events.candidates_changed.emit)
        session.changed.disconnect(self._on_changed)
        session.objects_changed.disconnect(self.events.objects_changed.emit)
        self._views.hide(image)
        if not image.annotators and not image.is_aside:
            image.close_journal()
        self._workspace.image = self._workspace.view = None

    def close(self) -> None:
        """Leave for good; the journal of the session stays."""
        self.leave()
        self.events.image_opened.emit(None)

    def undo(self) -> None:
        """Take back the last step."""
        with self.events.reporting():
            self.propagation.stop(keep=False)
            if not self._workspace.require_session().undo():
                self.events.message.emit("info", "There is nothing to undo.")

    def redo(self) -> None:
        """Repeat the step taken back last."""
        with self.events.reporting():
            if not self._workspace.require_session().redo():
                self.events.message.emit("info", "There is nothing to redo.")

    def cancel(self) -> None:
        """Stop long work that goes on; what is done of it stays."""
        for name in self._workspace.tasks.cancel_all():
            self.events.message.emit("info", f"Stopped {name}.")

    def _enter(self, image: OpenImage) -> None:
        """Show a session, and listen to it."""
        session = image.session
        self._workspace.image = image
        image.annotators.append(self)
        self._object_id = session.current.object_id
        self.objects.forget_selected()
        if {"t", "z"}.intersection(session.frames.sizes):
            self._workspace.timeline = Timeline(session)
        self._workspace.view = self._views.show(image)
        self._workspace.view.positive = self.preview.positive
        session.prompts_changed.connect(self.preview.prompts_changed)
        session.selection_changed.connect(self._on_selection)
        session.preview_changed.connect(self.events.candidates_changed.emit)
        session.changed.connect(self._on_changed)
        session.objects_changed.connect(self.events.objects_changed.emit)
        if image.journal is None:
            self.persistence.start_journal(image)
        self.events.image_opened.emit(session)
        self.events.candidates_changed.emit(session.preview)

    def _on_selection(self, at: Address) -> None:
        if at.object_id != self._object_id:
            self._object_id = at.object_id
            self.objects.forget_selected()
            if not self.preview.positive:
                self.preview.positive = True
        self.preview.refresh()
        self.events.selection_changed.emit()

    def _on_changed(self, how: str, step: Step) -> None:
        by_hand = isinstance(step.action, Paint | SetPrompts)
        if not by_hand or (how != "execute" and isinstance(step.action, SetPrompts)):
            self.objects.move_on()
        timeline = self._workspace.timeline
        if timeline is not None:
            timeline.on_step(step)
            self.events.tracks_changed.emit()
        self.events.stepped.emit()
        if timeline is not None:
            self.propagation.on_step(how, step)
        self.persistence.report_troubles()


def _replace_session(image: OpenImage, restored: Restored) -> None:
    """Show another session of an image in all its views, and write its journal."""
    session, before = restored
    frame, annotators = session.current.frame, list(image.annotators)
    for annotator in annotators:
        annotator.leave()
    # They are of the session before, which may be restored in its turn.
    image.earlier_journals.clear()
    image.session = session
    first, *_ = annotators
    first.persistence.replace_journal(image, before)
    for annotator in annotators:
        annotator._enter(image)
    for annotator in annotators:
        assert annotator.view is not None
        annotator.view.show_frame(frame)
        annotator.preview.refresh()
    first.events.message.emit("info", f"Restored {len(session.objects)} objects.")
