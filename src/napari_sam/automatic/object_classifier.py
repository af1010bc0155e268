"""A classifier of objects that is fitted to a few of them in milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

from napari_sam.core.errors import PromptError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_sam.automatic.object_features import ObjectFeatures

#: How much size, light, shape and the model's features count, and the penalty on
#: weights: `benchmarks/classify.py` tries others.
_WEIGHTS = (1.0, 1.0, 1.0, 2.0)
_PENALTY = 0.1
#: How much less the constant is penalised than weights of features.
_CONSTANT = 0.3
#: A standardised feature is cut here: one strange object must not decide alone.
_FURTHEST = 4.0


@dataclass(frozen=True, eq=False)
class Standardisation:
    """How features are made comparable: mean and spread of each over many objects.

    Attributes
    ----------
    centres, spreads
        A row of float32 for each of `ObjectFeatures.blocks`.
    weights
        How much each block counts.
    """

    centres: tuple[NDArray[np.float32], ...]
    spreads: tuple[NDArray[np.float32], ...]
    weights: tuple[float, ...] = _WEIGHTS

    @classmethod
    def of(
        cls, objects: ObjectFeatures, weights: tuple[float, ...] = _WEIGHTS
    ) -> Standardisation:
        """Take mean and spread of objects; the more, the better."""
        blocks = objects.blocks
        centres = tuple(block.mean(0) for block in blocks)
        return cls(centres, tuple(b.std(0) + np.float32(1e-3) for b in blocks), weights)

    def table(self, objects: ObjectFeatures) -> NDArray[np.float64]:
        """Return features as one table ``(n, k)``, and a column of ones at its end.

        Of the model's features, only the direction counts.
        """
        made = [
            weight * np.clip((block - centre) / spread, -_FURTHEST, _FURTHEST)
            for block, centre, spread, weight in zip(
                objects.blocks, self.centres, self.spreads, self.weights, strict=True
            )
        ]
        *measured, features = made
        sides = [block / np.sqrt(max(block.shape[1], 1)) for block in measured]
        sides.append(_directions(features) * self.weights[-1])
        return np.concatenate([*sides, np.ones((len(objects), 1))], 1)


@dataclass(frozen=True, eq=False)
class ObjectClassifier:
    """Tells classes of objects apart: a logistic regression with a penalty.

    Classes count alike, however many examples each has.

    Attributes
    ----------
    classes
        Their names, sorted.
    weights
        ``(k, len(classes))`` float64: of each feature for each class.
    standardisation
        How features are made comparable.
    """

    classes: tuple[str, ...]
    weights: NDArray[np.float64]
    standardisation: Standardisation

    @classmethod
    def fit(
        cls,
        objects: ObjectFeatures,
        names: Sequence[str],
        *,
        among: ObjectFeatures | None = None,
        penalty: float = _PENALTY,
        blocks: tuple[float, ...] = _WEIGHTS,
    ) -> ObjectClassifier:
        """Fit to objects whose classes are known.

        Parameters
        ----------
        objects
            The examples.
        names
            The class of each.
        among
            All objects of the images, named or not: features are compared relative to
            these. By default, the examples.
        penalty
            How much large weights cost.
        blocks
            How much size, light, shape and the model's features count.

        Raises
        ------
        PromptError
            If there are not two classes at least, or another number of names.
        """
        classes = tuple(sorted(set(names)))
        if len(names) != len(objects):
            raise PromptError(f"{len(objects)} objects and {len(names)} classes.")
        if len(classes) < 2:
            raise PromptError(
                f"Objects of {len(classes)} classes are named: expected some of two "
                "classes at least. Name one of each kind first."
            )
        scale = Standardisation.of(objects if among is None else among, blocks)
        wanted = np.array([classes.index(name) for name in names])
        weights = _fitted(scale.table(objects), wanted, penalty)
        return cls(classes, weights, scale)

    def probabilities(self, objects: ObjectFeatures) -> NDArray[np.float64]:
        """Return how probable each class is for each object, ``(n, classes)``."""
        logits = self.standardisation.table(objects) @ self.weights
        return _softmax(logits)

    def classify(self, objects: ObjectFeatures) -> list[tuple[str, float]]:
        """Return the most probable class of each object, and its probability."""
        found = self.probabilities(objects)
        best = found.argmax(1) if len(found) else np.zeros(0, np.intp)
        return [
            (self.classes[k], float(row[k])) for k, row in zip(best, found, strict=True)
        ]


def _directions(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return features of length 1: an example that is far from all is one like others.

    Else, of a few examples, the one that is farthest out would get the fewest objects.
    """
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.maximum(lengths, 1e-9), np.float64)


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True), np.float64)


def _fitted(
    table: NDArray[np.float64], wanted: NDArray[np.intp], penalty: float
) -> NDArray[np.float64]:
    """Minimise the cross-entropy, each class alike, and half of the penalty.

    The constant is penalised too: of a few examples, one that is unlike all others
    would else draw the border to itself.
    """
    count = int(wanted.max()) + 1
    shape = (table.shape[1], count)
    each = 1 / np.bincount(wanted, minlength=count)[wanted] / count
    target = np.eye(count)[wanted]
    costs = np.full((shape[0], 1), penalty)
    costs[-1] *= _CONSTANT

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(shape)
        found = _softmax(table @ weights)
        right = found[np.arange(len(wanted)), wanted]
        slope = table.T @ ((found - target) * each[:, None])
        slope += costs * weights
        cost = -each @ np.log(right + 1e-12) + (costs * weights**2).sum() / 2
        return float(cost), slope.ravel()

    start = np.zeros(shape[0] * shape[1])
    best = minimize(loss, start, jac=True, method="L-BFGS-B")
    return np.asarray(best.x, np.float64).reshape(shape)
