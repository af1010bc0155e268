"""The codec of predictions between processes: without the logits of the background."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.core.geometry.region import Region
from napari_sam.core.protocols import Recalled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.embedding import EmbeddingArrays
    from napari_sam.core.prediction import Prediction


class PackedPrediction(NamedTuple):
    """A packed prediction: logits cut to where they differ from their first.

    Attributes
    ----------
    without_logits
        The prediction with no logits and no other candidates.
    shape
        Of the logits.
    background
        The logit of all cells outside the region.
    region
        Cells whose logits are sent.
    differing
        Their logits.
    alternatives
        Further candidates.
    """

    without_logits: Prediction
    shape: tuple[int, int]
    background: float
    region: Region
    differing: NDArray[np.float32]
    alternatives: tuple[PackedPrediction, ...]


class PackedRecalled(NamedTuple):
    """What a video model recalls of an object, with its prediction packed."""

    prediction: PackedPrediction
    arrays: EmbeddingArrays


def pack(prediction: Prediction) -> PackedPrediction:
    """Pack a prediction, to be sent to another process."""
    logits = prediction.logits
    region = Region.around(logits != logits[0, 0])
    return PackedPrediction(
        without_logits=replace(
            prediction, logits=np.zeros((0, 0), np.float32), alternatives=()
        ),
        shape=(logits.shape[0], logits.shape[1]),
        background=float(logits[0, 0]),
        region=region,
        differing=np.ascontiguousarray(logits[region.slices]),
        alternatives=tuple(pack(other) for other in prediction.alternatives),
    )


def unpack(packed: PackedPrediction) -> Prediction:
    """Return the prediction, to the bit as it was."""
    logits = np.full(packed.shape, packed.background, np.float32)
    logits[packed.region.slices] = packed.differing
    alternatives = tuple(unpack(other) for other in packed.alternatives)
    return replace(packed.without_logits, logits=logits, alternatives=alternatives)


def pack_recalled(recalled: Recalled) -> PackedRecalled:
    """Pack what is recalled of an object, to be sent to another process."""
    return PackedRecalled(pack(recalled.prediction), dict(recalled.arrays))


def unpack_recalled(packed: PackedRecalled) -> Recalled:
    """Unpack a recalled object, to the bit as it was."""
    return Recalled(unpack(packed.prediction), packed.arrays)
