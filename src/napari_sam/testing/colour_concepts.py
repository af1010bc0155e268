"""`ColourConcepts`: a model of words with no weights, for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.core.images.concepts import FoundConcept

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Colours that are words, by their channel.
COLOURS = ("red", "green", "blue")


class ColourConcepts:
    """Finds blobs of a colour by its name: red, green or blue.

    The score is how much of the blob's light is of that colour. Other words find
    nothing.

    Parameters
    ----------
    with_masks
        Whether it gives masks, and not boxes only.

    Attributes
    ----------
    calls
        How often it was asked.
    """

    def __init__(self, *, with_masks: bool = False) -> None:
        self._with_masks = with_masks
        self.calls = 0

    @property
    def concept_model(self) -> str:
        """Name of the model of words."""
        return "colours"

    def find_concepts(
        self, picture: NDArray[np.uint8], words: Sequence[str]
    ) -> list[FoundConcept]:
        """Find blobs of the colours that are among the words."""
        self.calls += 1
        blobs, count = ndimage.label(picture.max(-1) > 64)
        found = []
        for number in range(1, count + 1):
            inside = blobs == number
            shares = picture[inside].mean(0) / picture[inside].mean(0).sum()
            for word, name in enumerate(words):
                if name in COLOURS:
                    share = float(shares[COLOURS.index(name)])
                    found.append(self._one(inside, word, share))
        return found

    def _one(self, inside: NDArray[np.bool_], word: int, score: float) -> FoundConcept:
        rows, cols = ndimage.find_objects(inside.astype(np.uint8))[0]
        box = tuple(map(float, (rows.start, cols.start, rows.stop, cols.stop)))
        mask = inside if self._with_masks else None
        return FoundConcept((box[0], box[1], box[2], box[3]), word, score, mask)


class ColourMatching:
    """Compares pictures with the names of colours, as `SupportsMatching`.

    The score is how much of the light of a picture's middle is of that colour.

    Attributes
    ----------
    shown
        Pictures that it was shown.
    """

    def __init__(self) -> None:
        self.shown: list[NDArray[np.uint8]] = []

    @property
    def concept_model(self) -> str:
        """Name of the model of words."""
        return "names of colours"

    def match_words(
        self, pictures: Sequence[NDArray[np.uint8]], words: Sequence[str]
    ) -> NDArray[np.float32]:
        """Return the shares of colours; 0 for other words."""
        self.shown += pictures
        scores = np.zeros((len(pictures), len(words)), np.float32)
        for i, picture in enumerate(pictures):
            row, col = picture.shape[0] // 2, picture.shape[1] // 2
            light = picture[row, col].astype(float)
            for k, word in enumerate(words):
                if word in COLOURS:
                    scores[i, k] = light[COLOURS.index(word)] / max(light.sum(), 1)
        return scores
