"""Requests for masks that are answered on any thread, and their responses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam.core.errors import PromptError
from napari_sam.image.segment_objects import segment_objects

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari_sam.core.address import Address
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.protocols import Promptable


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """A request for the masks of prompts: it holds all that is needed.

    Attributes
    ----------
    image
        The image, with its model.
    prompts
        The prompts of each object.
    new_close_ups
        Whether small objects may wait for their close-ups to be encoded.
    early
        Called, on the thread that predicts, with masks that are there before those
        that the response will have; often not at all.
    """

    image: Promptable
    prompts: Mapping[Address, Prompts]
    new_close_ups: bool = True
    early: Callable[[Response], object] | None = None

    def __post_init__(self) -> None:
        if not self.prompts or not all(self.prompts.values()):
            raise PromptError(
                "No prompt is on the object. Click on it, or draw a box, a line "
                "or an outline."
            )

    def __call__(self) -> Response:
        """Predict the masks. Slow where the image is not embedded yet.

        Masks are computed at their full size here, so that whoever shows them need not.
        """
        predictions = segment_objects(
            self.image,
            self.prompts,
            new_close_ups=self.new_close_ups,
            early=None if self.early is None else self._respond_early,
        )
        for prediction in predictions.values():
            for candidate in prediction.candidates:
                _ = candidate.area
        return Response(self, predictions)

    def _respond_early(self, predictions: Mapping[Address, Prediction]) -> None:
        assert self.early is not None
        for prediction in predictions.values():
            _ = prediction.area
        self.early(Response(self, predictions))


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """Predicted masks, and the request that they belong to."""

    request: Request
    predictions: Mapping[Address, Prediction]
