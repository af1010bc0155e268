"""Answers on their way between processes, without what is the same everywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.prediction import Prediction


class PackedPrediction(NamedTuple):
    """A prediction whose logits are cut to where they differ from their first.

    Attributes
    ----------
    bare
        The prediction with no logits and no other candidates.
    shape
        Of the logits.
    around
        The logit that all have that were cut away.
    where
        Which were kept.
    kept
        Those.
    others
        Further candidates.
    """

    bare: Prediction
    shape: tuple[int, int]
    around: float
    where: Region
    kept: NDArray[np.float32]
    alternatives: tuple[PackedPrediction, ...]


def pack(prediction: Prediction) -> PackedPrediction:
    """Cut an answer to what has to be sent."""
    logits = prediction.logits
    where = Region.around(logits != logits[0, 0])
    return PackedPrediction(
        bare=replace(prediction, logits=np.zeros((0, 0), np.float32), alternatives=()),
        shape=(logits.shape[0], logits.shape[1]),
        around=float(logits[0, 0]),
        where=where,
        kept=np.ascontiguousarray(logits[where.slices]),
        alternatives=tuple(pack(other) for other in prediction.alternatives),
    )


def unpack(sent: PackedPrediction) -> Prediction:
    """Return the answer, to the bit as it was."""
    logits = np.full(sent.shape, sent.around, np.float32)
    logits[sent.where.slices] = sent.kept
    alternatives = tuple(unpack(other) for other in sent.alternatives)
    return replace(sent.bare, logits=logits, alternatives=alternatives)
