"""Accuracy of masks from simulated clicks and boxes, object by object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import pi, sqrt
from types import MappingProxyType
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from napari_sam.core.progress import Progress
from napari_sam.evaluation.simulated_clicks import (
    Attempt,
    box_around,
    iter_clicks,
    try_prompts,
)
from napari_sam.image import PromptableImage

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from napari_sam.core.mask import Mask
    from napari_sam.core.protocols import Backend
    from napari_sam.datasets.ground_truth.protocol import GroundTruth
    from napari_sam.datasets.labelled_images import LabelledImage

__all__ = ["EvaluationStep", "Result", "iter_evaluate", "size_of"]

#: Objects of fewer pixels are not evaluated.
MIN_AREA = 30
#: Sizes of objects by the diameter of the disc of their area, in pixels, up to.
SIZES: Mapping[str, float] = MappingProxyType(
    {"small": 16.0, "medium": 48.0, "large": float("inf")}
)


@dataclass(frozen=True, slots=True)
class Result:
    """IoUs of the masks that one model predicted of one object.

    A prompt that the model refused counts as an empty mask, IoU 0.

    Attributes
    ----------
    model
        Its name in the report.
    kind, name, object_id, area
        Which object: folder, image, label, pixels.
    clicks
        IoU after 1, 2, ... clicks, of the mask that the model ranks first.
    box
        IoU from a tight box.
    candidates
        IoU of each candidate of the first click, as the model ranks them.
    click_scores, box_score, candidate_scores
        The predicted IoUs (scores) of these masks.
    refusal
        Why the model refused a prompt; empty if it did not.
    """

    model: str
    kind: str
    name: str
    object_id: int
    area: int
    clicks: tuple[float, ...]
    box: float
    candidates: tuple[float, ...]
    click_scores: tuple[float, ...]
    box_score: float
    candidate_scores: tuple[float, ...]
    refusal: str = ""

    @property
    def click(self) -> float:
        """IoU after one click."""
        return self.clicks[0]

    @property
    def best(self) -> float:
        """IoU of the best candidate of one click."""
        return max(self.candidates, default=0.0)

    @property
    def diameter(self) -> float:
        """Diameter of the disc of its area, in pixels."""
        return sqrt(4 * self.area / pi)

    @property
    def size(self) -> str:
        """Size of the object: small, medium or large."""
        return size_of(self.area)

    def needed(self, goal: float) -> int | None:
        """Return the first number of clicks that reaches an IoU of `goal`, if any."""
        reached = (n for n, value in enumerate(self.clicks, 1) if value >= goal)
        return next(reached, None)


@dataclass(frozen=True, slots=True)
class EvaluationStep(Progress):
    """Progress of an evaluation, with the results of one image."""

    results: tuple[Result, ...] = ()


def size_of(area: int) -> str:
    """Return the name of the size of an object of so many pixels."""
    diameter = sqrt(4 * area / pi)
    return next(name for name, most in SIZES.items() if diameter < most)


def iter_evaluate(
    models: Backend | Mapping[str, Backend],
    images: Sequence[LabelledImage],
    *,
    objects: int = 12,
    seed: int = 0,
) -> Generator[EvaluationStep, None, list[Result]]:
    """Evaluate up to `objects` random objects of every image; one step per image.

    Parameters
    ----------
    models
        One, or several by the names that they have in the report. All are evaluated on
        the same objects.
    images
        Images with ground truth.
    objects
        At most this many of each image. Which ones depends on the image's name and
        `seed` alone, not on the other images.
    seed
        Chooses the objects.

    Yields
    ------
    EvaluationStep
        With the results of one image. Closing the generator stops between two.
    """
    named = models if isinstance(models, Mapping) else {"model": models}
    results: list[Result] = []
    for done, labelled in enumerate(images, start=1):
        found = tuple(_evaluate_image(named, labelled, objects, seed))
        results += found
        yield EvaluationStep(done, len(images), labelled.name, found)
    return results


def sampled_objects(
    truth: GroundTruth, name: str, objects: int, seed: int
) -> list[int]:
    """Return a random sample of the objects of at least `MIN_AREA` pixels."""
    rng = np.random.default_rng([seed, crc32(name.encode())])
    large = truth.ids[truth.areas >= MIN_AREA]
    return [int(k) for k in rng.permutation(large)[:objects]]


def promptable(labelled: LabelledImage, model: Backend) -> PromptableImage:
    """Return an image that a model can be prompted on, with default settings."""
    return PromptableImage(labelled.frames, model)


def _evaluate_image(
    models: Mapping[str, Backend], labelled: LabelledImage, objects: int, seed: int
) -> list[Result]:
    truth = labelled.truth
    images = {name: promptable(labelled, model) for name, model in models.items()}
    found = []
    for object_id in sampled_objects(
        truth, f"{labelled.kind}/{labelled.name}", objects, seed
    ):
        mask = truth.mask(object_id)
        for name, image in images.items():
            found.append(_evaluate_object(name, image, labelled, object_id, mask))
    return found


def _evaluate_object(
    model: str,
    image: PromptableImage,
    labelled: LabelledImage,
    object_id: int,
    truth: Mask,
) -> Result:
    """Segment one object from each kind of prompt, and return the IoUs."""
    attempts = tuple(iter_clicks(image.segment, truth))
    box = try_prompts(image.segment, box_around(truth), truth)
    prediction = attempts[0].prediction
    candidates = () if prediction is None else prediction.candidates
    return Result(
        model,
        labelled.kind,
        labelled.name,
        object_id,
        truth.area,
        clicks=tuple(t.iou for t in attempts),
        box=box.iou,
        candidates=tuple(truth.iou(c.to_mask()) for c in candidates),
        click_scores=tuple(_score(t) for t in attempts),
        box_score=_score(box),
        candidate_scores=tuple(c.score for c in candidates),
        refusal=next((t.refusal for t in (*attempts, box) if t.refusal), ""),
    )


def _score(attempt: Attempt) -> float:
    return 0.0 if attempt.prediction is None else attempt.prediction.score
