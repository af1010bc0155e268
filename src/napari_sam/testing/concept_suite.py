"""Tests for every model of words: subclass, make one, inherit them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.images.concepts import SupportsConcepts

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ConceptTests(ABC):
    """Tests of what a model of words promises.

    Examples
    --------
    >>> class TestMyWords(ConceptTests):
    ...     def make_concepts(self):
    ...         return MyWords()
    """

    #: Words that the model is asked for.
    words = ("red", "green")

    @abstractmethod
    def make_concepts(self) -> SupportsConcepts:
        """Return the model to test."""

    def picture(self, rows: int = 48, cols: int = 80) -> NDArray[np.uint8]:
        """Return a red and a green square."""
        made = np.zeros((rows, cols, 3), np.uint8)
        made[8:24, 8:24, 0] = made[24:40, 40:60, 1] = 220
        return made

    def test_it_has_a_name(self) -> None:
        """A person is told which model was used."""
        made = self.make_concepts()
        assert isinstance(made, SupportsConcepts)
        assert made.concept_model

    def test_finds_are_of_the_words_and_in_order(self) -> None:
        """Each has a word that was given, a score from 0 to 1, and a box."""
        for one in self.make_concepts().find_concepts(self.picture(), self.words):
            assert one.word in range(len(self.words))
            assert 0 <= one.score <= 1
            top, left, bottom, right = one.box
            assert top < bottom
            assert left < right
            assert np.isfinite(one.box).all()
            assert one.mask is None or one.mask.shape == (48, 80)

    def test_the_same_twice_is_the_same(self) -> None:
        """Nothing is drawn by lot, and the picture is not changed."""
        made, picture = self.make_concepts(), self.picture()
        first = made.find_concepts(picture, self.words)
        again = made.find_concepts(picture, self.words)
        assert [one.box for one in first] == [one.box for one in again]
        np.testing.assert_array_equal(picture, self.picture())
