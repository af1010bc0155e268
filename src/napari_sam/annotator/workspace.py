"""The workspace of an annotator: the image, view and executor that its parts share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.annotator.events import AnnotatorEvents
from napari_sam.annotator.tasks import Tasks
from napari_sam.core.errors import SessionError

if TYPE_CHECKING:
    from napari_sam.annotator.open_image import OpenImage
    from napari_sam.annotator.tracking.timeline import Timeline
    from napari_sam.annotator.view import AnnotationView
    from napari_sam.annotator.view_executor import ViewExecutor
    from napari_sam.session import AnnotationSession


class Workspace:
    """The image that is annotated, the view that shows it, and who does slow work.

    Attributes
    ----------
    executor, events, tasks
        Threads, signals, and the long work that goes on.
    image, view
        The image that is open and its view, or None.
    timeline
        What is known of its objects through time; None without a movie or a stack.
    positive
        Whether a plain click is a positive prompt; `Preview.positive` sets it.
    """

    def __init__(self, executor: ViewExecutor) -> None:
        self.executor = executor
        self.events = AnnotatorEvents()
        self.tasks = Tasks(executor, self.events)
        self.image: OpenImage | None = None
        self.view: AnnotationView | None = None
        self.timeline: Timeline | None = None
        self.positive = True

    @property
    def session(self) -> AnnotationSession | None:
        """The session of the image that is open."""
        return None if self.image is None else self.image.session

    @property
    def has_model(self) -> bool:
        """Whether a model is there to predict masks of this image."""
        return self.image is not None and self.image.has_model

    def require_session(self) -> AnnotationSession:
        """Return the session, or raise an error that says what to do first."""
        if self.image is None:
            raise SessionError("Open an image first.")
        return self.image.session

    def require_model(self) -> AnnotationSession:
        """Return the session, or raise an error if no model is there yet."""
        session = self.require_session()
        if not self.has_model:
            raise SessionError("The model is still being loaded.")
        return session
