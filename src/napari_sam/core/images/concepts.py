"""Models of words: what plugs in where words find objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    #: ``(top, left, bottom, right)`` in pixels of a picture, half-open.
    Box = tuple[float, float, float, float]


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

    box: Box
    word: int
    score: float
    mask: NDArray[np.bool_] | None = None


class ExampleBoxes(NamedTuple):
    """Boxes around a few examples of a word, and around what it is not about.

    Attributes
    ----------
    wanted, unwanted
        Each ``(top, left, bottom, right)``.
    """

    wanted: tuple[Box, ...] = ()
    unwanted: tuple[Box, ...] = ()


@runtime_checkable
class SupportsConcepts(Protocol):
    """A model that finds what words are about, in any picture.

    Test yours by subclassing `napari_sam.testing.ConceptTests`.
    """

    @property
    def concept_model(self) -> str:
        """Name of the model, for a person."""

    def find_concepts(
        self, picture: NDArray[np.uint8], words: Sequence[str]
    ) -> list[FoundConcept]:
        """Find everything that words may be about in a picture ``(y, x, 3)``.

        Doubtful finds are among them, with their low scores: thresholds are moved
        afterwards.
        """


@runtime_checkable
class SupportsExamples(SupportsConcepts, Protocol):
    """A model of words that also goes by examples of them in the same picture."""

    def find_by_examples(
        self,
        picture: NDArray[np.uint8],
        words: Sequence[str],
        examples: Mapping[int, ExampleBoxes],
    ) -> list[FoundConcept]:
        """Find what words and their examples are about, as `find_concepts`.

        Parameters
        ----------
        picture
            ``(y, x, 3)``.
        words
            What is looked for.
        examples
            Of some of the words, by index, in pixels of the picture.
        """


@runtime_checkable
class SupportsMatching(Protocol):
    """A model that tells how well words suit pictures, and finds nothing by itself."""

    @property
    def concept_model(self) -> str:
        """Name of the model, for a person."""

    def match_words(
        self, pictures: Sequence[NDArray[np.uint8]], words: Sequence[str]
    ) -> NDArray[np.float32]:
        """Return how well each word suits each picture.

        Parameters
        ----------
        pictures
            Each ``(y, x, 3)``.
        words
            What they may show.

        Returns
        -------
        Scores
            ``(pictures, words)``, from 0 to 1; each word has a score of its own.
        """


@runtime_checkable
class OpensConcepts(Protocol):
    """A backend that opens models of words where its own model is."""

    def open_words(
        self, folder: Path | None
    ) -> SupportsConcepts | SupportsMatching | None:
        """Open the model in a folder; for None, its own if that knows words."""
