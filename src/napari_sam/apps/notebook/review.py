"""The review of a labelled data set in a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.annotator.review_improvement import ReviewImprovement
from napari_sam.annotator.review_queue import SIDE, ReviewQueue
from napari_sam.annotator.thread_executor import ThreadExecutor
from napari_sam.apps.notebook.annotation import OneModel, shared_pool
from napari_sam.apps.notebook.cell_thread import CellThread
from napari_sam.apps.notebook.correction import Correction
from napari_sam.apps.notebook.displays import Displays
from napari_sam.apps.notebook.widget import AnnotationWidget
from napari_sam.core.errors import NapariSamError, SessionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari_sam.annotator.review_queue import ShownObject
    from napari_sam.core.json_values import JsonDict, JsonObject
    from napari_sam.core.mask import Mask
    from napari_sam.core.protocols import Backend
    from napari_sam.labelling import ReviewItem


class NotebookReview:
    """A labelled data set that is reviewed in a notebook; displayed as a widget.

    Parameters
    ----------
    path
        The folder, as `label` or ``napari-sam label`` made it.
    model
        What predicts masks of objects that are corrected: a name, or a backend that
        is open already.

    Attributes
    ----------
    queue
        The objects, the most uncertain first, and what can be answered.
    improvement
        The model that learns from it.
    widget
        The widget.
    """

    def __init__(self, path: str | Path, *, model: str | Backend = "pocket") -> None:
        self.path = Path(path)
        self._pool = shared_pool() if isinstance(model, str) else OneModel(model)
        self._model = model if isinstance(model, str) else type(model).__name__
        self._cells, self._displays = CellThread(), Displays()
        self._executor = ThreadExecutor(self._cells)
        # A training ends in its own time: the data set must not wait for it.
        self._trainer = ThreadExecutor(self._cells)
        self._correction: Correction | None = None
        self._told: dict[str, int] = {}
        self.queue = ReviewQueue(self._executor)
        self.queue.changed.connect(self._tell_page)
        self.queue.message.connect(self._say)
        self.improvement = ReviewImprovement(self.queue, self._trainer)
        self.improvement.changed.connect(self._tell_improvement)
        self.widget = AnnotationWidget(self.receive, face="review")
        self._displays.add(self.widget)
        self.queue.open(self.path)

    def __repr__(self) -> str:
        return f"NotebookReview({str(self.path)!r}: {self.queue.page.text})"

    def wait(self, timeout: float | None = 60) -> NotebookReview:
        """Wait until every decision is on the disk.

        Raises
        ------
        SessionError
            If that takes longer than `timeout` seconds.
        """
        if not self._cells.wait_until(self._is_idle, timeout):
            raise SessionError(f"Still at work after {timeout} seconds.")
        return self

    def save(self) -> None:
        """Write the classes of all objects into the tables, and wait for it."""
        self.queue.save()
        self.wait()

    def close(self) -> None:
        """Write the tables, and leave the data set."""
        self._end_correction()
        self.queue.close()
        self.wait()
        self._executor.close()
        self._trainer.close()
        self.widget.close()

    def receive(self, message: JsonObject) -> None:
        """Take what a browser sent, on whatever thread it arrives."""
        if message.get("kind") == "annotation":
            correction = self._correction
            if correction is not None and isinstance(message.get("message"), dict):
                correction.receive(message["message"])
            return
        self._cells.deliver(lambda: self._handle(message))

    def _display_(self) -> AnnotationWidget:
        """Return what marimo displays."""
        return self.widget

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, object], object]:
        bundle, metadata = self.widget._repr_mimebundle_() or ({}, {})
        return bundle, metadata

    def _is_idle(self) -> bool:
        correction = self._correction
        if correction is not None and not correction.is_idle:
            return False
        ended = not self._executor.is_working and not self.queue.is_busy
        return self._cells.run_waiting() == 0 and ended

    def _handle(self, message: JsonObject) -> None:
        """Do what a browser asks for; nothing that it sends can raise."""
        kind = message.get("kind")
        try:
            self._kinds[str(kind)](message)
        except NapariSamError as wrong:
            self._say("error", str(wrong))
        except (LookupError, TypeError, ValueError, AttributeError) as wrong:
            self._say("error", f"The widget sent {kind!r}, which is none: {wrong!r}.")
        if isinstance(message.get("n"), int):
            done: JsonDict = {"kind": "done", "n": message["n"]}
            self._displays.send(done | {"who": message.get("who")})

    @property
    def _kinds(self) -> Mapping[str, Callable[[JsonObject], object]]:
        return {
            "hello": lambda _: self._tell_all(),
            "answer": self._answer,
            "class": self._give,
            "show": lambda m: self.queue.show(
                *(m[of] and str(m[of]) for of in ("category", "image"))
            ),
            "correction": self._end_as,
            "improve": lambda _: self.improvement.run_or_stop(),
        }

    def _give(self, message: JsonObject) -> None:
        if self._free():
            self.queue.set_class(str(message["category"]))

    def _answer(self, message: JsonObject) -> None:
        doing: Mapping[str, Callable[[], object]] = {
            "accept": self.queue.accept,
            "reject": self.queue.reject,
            "skip": self.queue.skip,
            "undo": self.queue.undo,
            "correct": lambda: self.queue.look_up(self._correct),
        }
        does = doing[message["action"]]
        if self._free():
            does()

    def _free(self) -> bool:
        """Tell whether no object is being corrected, to which an answer would be."""
        return self._correction is None

    def _correct(self, item: ReviewItem, mask: Mask, axes: str | None) -> None:
        """Open the image of an object, to take prompts for another mask."""
        self._end_correction()
        try:
            self._correction = Correction(
                item,
                mask,
                axes,
                pool=self._pool,
                model=self._model,
                tell=self._displays.send,
                done=self._on_corrected,
            )
        except (NapariSamError, OSError) as wrong:
            self._say("error", str(wrong))
            return
        self._tell_correcting()

    def _on_corrected(self, mask: Mask) -> None:
        self._end_correction()
        self.queue.correct(mask)

    def _end_as(self, message: JsonObject) -> None:
        if message["action"] == "back":
            self._end_correction()
        elif self._correction is not None:
            self._correction.use()

    def _end_correction(self) -> None:
        correction, self._correction = self._correction, None
        if correction is not None:
            correction.close()
            self._tell_correcting()

    def _tell_correcting(self) -> None:
        current = self.queue.current
        words = "" if current is None else current.item.image.name
        self._displays.send(
            {
                "kind": "correcting",
                "on": self._correction is not None,
                "words": f"Click on the object in {words}; K takes the new mask.",
            }
        )

    def _tell_all(self) -> None:
        self._told.clear()
        self._tell_page()
        self._tell_improvement()
        if self._correction is not None:
            self._tell_correcting()

    def _tell_improvement(self) -> None:
        on, words = self.improvement.is_running, self.improvement.words
        self._displays.send({"kind": "improving", "on": on, "words": words})

    def _tell_page(self) -> None:
        page = self.queue.page
        now = {_key(one): hash(one.picture.tobytes()) for one in page.objects}
        fresh = [o for o in page.objects if self._told.get(_key(o)) != now[_key(o)]]
        self._told |= now
        message: JsonDict = {
            "kind": "page",
            "text": page.text,
            "open": page.counts is not None,
            "classes": list(page.classes),
            "images": list(page.images),
            "only": [page.category, page.image],
            "side": SIDE,
            "fresh": [_key(one) for one in fresh],
            "objects": [
                {
                    "key": _key(one),
                    "words": str(one.item),
                    "category": one.item.category,
                }
                for one in page.objects
            ],
        }
        self._displays.send(message, [one.picture.tobytes() for one in fresh])

    def _say(self, level: str, text: str) -> None:
        self._displays.send({"kind": "say", "level": level, "text": text})


def _key(one: ShownObject) -> str:
    stem, number = one.item.key
    return f"{number}/{stem}"
