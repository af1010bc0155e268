"""Models of words: what plugs in where words find objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


class FoundConcept(NamedTuple):
    """Something in a picture that words are about.

    Attributes
    ----------
    box
        ``(top, left, bottom, right)`` in pixels of the picture, half-open.
    word
        Which of the words, by its index.
    score
        How sure the model is, from 0 to 1.
    mask
        Its pixels, ``(rows, cols)`` of the picture; None where the model gives boxes.
    """

    box: tuple[float, float, float, float]
    word: int
    score: float
    mask: NDArray[np.bool_] | None = None


@runtime_checkable
class SupportsConcepts(Protocol):
    """A model that finds what words are about, in any picture.

    Test yours by subclassing `napari_sam.testing.ConceptTests`.
    """

    @property
    def concept_model(self) -> str:
        """What it is called, for a person."""

    def find_concepts(
        self, picture: NDArray[np.uint8], words: Sequence[str]
    ) -> list[FoundConcept]:
        """Find everything that words may be about in a picture ``(y, x, 3)``.

        Doubtful finds are among them, with their low scores: thresholds are moved
        afterwards.
        """
