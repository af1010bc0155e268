"""An image of a labelled data set, open as a session, and written back into it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.image import PromptableImage
from napari_sam.labelling import EditedLabels
from napari_sam.session.actions import Classify, ReopenObject, SetInfo

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam.annotator.review_queue import ReviewQueue
    from napari_sam.labelling import LabelledDataset, ReviewItem
    from napari_sam.session import AnnotationSession


class DatasetSession:
    """Takes an image of the data set of a review into a session, and back.

    Parameters
    ----------
    queue
        The review; the data set is touched by its thread alone.
    """

    def __init__(self, queue: ReviewQueue) -> None:
        self._queue = queue
        self._session: AnnotationSession | None = None
        self._edited: EditedLabels | None = None

    @property
    def is_open(self) -> bool:
        """Whether an image of the data set is open as a session."""
        return self._session is not None

    @property
    def has_changes(self) -> bool:
        """Whether there is something in the session that is not in the data set."""
        return self._session is not None and self._session.unsaved

    def read(
        self, item: ReviewItem, then: Callable[[EditedLabels, bool], object]
    ) -> None:
        """Read the labels of the image of an object, on the thread of the data set.

        Parameters
        ----------
        item
            The object.
        then
            Called with its image, labels and classes, and with whether the session
            that is open shows these labels; on the face's own thread. It opens the
            image with them, and calls `begin`.
        """
        session, before = self._session, self._edited

        def read(dataset: LabelledDataset) -> tuple[EditedLabels, bool]:
            edited = EditedLabels(dataset, item.image)
            if session is None or before is None or before.image != edited.image:
                return edited, False
            labels = np.asarray(session.labels)
            return edited, np.array_equal(labels, edited.labels)

        self._queue.ask(read, lambda found: then(*found))

    def begin(self, session: AnnotationSession, edited: EditedLabels) -> None:
        """Go on in a session that was opened with the labels, and give it the classes.

        What a person decided is a person's class there too; others lean. In the session
        of before, only what is otherwise by now is changed.
        """
        goes_on, self._edited = session is self._session, edited
        if not goes_on:
            self._session = session
            session.mark_saved()
        self.look(lambda: _classify(session, edited, changed_only=goes_on))

    def look(self, call: Callable[[], object]) -> None:
        """Call what looks at the session, and does not change the data set.

        An object that was opened to be corrected, and was not, is closed before.
        """
        session = self._session
        if session is None or session.unsaved:
            call()
            return
        last = session.history.last
        if last is not None and isinstance(last.action, ReopenObject):
            session.undo()
        call()
        session.mark_saved()

    def take_over(self, then: Callable[[int], object] = lambda _: None) -> None:
        """Write what changed into the data set, where each change can be undone.

        Parameters
        ----------
        then
            Called with the number of changes.
        """
        session, edited = self._session, self._edited
        if session is None or edited is None:
            return

        def taken(dataset: LabelledDataset) -> tuple[int, int]:
            position = session.history.position
            image = session.image
            if isinstance(image, PromptableImage):
                dataset.describer.use(image.backend)
            classes = {i: info.category for i, info in dict(session.objects).items()}
            labels = np.array(session.labels)
            return edited.take_over(dataset, labels, classes), position

        def done(result: tuple[int, int]) -> None:
            count, position = result
            is_whole = count > 0 or not session.open_prompts
            if position == session.history.position and is_whole:
                session.mark_saved()
            then(count)

        self._queue.ask(taken, done)

    def end(self) -> None:
        """End the session of an image of the data set."""
        self._session = self._edited = None


def _classify(
    session: AnnotationSession, edited: EditedLabels, *, changed_only: bool
) -> None:
    """Give the objects of a session the classes of a data set, as one step."""
    leaning: list[tuple[int, str, float]] = []
    sure: list[tuple[int, str]] = []
    for i, name in edited.classes.items():
        known = session.objects.get(i)
        if not name or known is None or (changed_only and known.category == name):
            continue
        if edited.scores[i] >= 1:
            sure.append((i, name))
        else:
            leaning.append((i, name, round(edited.scores[i], 4)))
    group = session.history.new_group()
    if leaning:
        session.execute(Classify(tuple(leaning)), group=group)
    for i, name in sure:
        info = replace(session.objects[i], category=name)
        session.execute(SetInfo(i, info), group=group)
