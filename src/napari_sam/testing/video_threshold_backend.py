"""`VideoThresholdBackend`: a video model with no weights, for tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.core.geometry.region import Region
from napari_sam.core.prediction import Prediction
from napari_sam.core.protocols import Memory, Recalled
from napari_sam.testing.threshold_backend import ThresholdBackend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_sam.core.embedding import EmbeddingArrays
    from napari_sam.core.mask import Mask

#: Pixels that a blob may be away from where it was.
_REACH = 3


@dataclass(slots=True)
class VideoThresholdBackend(ThresholdBackend):
    """A video model by threshold: an object is the blob that lies where it was last.

    A memory is the object's mask. `recalled` counts the memories of every object asked
    for, so that a test can say how many a propagator keeps.
    """

    recalled: list[int] = field(default_factory=list, init=False)

    @property
    def capabilities(self) -> frozenset[str]:
        """It has memories."""
        return frozenset({"video"})

    def memorize(
        self,
        embedding: EmbeddingArrays,
        masks: Sequence[Mask],
        *,
        recalled: Sequence[Recalled] | None = None,
    ) -> list[Memory]:
        """Remember the pixels of each object."""
        window, prompted = Region(0, 0, *_shape(embedding)), recalled is None
        return [Memory({"mask": m.in_window(window)}, prompted=prompted) for m in masks]

    def recall(
        self, embedding: EmbeddingArrays, memories: Sequence[Sequence[Memory]]
    ) -> list[Recalled]:
        """Find each object near to where its latest memory has it."""
        blobs, _ = ndimage.label(embedding["bright"], np.ones((3, 3)))
        self.recalled.extend(len(own) for own in memories)
        return [Recalled(_nearest_blob(blobs, own), {}) for own in memories]


def _nearest_blob(blobs: NDArray[np.int32], memories: Sequence[Memory]) -> Prediction:
    latest = min(memories, key=lambda memory: abs(memory.frames_ago))
    before = np.asarray(latest.arrays["mask"], bool)
    near = ndimage.binary_dilation(before, iterations=_REACH)
    counts = np.bincount(blobs[near & (blobs > 0)], minlength=1)
    mask = blobs == counts.argmax() if counts.any() else np.zeros(blobs.shape, bool)
    both, either = (mask & before).sum(), (mask | before).sum()
    return Prediction(
        logits=np.where(mask, 1, -1).astype(np.float32),
        score=float(both / max(either, 1)),
        tile=Region(0, 0, blobs.shape[0], blobs.shape[1]),
    )


def _shape(embedding: EmbeddingArrays) -> tuple[int, int]:
    rows, cols = embedding["bright"].shape
    return rows, cols
