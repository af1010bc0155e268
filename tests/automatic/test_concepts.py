"""Words find objects, and the threshold moves without any model."""

import numpy as np
import pytest

import napari_sam as sam
from napari_sam.automatic import TextSettings
from napari_sam.automatic.concept_boxes import overlapping_parts
from napari_sam.core.errors import ModelError, PromptError
from napari_sam.core.images.concepts import FoundConcept
from napari_sam.testing import ColourConcepts, ConceptTests, ThresholdBackend


class TestColourConcepts(ConceptTests):
    def make_concepts(self):
        return ColourConcepts()


class TestColourConceptsWithMasks(ConceptTests):
    def make_concepts(self):
        return ColourConcepts(with_masks=True)


def picture():
    """A red square, a green one, one that is both, and a blue one."""
    made = np.zeros((64, 64, 3), np.uint8)
    made[4:14, 4:14] = (240, 40, 40)
    made[4:14, 30:40] = (40, 240, 40)
    made[30:40, 4:14] = (240, 200, 40)
    made[30:40, 30:40] = (40, 40, 240)
    return made


def found(*words, **more):
    concepts = more.pop("concepts", None) or ColourConcepts()
    more.setdefault("settings", TextSettings(threshold=0.4))
    return sam.segment_text(
        picture(), *words, concepts=concepts, axes="yxc",
        model=ThresholdBackend(threshold=60), appearance=sam.Appearance(), **more,
    )  # fmt: skip


def at(result, row, col):
    number = int(result.labels[row, col])
    return result.classes.get(number)


def test_words_are_classes_and_each_object_has_the_best_one():
    result = found("red", "green")
    assert at(result, 8, 8) == "red"
    assert at(result, 8, 35) == "green"
    assert at(result, 35, 8) == "red"
    assert at(result, 35, 35) is None
    assert sorted(result.classes.values()) == ["green", "red", "red"]
    assert result.scores[int(result.labels[8, 8])] == pytest.approx(0.75)
    assert (result.labels > 0).sum() == 300


def test_the_threshold_moves_without_any_model():
    concepts = ColourConcepts()
    result = found("red", concepts=concepts)
    calls = concepts.calls
    assert len(result.masks) == 2
    assert len(result.with_threshold(0.7).masks) == 1
    assert len(result.with_threshold(0.05).masks) == 4
    assert concepts.calls == calls


def test_what_is_more_like_an_unwanted_word_is_left_out():
    low = TextSettings(threshold=0.1)
    assert len(found("red", settings=low).masks) == 4
    result = found("red", unwanted=["green", "blue"], settings=low)
    assert at(result, 8, 8) == "red"
    assert at(result, 35, 8) == "red"
    assert len(result.masks) == 2


def test_masks_of_the_model_of_words_are_taken_as_they_are():
    result = found("blue", concepts=ColourConcepts(with_masks=True))
    np.testing.assert_array_equal(result.labels > 0, picture()[..., 2] == 240)


def test_a_model_that_knows_words_needs_no_other():
    class Both(ColourConcepts, ThresholdBackend):
        def __init__(self):
            ColourConcepts.__init__(self)
            ThresholdBackend.__init__(self, threshold=60)

    result = sam.segment_text(
        picture(), "green", axes="yxc", model=Both(), appearance=sam.Appearance()
    )
    assert "green" in result.classes.values()
    assert "words by colours" in result.model


def test_which_models_were_used_is_said():
    assert found("red").model == "words by colours, masks by threshold"


def test_planes_of_a_stack_are_looked_at_one_by_one():
    stack = np.stack([picture(), np.zeros_like(picture()), picture()])
    result = sam.segment_text(
        stack, "blue", axes="tyxc", concepts=ColourConcepts(),
        model=ThresholdBackend(threshold=60), appearance=sam.Appearance(),
        settings=TextSettings(threshold=0.5),
    )  # fmt: skip
    assert sorted(a.frame for a in result.masks) == [0, 2]
    assert sorted(result.classes) == [1, 2]


def test_large_planes_are_looked_at_in_parts_and_nothing_is_found_twice():
    assert len(list(overlapping_parts((1500, 900)))) == 1
    parts = list(overlapping_parts((3000, 900)))
    assert [(p.top, p.bottom) for p in parts] == [
        (0, 1024), (659, 1683), (1317, 2341), (1976, 3000),
    ]  # fmt: skip
    plane = np.zeros((3000, 40, 3), np.uint8)
    plane[700:712, 10:22] = plane[2900:2912, 10:22] = (240, 20, 20)
    concepts = ColourConcepts(with_masks=True)
    result = sam.segment_text(
        plane, "red", axes="yxc", concepts=concepts, model=ThresholdBackend()
    )
    assert concepts.calls == 4
    np.testing.assert_array_equal(result.labels > 0, plane[..., 0] > 0)
    assert len(result.masks) == 2


def test_boxes_beyond_the_picture_are_cut_to_it():
    class Wide(ColourConcepts):
        def find_concepts(self, picture, words):
            return [FoundConcept((-20.0, -20.0, 90.0, 16.0), 0, 0.9)]

    assert len(found("red", concepts=Wide()).masks) == 1


def test_what_cannot_be_is_said():
    with pytest.raises(PromptError, match="one word at least"):
        found()
    with pytest.raises(PromptError, match="twice"):
        found("red", unwanted=["red"])
    with pytest.raises(ModelError, match="--concepts owlv2"):
        sam.segment_text(picture(), "red", axes="yxc", model=ThresholdBackend())
