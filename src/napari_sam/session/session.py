"""What an annotator can do to one image, without a window."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError
from napari_sam.core.progress import drain
from napari_sam.core.prompts import Candidate, Prompts
from napari_sam.session import actions
from napari_sam.session.asking import Request, Response
from napari_sam.session.edits import parts
from napari_sam.session.edits.labels import put
from napari_sam.session.patch import LabelPatch
from napari_sam.session.setup import Setup
from napari_sam.session.steps import Steps
from napari_sam.session.values import Question

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from napari_sam.core.geometry.region import Region
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.protocols import Promptable
    from napari_sam.session.values import Overlap


class AnnotationSession(Steps):
    """Prompts become a preview; a preview becomes labels; anything can be undone.

    State changes by `do`, `undo` and `redo` alone, on the thread that made the session;
    see `Steps` for what can be listened to. Slow work never touches it: a `Request` is
    answered anywhere, and its `Response` handed back.

    Parameters
    ----------
    image
        What is asked.
    labels
        Objects that are there already, ``(*frames.sizes, *frames.plane_shape)``; they
        are written to. By default, none, in a new array of uint32.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_sam import PromptableImage
    >>> from napari_sam.testing import ThresholdBackend
    >>> pixels = np.zeros((64, 64), np.uint8)
    >>> pixels[10:30, 20:40] = 200
    >>> session = AnnotationSession(PromptableImage(pixels, ThresholdBackend()))
    >>> session.add_point(15, 25)
    >>> session.commit()
    >>> int((session.labels == 1).sum())
    400
    >>> session.undo()
    True
    >>> int(session.labels.sum())
    0
    """

    def __init__(self, image: Promptable, *, labels: Any = None) -> None:
        super().__init__(image.frames, labels)
        self.setups: dict[str, Setup] = {}
        self._image = image

    def __repr__(self) -> str:
        count = len(self.state.objects)
        return f"AnnotationSession({self.frames!r}, {count} objects)"

    @property
    def image(self) -> Promptable:
        """Who answers; another one of the same pixels may take over at any time."""
        return self._image

    @image.setter
    def image(self, image: Promptable) -> None:
        now, then = image.frames, self.frames
        if (now.sizes, now.plane_shape) != (then.sizes, then.plane_shape):
            raise SessionError(
                f"The session is about {then!r}; {now!r} is another image. Make a new "
                "session for it."
            )
        self._image = image
        self._set_preview(None)

    @property
    def frames(self) -> Frames:
        """The pixels."""
        return self._image.frames

    @property
    def questions(self) -> Mapping[Address, Question]:
        """Every open question; read-only."""
        return MappingProxyType(self.state.asked)

    @property
    def prompts(self) -> Mapping[Address, Prompts]:
        """What was said in every open question."""
        return {at: question.prompts for at, question in self.state.asked.items()}

    @property
    def question(self) -> Question:
        """The open question at the current address; empty if there is none."""
        return self.state.asked.get(self._current, Question())

    def next_object(self) -> Address:
        """Go on to a new object, and return where that is."""
        self.current = Address(self._current.frame, self.state.free_id())
        return self._current

    def replace_prompts(self, said: Mapping[Address, Prompts]) -> None:
        """Replace what is said about objects, as one step; thresholds stay."""
        nothing = Question()
        self.ask(
            {
                at: Question(prompts, self.state.asked.get(at, nothing).threshold)
                for at, prompts in said.items()
            }
        )

    def set_prompts(self, prompts: Prompts, at: Address | None = None) -> None:
        """Replace what is said about one object."""
        self.replace_prompts({at or self._current: prompts})

    def add_point(self, row: float, col: float, *, positive: bool = True) -> None:
        """Click on the current object, or on what does not belong to it."""
        here = self.question.prompts
        self.set_prompts(here + Prompts.point(row, col, positive=positive))

    def add_box(self, top: float, left: float, bottom: float, right: float) -> None:
        """Draw a half-open box around the current object."""
        here = self.question.prompts
        self.set_prompts(here + Prompts.rectangle(top, left, bottom, right))

    def choose(self, index: int) -> None:
        """Mean another candidate: the `index`-th, best first."""
        said = list(self.question.prompts.items)
        while said and isinstance(said[-1], Candidate):
            said.pop()
        prompts = Prompts(tuple(said))
        self.set_prompts(prompts.choose(index) if index else prompts)

    def set_threshold(self, threshold: float) -> None:
        """Ask for more (lower) or less (higher) of the current object.

        Several in a row are one step.
        """
        asked, last = self.question, self.history.last
        if not asked.prompts.items or asked.threshold == threshold:
            return
        said = actions.Say(((self._current, Question(asked.prompts, threshold)),))
        if last is None or not last.slides(self._current):
            self.do(said)
        else:
            edit = actions.perform(said, self.state)
            self._tell("amend", self.history.amend(said, edit), edit)

    def ask(self, questions: Mapping[Address, Question]) -> None:
        """Put questions, as one step; nothing happens if they are put already."""
        now = self.state.asked
        said = tuple(
            (at, question)
            for at, question in questions.items()
            if question != now.get(at, Question())
            and (question.prompts.items or at in now)
        )
        if said:
            self.do(actions.Say(said))

    def request(self, *ats: Address) -> Request:
        """Freeze open questions: those given, or the current one.

        Raises
        ------
        PromptError
            If one of them does not say where its object is.
        """
        nothing = Question()
        wanted = ats or (self._current,)
        return Request(
            self._image, {a: self.state.asked.get(a, nothing) for a in wanted}
        )

    def accept(self, response: Response) -> bool:
        """Show an answer as the preview, unless the current question is another."""
        at = self._current
        if at not in self._still_true(response):
            return False
        self._set_preview(response.answers[at])
        return True

    def predict(self) -> Prediction:
        """Ask and wait: what scripts and tests use."""
        response = self.request()()
        self.accept(response)
        return response.answers[self._current]

    def overlapping(
        self, answer: Prediction | None = None, at: Address | None = None
    ) -> dict[int, float]:
        """Return which other objects a mask lies on, and with how much of its area.

        Parameters
        ----------
        answer
            A mask. By default, the preview.
        at
            Its object, and the plane it is in. By default, the current ones.
        """
        answer, at = answer or self._preview, at or self._current
        if answer is None or not answer.area:
            return {}
        under = self.state.read(at.frame, answer.region)[answer.mask]
        ids, counts = np.unique(under, return_counts=True)
        return {
            int(i): float(n) / answer.area
            for i, n in zip(ids, counts, strict=True)
            if i not in (0, at.object_id)
        }

    def commit(
        self, response: Response | None = None, *, overlap: Overlap = "keep"
    ) -> None:
        """Put masks into the labels, as one step.

        Parameters
        ----------
        response
            Answers, of which those are taken that hold a mask, and whose questions are
            still open as they were. By default, the answer to the current question,
            waited for if need be.
        overlap
            ``"keep"`` leaves the pixels of other objects alone; ``"overwrite"`` takes
            them, except those of approved objects.

        Raises
        ------
        SessionError
            If the mask of the current object is empty.
        PromptError
            If nothing says where the current object is.
        """
        if response is None:
            answers = {self._current: self._preview or self.predict()}
        else:
            current = self._still_true(response)
            answers = {at: found for at, found in current.items() if found.area}
        if answers:
            image = self._image if response is None else response.request.image
            setup = Setup.of(image)
            self.setups[setup.key] = setup
            self.do(actions.Commit(tuple(answers), overlap, setup.key), answers)

    def commit_asked(self, response: Response, *, overlap: Overlap = "keep") -> None:
        """Put questions that nobody put yet, and their answers, as one step.

        Answers without a mask are left out, and their questions with them.
        """
        answers = {at: found for at, found in response.answers.items() if found.area}
        asked = response.request.questions
        if answers:
            setup = Setup.of(response.request.image)
            self.setups[setup.key] = setup
            said = tuple((at, asked[at]) for at in answers)
            action = actions.Commit(tuple(answers), overlap, setup.key, said)
            self.do(action, answers)

    def keep(
        self, answers: Mapping[Address, Prediction], *, overlap: Overlap = "keep"
    ) -> None:
        """Put masks that nobody asked for one by one into the labels, as one step.

        Approved objects stay as they are.
        """
        placed: list[Address] = []
        approved = self.state.approved()
        free = {at: m for at, m in answers.items() if at.object_id not in approved}
        edit = actions.run(put(self.state, free, overlap, placed), self.state)
        patches = tuple(p for p in parts(edit) if isinstance(p, LabelPatch))
        ids = tuple(dict.fromkeys(at.object_id for at in placed))
        self._remember(actions.Keep(patches, ids), edit)

    def paint(
        self, frame: int, region: Region, before: ArrayLike, after: ArrayLike
    ) -> None:
        """Take over what a brush did to a region, drawn into the labels or not yet."""
        patch = LabelPatch.between(frame, region, before, after)
        if patch is not None:
            self.do(actions.Paint(patch))

    def reopen(self, at: Address) -> None:
        """Go back to an object, with what was said about it."""
        self.do(actions.Reopen(at))
        self.current = at

    def to_dict(self) -> dict[str, Any]:
        """Return what was done as plain JSON types: see `session.record`."""
        from napari_sam.session.record import Record

        return Record.of(self).to_dict()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], image: Promptable) -> AnnotationSession:
        """Do again what `to_dict` says, asking this image.

        Raises
        ------
        SessionError
            If it is another image, or was looked at by another model.
        """
        from napari_sam.session.record import Record, only, replay

        return drain(replay(Record.from_dict(data), only(image)))

    def _still_true(self, response: Response) -> dict[Address, Prediction]:
        """Answers whose questions are still asked, and of the image as it is."""
        asked = response.request.questions
        if response.request.image is not self._image:
            return {}
        return {
            at: answer
            for at, answer in response.answers.items()
            if self.state.asked.get(at) == asked[at]
        }
