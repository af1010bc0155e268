"""Models of words in the process of a model, from the side of the client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_sam.core.images.concepts import ExampleBoxes, FoundConcept


class _Request(Protocol):
    """Calls a method of the model of words there."""

    def __call__(self, method: str, *arguments: object) -> object: ...


class _InProcess:
    """What is known here of a model of words there."""

    def __init__(self, name: str, request: _Request) -> None:
        self._name, self._request = name, request

    @property
    def concept_model(self) -> str:
        """Name of the model, for a person."""
        return self._name


class ProcessConcepts(_InProcess):
    """A model of words in another process, as `SupportsConcepts`."""

    def find_concepts(
        self, picture: NDArray[np.uint8], words: Sequence[str]
    ) -> list[FoundConcept]:
        """Find everything that words may be about in a picture ``(y, x, 3)``."""
        found = self._request("find_concepts", picture, list(words))
        assert isinstance(found, list)
        return found


class ProcessExamples(ProcessConcepts):
    """One that also goes by examples of words, as `SupportsExamples`."""

    def find_by_examples(
        self,
        picture: NDArray[np.uint8],
        words: Sequence[str],
        examples: Mapping[int, ExampleBoxes],
    ) -> list[FoundConcept]:
        """Find what words and their examples are about."""
        given = [picture, list(words), dict(examples)]
        found = self._request("find_by_examples", *given)
        assert isinstance(found, list)
        return found


class ProcessMatching(_InProcess):
    """One that compares pictures with words, as `SupportsMatching`."""

    def match_words(
        self, pictures: Sequence[NDArray[np.uint8]], words: Sequence[str]
    ) -> NDArray[np.float32]:
        """Return how well each word suits each picture, ``(pictures, words)``."""
        found = self._request("match_words", list(pictures), list(words))
        return np.asarray(found, np.float32)


#: By what the model there can do; see `word_server.kind_of`.
BY_KIND: dict[str, type[ProcessConcepts] | type[ProcessMatching]] = {
    "concepts": ProcessConcepts,
    "examples": ProcessExamples,
    "matching": ProcessMatching,
}
