"""Signals of an annotator: what has changed, for whichever view shows it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_sam.core.errors import NapariSamError

if TYPE_CHECKING:
    from collections.abc import Iterator


class AnnotatorEvents:
    """Signals of an `Annotator`.

    Attributes
    ----------
    image_opened
        The session of the image that is open now, or None.
    busy
        Name of the work that goes on, and its `Progress` or None; ``""`` for none.
    message
        ``"info"``, ``"warning"`` or ``"error"``, and a sentence for the person.
    candidates_changed
        The preview, or None: there are other candidates.
    automatic_changed
        Other automatic masks are shown, or none: see `Everything`.
    measurements_changed
        Objects were measured, or their measurements are out of date: see
        `Measurements`.
    measured_object_changed
        Number of the object that is looked at in tables and plots, or None.
    words_changed
        Another model of words is used: see `WordModels`.
    folder_labelled
        Path of the data set that a folder became: see `FolderLabelling`.
    model_changed
        Another model is being loaded, or the one being loaded is ready.
    polarity_changed
        Whether a plain click is a positive prompt now.
    hover_changed
        Whether the mask under the cursor is shown.
    overlap_found
        Numbers of objects under the preview, and the share of its area on each:
        `Commits.commit` was called while `Commits.overlap` is ``"ask"``. Call
        ``commit(overlap="keep")`` or ``commit(overlap="overwrite")`` to go on.
    journals_found
        Journals of earlier work on this image, for `Persistence.restore`.
    stepped
        The session took a step, or it was taken back or repeated.
    objects_changed
        Numbers of objects that came, went, or changed, as `Document` says them.
    tracks_changed
        It is known otherwise where objects are, who divides, or what is reviewed.
    selection_changed
        Another object is the current one, or the one that is looked at.
    journal_trouble
        Why work cannot be written to its journal; ``""`` when it can be again.
    image_lost
        A sentence: the image was removed, or replaced by one of another shape. The
        session goes on without it.
    next_image_wanted
        The person asked for the next image of the folder.
    """

    image_opened = Signal(object)
    busy = Signal(str, object)
    message = Signal(str, str)
    candidates_changed = Signal(object)
    automatic_changed = Signal()
    measurements_changed = Signal()
    measured_object_changed = Signal(object)
    words_changed = Signal()
    folder_labelled = Signal(object)
    model_changed = Signal()
    polarity_changed = Signal(bool)
    hover_changed = Signal(bool)
    overlap_found = Signal(dict)
    journals_found = Signal(tuple)
    stepped = Signal()
    objects_changed = Signal(tuple)
    tracks_changed = Signal()
    selection_changed = Signal()
    journal_trouble = Signal(str)
    image_lost = Signal(str)
    next_image_wanted = Signal()

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Turn an error of ours into a message: it is no reason for a traceback."""
        try:
            yield
        except NapariSamError as error:
            self.message.emit("error", str(error))

    def report(self, error: Exception) -> None:
        """Report an error of another thread to the view."""
        if isinstance(error, NapariSamError | OSError | MemoryError):
            self.message.emit("error", str(error) or type(error).__name__)
        else:
            self.message.emit("error", f"{type(error).__name__}: {error}")
