"""`BoxDetector`: what detectors of words have in common, whatever their network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple

import torch

from napari_sam.backends.words.word_model import WordModel
from napari_sam.core.images.concepts import FoundConcept

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

#: Finds of a lower score are not handed over.
LOWEST = 0.02


class Detections(NamedTuple):
    """Boxes ``(N, 4)``: x and y of the middle, width, height; scores ``(N, words)``.

    Boxes are shares of the picture's sides as `sides` has them, rows first.
    """

    boxes: torch.Tensor
    scores: torch.Tensor
    sides: tuple[int, int]


class BoxDetector(WordModel, ABC):
    """Finds boxes of what words are about, as `SupportsConcepts`."""

    def find_concepts(
        self, picture: NDArray[np.uint8], words: Sequence[str]
    ) -> list[FoundConcept]:
        """Find what words may be about in a picture ``(y, x, 3)``: boxes."""
        with torch.inference_mode():
            found = self._detect(picture, words)
            scores, word = found.scores.max(-1)
        sides = picture.shape[0], picture.shape[1]
        kept = torch.nonzero(scores >= LOWEST)[:, 0].tolist()
        boxes = found.boxes.float().cpu().numpy()
        every = (
            FoundConcept(_box(boxes[i], found.sides), int(word[i]), float(scores[i]))
            for i in kept
        )
        return [f for f in every if f.box[0] < sides[0] and f.box[1] < sides[1]]

    @abstractmethod
    def _detect(self, picture: NDArray[np.uint8], words: Sequence[str]) -> Detections:
        """Run the network; gradients are off."""


def _box(
    box: NDArray[np.float32], sides: tuple[int, int]
) -> tuple[float, float, float, float]:
    """Return top, left, bottom and right in pixels."""
    col, width = (float(box[i]) * sides[1] for i in (0, 2))
    row, height = (float(box[i]) * sides[0] for i in (1, 3))
    return row - height / 2, col - width / 2, row + height / 2, col + width / 2
