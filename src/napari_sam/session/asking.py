"""Questions that can be answered on any thread, and their answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam.core.errors import PromptError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.core.address import Address
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.protocols import Promptable
    from napari_sam.session.values import Question


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What is to be answered: it holds all that is needed.

    Attributes
    ----------
    image
        Who is asked.
    questions
        What is asked, about each object.
    """

    image: Promptable
    questions: Mapping[Address, Question]

    def __post_init__(self) -> None:
        if not self.questions or not all(self.questions.values()):
            raise PromptError(
                "Nothing says where the object is. Click on it, or draw a box, a line "
                "or an outline."
            )

    def __call__(self) -> Response:
        """Answer it. Slow where the image was not looked at yet.

        Masks are drawn to their full size here, so that whoever shows them need not.
        """
        answers = answer(self.image, self.questions)
        for found in answers.values():
            for candidate in found.candidates:
                _ = candidate.area
        return Response(self, answers)


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """Answers, and the questions they belong to."""

    request: Request
    answers: Mapping[Address, Prediction]


def answer(
    image: Promptable, questions: Mapping[Address, Question]
) -> dict[Address, Prediction]:
    """Return the mask of each object; every plane is looked at once."""
    from napari_sam.image.segment_objects import segment_objects

    found = segment_objects(image, {at: q.prompts for at, q in questions.items()})
    return {at: found[at].with_threshold(q.threshold) for at, q in questions.items()}
