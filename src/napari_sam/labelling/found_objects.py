"""Objects that were found in an image, with classes: masks, rows and features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.automatic import AutomaticMasks, ObjectFeatures, number_masks
from napari_sam.automatic.object_features import describe_objects, shape_of
from napari_sam.jobs.segment_jobs import MaskResult
from napari_sam.labelling.class_examples import UNWANTED
from napari_sam.labelling.object_rows import ObjectRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_sam.automatic import SimilarSettings, TextSettings
    from napari_sam.automatic.concepts import ConceptMasks, Words
    from napari_sam.automatic.similar import Candidates, Examples
    from napari_sam.core.address import Address
    from napari_sam.image import PromptableImage
    from napari_sam.labelling.class_examples import ClassExamples


class FoundObjects(NamedTuple):
    """Objects of an image, numbered.

    Attributes
    ----------
    masks
        In the order in which they are painted.
    rows
        What is known of each, by its number.
    features
        What each looks like, in the order of the rows.
    """

    masks: dict[Address, MaskResult]
    rows: list[ObjectRow]
    features: ObjectFeatures


@dataclass(frozen=True)
class ClassedPlane:
    """The objects of one plane that stay, and what was said of each.

    Attributes
    ----------
    found, features
        Masks, and what they look like.
    classes, scores, sources
        The class of each, how probable it is, and where the object came from.
    """

    found: AutomaticMasks
    features: ObjectFeatures
    classes: tuple[str, ...]
    scores: NDArray[np.float64]
    sources: tuple[str, ...]


def classed_objects(
    planes: Mapping[int, Candidates],
    examples: ClassExamples | None,
    own: Mapping[int, tuple[Candidates, Sequence[str]]],
    similar: SimilarSettings,
    *,
    source: str,
) -> FoundObjects:
    """Return the objects that are like examples, with the class they are most like.

    Parameters
    ----------
    planes
        All objects of each plane, described.
    examples
        Examples of classes; without them, all objects stay and have no class.
    own
        Examples that are of this image, and their classes, by their plane: they stay
        with their own outlines.
    similar
        How similar to any example an object must be.
    source
        How objects were found.
    """
    model = _Model(examples, similar, source)
    return numbered_objects(
        {
            frame: model.on_plane(found, own.get(frame))
            for frame, found in planes.items()
        }
    )


def worded_plane(
    image: PromptableImage,
    frame: int,
    plane: ConceptMasks,
    words: Words,
    settings: TextSettings,
) -> ClassedPlane:
    """Return the objects of a plane that words are about, each with its word as class.

    Parameters
    ----------
    image
        The image, with the model that describes objects.
    frame
        The plane.
    plane
        Everything in it that words may be about.
    words
        The words.
    settings
        How sure the model of words must be.
    """
    found, names = plane.chosen(words, settings)
    features = describe_objects(image, frame, [one.mask for one in found.masks])
    return ClassedPlane(found, features, names, found.scores, ("words",) * len(names))


class _Model:
    """Decides which objects stay, and of which class each is."""

    def __init__(
        self, examples: ClassExamples | None, similar: SimilarSettings, source: str
    ) -> None:
        self._examples, self._similar, self._source = examples, similar, source
        self._near: Examples | None = None if examples is None else examples.similar
        self._classifier = None if examples is None else examples.classifier

    def on_plane(
        self, found: Candidates, own: tuple[Candidates, Sequence[str]] | None
    ) -> ClassedPlane:
        given: Sequence[str] = ()
        if own is not None:
            found, given = found.with_examples(own[0]), own[1]
        features = _with_shapes(found)
        classes, scores = self._classes(features)
        stay = self._stay(found, classes)
        count = len(found.found) - len(given)
        classes[count:], scores[count:] = list(given), 1.0
        stay[count:] = True
        sources = [self._source] * count + ["example"] * len(given)
        chosen = np.flatnonzero(stay)
        return ClassedPlane(
            found.found.chosen(chosen),
            features.chosen(chosen),
            tuple(classes[i] for i in chosen),
            scores[chosen],
            tuple(sources[i] for i in chosen),
        )

    def _classes(
        self, features: ObjectFeatures
    ) -> tuple[list[str], NDArray[np.float64]]:
        if self._examples is None:
            return [""] * len(features), np.ones(len(features))
        if self._classifier is None:
            (only,) = self._examples.classes
            return [only] * len(features), self._similarities(features)
        pairs = self._classifier.classify(features)
        scores = np.array([score for _, score in pairs], np.float64)
        return [name for name, _ in pairs], scores

    def _similarities(self, features: ObjectFeatures) -> NDArray[np.float64]:
        assert self._near is not None  # there are examples
        return self._near.similarities(features.looks, self._similar)

    def _stay(self, found: Candidates, classes: Sequence[str]) -> NDArray[np.bool_]:
        if self._near is None:
            return np.ones(len(found.found), bool)
        near = self._near.similarities(found.descriptors, self._similar)
        wanted = np.array([name != UNWANTED for name in classes], bool)
        return np.asarray((near >= self._similar.similarity) & wanted, bool)


def _with_shapes(found: Candidates) -> ObjectFeatures:
    shapes = [shape_of(one.mask.array) for one in found.found.masks]
    rows = np.array(shapes, np.float32).reshape(-1, 4)
    return ObjectFeatures(found.descriptors, rows)


def numbered_objects(planes: Mapping[int, ClassedPlane]) -> FoundObjects:
    """Give the objects of all planes numbers, in the order of the planes.

    Parameters
    ----------
    planes
        The objects of each plane.
    """
    masks: dict[Address, MaskResult] = {}
    rows: list[ObjectRow] = []
    parts: list[ObjectFeatures] = []
    for frame, classed in planes.items():
        places = {id(one): i for i, one in enumerate(classed.found.masks)}
        numbered = number_masks(classed.found, frame=frame, first=len(rows) + 1)
        for at, one in numbered.items():
            masks[at] = MaskResult(at, one.mask, one.score, complete=True)
        order = [places[id(one)] for _, one in sorted(numbered.items())]
        rows += [
            _row(classed, i, at.object_id, frame)
            for i, at in zip(order, sorted(numbered), strict=True)
        ]
        parts.append(classed.features.chosen(order))
    return FoundObjects(masks, rows, ObjectFeatures.joined(parts))


def _row(classed: ClassedPlane, i: int, number: int, frame: int) -> ObjectRow:
    one, region = classed.found.masks[i], classed.found.masks[i].mask.region
    name, sure = classed.classes[i], float(classed.scores[i])
    source = classed.sources[i]
    return ObjectRow(
        object=number,
        frame=frame,
        category=name,
        class_score=sure,
        score=float(one.stability if source == "words" else one.score),
        source=source,
        status="accepted" if source == "example" else "found",
        area=one.mask.area,
        top=region.top,
        left=region.left,
        bottom=region.bottom,
        right=region.right,
        found_class=name,
        found_score=sure,
    )
