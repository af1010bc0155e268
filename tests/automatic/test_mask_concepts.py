"""Words over automatic masks: crops of all objects are compared with words."""

import numpy as np
import pytest

import napari_sam as sam
from napari_sam.automatic import TextSettings
from napari_sam.automatic.concepts import Words, iter_concepts
from napari_sam.automatic.mask_concepts import MaskConcepts
from napari_sam.core.errors import ModelError
from napari_sam.core.images.concepts import ExampleBoxes, SupportsConcepts
from napari_sam.core.progress import drain
from napari_sam.image import PromptableImage
from napari_sam.testing import (
    ColourMatching,
    ConceptTests,
    InstanceThresholdBackend,
)

PLACES = {
    (4, 4): (240, 40, 40),
    (4, 30): (40, 240, 40),
    (30, 4): (240, 200, 40),
    (30, 30): (40, 40, 240),
}


class TestMaskConcepts(ConceptTests):
    def make_concepts(self):
        return MaskConcepts(ColourMatching(), InstanceThresholdBackend(40))


def picture():
    """A red square, a green one, one that is both, and a blue one at the border."""
    made = np.zeros((64, 64, 3), np.uint8)
    for (row, col), colour in PLACES.items():
        made[row : row + 10, col : col + 10] = colour
    return made


def find(*words, backend=None, **more):
    more.setdefault("settings", TextSettings(threshold=0.4))
    more.setdefault("concepts", ColourMatching())
    return sam.segment_text(
        picture(), *words, axes="yxc", appearance=sam.Appearance(),
        model=backend or InstanceThresholdBackend(40), **more,
    )  # fmt: skip


def words_at(result):
    numbers = {at: int(result.labels[at[0] + 5, at[1] + 5]) for at in PLACES}
    return [result.classes.get(number) for number in numbers.values()]


def test_words_are_classes_of_automatic_masks():
    result = find("red", "green")
    assert words_at(result) == ["red", "green", "red", None]
    assert result.scores[int(result.labels[8, 8])] == pytest.approx(0.75)
    assert (result.labels[4:14, 4:14] > 0).all()
    assert (result.labels > 0).sum() == 300
    drawn = result.model.rpartition(" ")[2]
    way = "words by names of colours over automatic masks"
    assert result.model == f"{way}, masks by {drawn}"


def test_what_is_more_like_an_unwanted_word_is_left_out():
    low = TextSettings(threshold=0.1)
    assert None not in words_at(find("red", settings=low))
    result = find("red", unwanted=["green", "blue"], settings=low)
    assert words_at(result) == ["red", None, "red", None]


def test_the_threshold_moves_without_any_model():
    matching, backend = ColourMatching(), InstanceThresholdBackend(40)
    result = find("red", concepts=matching, backend=backend)
    shown, encoded = len(matching.shown), backend.encoded
    assert len(result.masks) == 2
    assert len(result.with_threshold(0.7).masks) == 1
    assert len(result.with_threshold(0.05).masks) == 4
    assert (len(matching.shown), backend.encoded) == (shown, encoded) == (4, 1)


def test_the_image_is_not_embedded_again():
    backend = InstanceThresholdBackend(40)
    image = PromptableImage(picture(), backend, axes="yxc", appearance=sam.Appearance())
    drain(image.iter_embed())
    before = backend.encoded
    model = MaskConcepts(ColourMatching(), backend)
    for words in (Words(("red",)), Words(("blue", "green"))):
        found = drain(iter_concepts(image, 0, words, model))
        assert len(found.found) == 4 * len(words.all)
    assert backend.encoded == before


def test_an_object_is_shown_in_a_square_and_what_is_around_it_paler():
    made, matching = np.full((40, 60, 3), 200, np.uint8), ColourMatching()
    made[:, :] = (0, 40, 0)
    made[10:14, 40:60] = 240
    model = MaskConcepts(matching, InstanceThresholdBackend(40))
    (one,) = [f for f in model.find_concepts(made, ["red"]) if f.score > 0.3]
    assert one.box == (10, 40, 14, 60)
    assert one.mask.shape == (40, 60)
    assert one.mask[10:14, 40:].all()
    assert one.mask.sum() == 80
    (shown,) = [p for p in matching.shown if p.shape == (25, 25, 3)]
    assert (shown[12, 3:22] == 240).all()
    assert tuple(shown[4, 12]) == (64, 84, 64)
    assert (shown[12, 24] == 128).all()  # beyond the plane


def test_examples_of_words_are_refused_by_what_goes_by_words_alone():
    shown = {"red": ExampleBoxes(((4, 4, 14, 14),))}
    with pytest.raises(ModelError, match="over automatic masks goes by words only"):
        find("red", examples=shown)


def test_it_is_a_model_of_words():
    made = MaskConcepts(ColourMatching(), InstanceThresholdBackend())
    assert isinstance(made, SupportsConcepts)
