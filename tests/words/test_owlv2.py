"""OWLv2 of a tiny random configuration, opened from a folder as a person's."""

import numpy as np
import pytest
import torch

import napari_sam as sam
from napari_sam.backends.words.opening import open_words
from napari_sam.testing import ConceptTests, ThresholdBackend


class TestOwlv2(ConceptTests):
    @pytest.fixture(autouse=True)
    def _folder(self, owlv2):
        self.folder = owlv2

    def make_concepts(self):
        return open_words(self.folder, device="cpu")


def test_boxes_are_those_of_the_library_in_pixels_of_the_picture(owlv2):
    from transformers.models.owlv2.image_processing_pil_owlv2 import (
        Owlv2ImageProcessorPil,
    )

    picture = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    concepts = open_words(owlv2, device="cpu")
    words = ["roof", "a tree"]
    found = concepts.find_concepts(picture, words)
    processor = Owlv2ImageProcessorPil(size={"height": 64, "width": 64})
    tokens = concepts._tokenizer(
        words, padding="max_length", max_length=16, return_tensors="pt"
    )
    with torch.inference_mode():
        outputs = concepts._model(**processor(picture, return_tensors="pt"), **tokens)
    (expected,) = processor.post_process_object_detection(
        outputs, threshold=0.02, target_sizes=[(40, 60)]
    )
    boxes = expected["boxes"].numpy()[:, [1, 0, 3, 2]]
    inside = (boxes[:, 0] < 40) & (boxes[:, 1] < 60)
    assert len(found) == inside.sum() > 0
    np.testing.assert_allclose([one.box for one in found], boxes[inside], atol=1e-3)
    assert [one.word for one in found] == expected["labels"].numpy()[inside].tolist()
    scores = expected["scores"].numpy()[inside]
    np.testing.assert_allclose([one.score for one in found], scores, atol=1e-6)


def test_a_folder_is_all_that_a_person_gives(owlv2):
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[10:30, 20:40] = 200
    found = sam.segment_text(
        pixels, "roof", concepts=owlv2, axes="yxc", model=ThresholdBackend()
    )
    assert found.model == "words by OWLv2 (owlv2-tiny), masks by threshold"
