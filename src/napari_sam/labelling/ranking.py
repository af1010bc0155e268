"""Classes and uncertainties of objects that wait for review, learnt from the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.automatic import ObjectClassifier, ObjectFeatures
from napari_sam.labelling.class_examples import UNWANTED
from napari_sam.labelling.decided_rows import DRAWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_sam.labelling.class_examples import ClassExamples
    from napari_sam.labelling.object_rows import ObjectRow

#: Where a class came from that words said: it is a guess of its own.
WORDS = "words"


@dataclass(frozen=True, eq=False)
class Ranking:
    """A ranking of objects: the class of each, and how uncertain that is.

    Attributes
    ----------
    rows
        All objects, with the classes they have now.
    wrong
        How probable it is that each would be rejected, from 0 to 1.
    """

    rows: list[ObjectRow]
    wrong: NDArray[np.float64]

    @cached_property
    def uncertainties(self) -> NDArray[np.float64]:
        """Uncertainty of each object, 0 to 1: the probability that any of it is wrong.

        That is the product of the probability of its class, the score of its mask and
        the probability that it would not be rejected. What was reviewed has 0.
        """
        sure = [row.class_score * min(max(row.score, 0.0), 1.0) for row in self.rows]
        open_ = np.array([row.status == "found" for row in self.rows], bool)
        uncertainties = 1 - np.array(sure, np.float64) * (1 - self.wrong)
        return np.where(open_, np.clip(uncertainties, 0, 1), 0.0)


def as_found(rows: Sequence[ObjectRow]) -> Ranking:
    """Return the ranking before anything was decided, with classes as found."""
    again = [
        replace(row, category=row.found_class, class_score=row.found_score)
        if row.status == "found"
        else row
        for row in rows
    ]
    return Ranking(again, np.zeros(len(again)))


def ranked(
    rows: Sequence[ObjectRow],
    features: ObjectFeatures,
    examples: ClassExamples | None,
) -> Ranking:
    """Return the classes of what is left, after some objects were reviewed.

    A classifier learns from the examples and from what was accepted, corrected or given
    a class; what was rejected is one more class.

    Parameters
    ----------
    rows
        All objects.
    features
        What each looks like, in the order of the rows.
    examples
        The examples that the data set began with.
    """
    found = as_found(rows)
    classifier = _fitted(rows, features, examples)
    left = [i for i, row in enumerate(rows) if row.status == "found"]
    if classifier is None or not left:
        return found
    chances = classifier.probabilities(features.chosen(left))
    again, wrong = list(found.rows), np.zeros(len(rows))
    for i, chance in zip(left, chances, strict=True):
        again[i], wrong[i] = _judged(again[i], chance, classifier.classes)
    return Ranking(again, wrong)


def _fitted(
    rows: Sequence[ObjectRow], features: ObjectFeatures, examples: ClassExamples | None
) -> ObjectClassifier | None:
    """Fit to what is known; None if that is of one kind."""
    known = [
        i
        for i, row in enumerate(rows)
        if row.status != "found"
        and row.source != "example"
        and not (row.source == DRAWN and row.status == "rejected")
    ]
    names = [UNWANTED if rows[i].status == "rejected" else rows[i].category
             for i in known]  # fmt: skip
    parts = [features.chosen(known)]
    if examples is not None:
        parts.insert(0, examples.objects)
        names = [*examples.names, *names]
    if len(set(names)) < 2:
        return None
    return ObjectClassifier.fit(ObjectFeatures.joined(parts), names, among=features)


def _judged(
    row: ObjectRow, chance: NDArray[np.float64], classes: Sequence[str]
) -> tuple[ObjectRow, float]:
    """Return a row with the class it has now, and how probably it is wrong."""
    chances = dict(zip(classes, map(float, chance), strict=True))
    wrong = chances.pop(UNWANTED, 0.0)
    said_by_words = row.source.startswith(WORDS) and row.found_class not in chances
    if not chances or said_by_words:
        return row, wrong
    if row.source.startswith(WORDS):
        chances[row.found_class] *= 1 + row.found_score
    name = max(chances, key=lambda one: chances[one])
    share = chances[name] / max(sum(chances.values()), 1e-12)
    return replace(row, category=name, class_score=share), wrong
