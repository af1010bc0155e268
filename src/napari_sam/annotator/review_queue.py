"""The review of a labelled data set without a window: one object after another."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from psygnal import Signal

from napari_sam.core.errors import NapariSamError, SessionError
from napari_sam.core.progress import Progress
from napari_sam.labelling import LabelledDataset

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from napari_sam.annotator.view_executor import ViewExecutor
    from napari_sam.core.mask import Mask
    from napari_sam.labelling import ReviewItem

logger = logging.getLogger(__name__)

_Result = TypeVar("_Result")
#: Objects that are shown at once.
_SHOWN = 24
#: Rows and columns of their pictures.
SIDE = 96


class ShownObject(NamedTuple):
    """An object of the queue with its picture.

    Attributes
    ----------
    item
        What is thought of it.
    picture
        ``(side, side, 3)`` uint8, with its outline.
    """

    item: ReviewItem
    picture: NDArray[np.uint8]


@dataclass(frozen=True)
class ReviewPage:
    """A page of the review as a view shows it: objects to decide about, and counts.

    Attributes
    ----------
    objects
        The most uncertain ones, the first of which is the current one.
    counts
        How many were found, accepted, rejected and corrected.
    classes
        Names of the classes.
    images
        Names of the images.
    category, image
        The class and the image whose objects alone are shown; None for all.
    """

    objects: tuple[ShownObject, ...] = ()
    counts: Mapping[str, int] | None = None
    classes: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    category: str | None = None
    image: str | None = None

    @property
    def text(self) -> str:
        """The counts, for a person."""
        if self.counts is None:
            return "No data set is open."
        done = sum(self.counts.values()) - self.counts["found"]
        listed = ", ".join(f"{n} {name}" for name, n in self.counts.items() if n)
        return f"{done} of {sum(self.counts.values())} reviewed: {listed}."


class ReviewQueue:
    """Goes through the objects of a data set, most uncertain first.

    Its methods are called on the face's own thread. The data set is touched by one
    other thread alone, one decision after another, so that none is lost.

    Parameters
    ----------
    executor
        Who does slow work.

    Attributes
    ----------
    page
        What is shown.
    category, image
        Only objects of this class, and on this image, are shown; None for all.
    changed
        Emitted when another page is shown.
    message
        ``"info"`` or ``"error"``, and a sentence for the person.
    """

    changed = Signal()
    message = Signal(str, str)

    def __init__(self, executor: ViewExecutor) -> None:
        self._executor = executor
        self._dataset: LabelledDataset | None = None
        self._waiting: deque[Callable[[], object]] = deque()
        self._is_busy = False
        self._passed: set[tuple[str, int]] = set()
        self.page = ReviewPage()
        self.category: str | None = None
        self.image: str | None = None

    @property
    def is_busy(self) -> bool:
        """Whether decisions are still being written to the disk."""
        return self._is_busy or bool(self._waiting)

    @property
    def current(self) -> ShownObject | None:
        """The object that is decided about next."""
        return self.page.objects[0] if self.page.objects else None

    def open(self, path: Path) -> None:
        """Open a data set; what was decided in another one is saved."""
        self.close()

        def opened() -> None:
            self._dataset = LabelledDataset(path)

        self._passed.clear()
        self.category = self.image = None
        self._do(opened)

    def show(self, category: str | None = None, image: str | None = None) -> None:
        """Show the objects of one class, of one image, or both; None for all."""
        self.category, self.image = category, image
        self._do(lambda: None)

    def accept(self) -> None:
        """Accept the current object, with its class."""
        self._decide(lambda dataset, item: dataset.accept(item))

    def reject(self) -> None:
        """Reject the current object."""
        self._decide(lambda dataset, item: dataset.reject(item))

    def set_class(self, category: str) -> None:
        """Accept the current object, and set its class."""
        name = category.strip()
        if name:
            self._decide(lambda dataset, item: dataset.set_class(item, name))

    def correct(self, mask: Mask) -> None:
        """Give the current object other pixels; other objects keep theirs."""
        self._decide(lambda dataset, item: dataset.correct(item, mask))

    def look_up(self, then: Callable[[ReviewItem, Mask, str | None], object]) -> None:
        """Read the pixels of the current object, which may be in a large file.

        Parameters
        ----------
        then
            Called on the face's thread, with the object, its pixels, and the axes of
            its image, if it does not name them.
        """
        current = self.current
        if current is None:
            self.message.emit("info", "There is nothing left to review.")
            return

        def read() -> None:
            dataset = self._require()
            found = current.item, dataset.mask(current.item), dataset.axes
            self._executor.tell(lambda: then(*found))

        self._do(read)

    def skip(self) -> None:
        """Go on to the next object, and leave this one for later."""
        current = self.current
        if current is not None:
            self._passed.add(current.item.key)
            self._show_without(current)
            self._do(lambda: None)

    def undo(self) -> None:
        """Take the last decision back; its object is the current one again."""

        def undone() -> None:
            item = self._require().undo()
            if item is None:
                raise SessionError("There is nothing to undo.")
            self._passed.discard(item.key)

        self._do(undone)

    def save(self) -> None:
        """Write the classes of all objects into the tables."""
        self._do(lambda: self._require().save())

    def ask(
        self,
        call: Callable[[LabelledDataset], _Result],
        then: Callable[[_Result], object],
    ) -> None:
        """Queue a call with the data set, after those that wait already.

        Parameters
        ----------
        call
            Called on the thread of the data set.
        then
            Called with what it returns, on the face's own thread.
        """

        def asked() -> None:
            result = call(self._require())
            self._executor.tell(lambda: then(result))

        self._do(asked)

    def close(self) -> None:
        """Write the classes of all objects into the tables, and leave the data set."""
        if self._dataset is not None or self._waiting or self._is_busy:
            self._do(self._leave)

    def finish(self) -> None:
        """Finish waiting work and close the data set; no callback is called any more.

        To be called once the executor works no longer.
        """
        for call in (*self._waiting, self._leave):
            try:
                call()
            except (NapariSamError, OSError):
                logger.exception("A decision could not be written.")
        self._waiting.clear()

    def _leave(self) -> None:
        dataset, self._dataset = self._dataset, None
        if dataset is not None:
            dataset.save()

    def _decide(self, how: Callable[[LabelledDataset, ReviewItem], object]) -> None:
        current = self.current
        if current is None:
            self.message.emit("info", "There is nothing left to review.")
            return
        self._show_without(current)
        self._do(lambda: how(self._require(), current.item))

    def _show_without(self, gone: ShownObject) -> None:
        """Show the next object at once; what is learnt meanwhile comes after."""
        left = tuple(one for one in self.page.objects if one is not gone)
        self.page = replace(self.page, objects=left)
        self.changed.emit()

    def _require(self) -> LabelledDataset:
        if self._dataset is None:
            raise SessionError("Open a data set first.")
        return self._dataset

    def _do(self, call: Callable[[], object]) -> None:
        """Have something done after all that waits already."""
        self._waiting.append(call)
        if not self._is_busy:
            self._start()

    def _start(self) -> None:
        self._is_busy = True
        self._executor.iterate(
            self._steps(), lambda _: None, self._on_done, self._on_failed
        )

    def _steps(self) -> Generator[Progress, None, tuple[ReviewPage, str]]:
        """Do one thing; what is wrong with it is told beside the page after it."""
        yield Progress(0, 2, "reviewing")
        wrong = ""
        try:
            # Taken here: what was not begun still waits.
            self._waiting.popleft()()
        except (NapariSamError, OSError) as error:
            wrong = str(error) or type(error).__name__
        yield Progress(1, 2, "reviewing")
        return self._page(), wrong

    def _page(self) -> ReviewPage:
        dataset = self._dataset
        if dataset is None:
            return ReviewPage()
        classes, only = dataset.classes, (self.category, self.image)
        if only[0] not in classes:
            only = None, only[1]  # no object is of that class by now
        queue = dataset.most_uncertain(category=only[0], image=only[1])
        later = [item for item in queue if item.key in self._passed]
        first = [item for item in queue if item.key not in self._passed]
        shown = tuple(
            ShownObject(item, dataset.picture(item, side=SIDE))
            for item in [*first, *later][:_SHOWN]
        )
        names = tuple(image.name for image in dataset.images)
        return ReviewPage(shown, dataset.counts, classes, names, *only)

    def _on_done(self, result: tuple[ReviewPage, str]) -> None:
        page, wrong = result
        if wrong:
            self.message.emit("error", wrong)
        self._is_busy = False
        if self._waiting:
            self._start()
            return
        self.page = page
        self.changed.emit()

    def _on_failed(self, error: Exception) -> None:
        self.message.emit("error", str(error) or type(error).__name__)
        self._is_busy = False
        if self._waiting:
            self._start()
