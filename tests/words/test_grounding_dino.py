"""Grounding DINO of a tiny random configuration, opened from a folder."""

import numpy as np
import pytest
import torch

import napari_sam as sam
from napari_sam.backends.words.opening import open_words
from napari_sam.core.errors import PromptError
from napari_sam.testing import ConceptTests, ThresholdBackend

PICTURE = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
WORDS = ["Roof", "a tree"]


class TestGroundingDino(ConceptTests):
    @pytest.fixture(autouse=True)
    def _folder(self, grounding_dino):
        self.folder = grounding_dino

    def make_concepts(self):
        return open_words(self.folder, device="cpu")


@pytest.fixture(scope="module")
def concepts(grounding_dino):
    return open_words(grounding_dino, device="cpu")


@pytest.fixture(scope="module")
def processor(concepts):
    """The library's own, that puts the text together and reads boxes."""
    from transformers import GroundingDinoProcessor
    from transformers.models.grounding_dino.image_processing_pil_grounding_dino import (
        GroundingDinoImageProcessorPil,
    )

    return GroundingDinoProcessor(GroundingDinoImageProcessorPil(), concepts._tokenizer)


def test_boxes_and_scores_are_those_of_the_library(concepts, processor):
    inputs = processor(images=PICTURE, text=[WORDS], return_tensors="pt")
    with torch.inference_mode():
        outputs = concepts._model(**inputs)
    (expected,) = processor.post_process_grounded_object_detection(
        outputs, threshold=0.02, text_threshold=0.02, target_sizes=[(40, 60)]
    )
    found = concepts.find_concepts(PICTURE, WORDS)
    assert len(found) > 0
    boxes = expected["boxes"].numpy()[:, [1, 0, 3, 2]]
    inside = (boxes[:, 0] < 40) & (boxes[:, 1] < 60)
    mine = np.array([one.box for one in found])
    # A find that only marks or the full stop speak for is none of ours.
    alike = np.abs(mine[:, None] - boxes[inside][None]).max(2) < 1e-3
    assert alike.any(1).all()


def test_a_word_is_the_best_of_its_own_tokens(concepts, processor):
    inputs = processor(images=PICTURE, text=[WORDS], return_tensors="pt")
    ids, spans = concepts._tokens(WORDS)
    assert ids == inputs["input_ids"][0].tolist()
    texts = [concepts._tokenizer.decode(ids[a:b]) for a, b in spans]
    assert texts == ["roof", "a tree"]
    with torch.inference_mode():
        every = concepts._model(**inputs).logits[0].sigmoid()
        found = concepts._detect(PICTURE, WORDS)
    for i, (a, b) in enumerate(spans):
        np.testing.assert_allclose(found.scores[:, i], every[:, a:b].amax(1), atol=1e-6)


def test_too_many_words_and_none_are_said(concepts):
    with pytest.raises(PromptError, match=r"tokens; Grounding DINO takes 24"):
        concepts.find_concepts(PICTURE, ["abcdefghijklm", "nopqrstuvwxyz"])
    with pytest.raises(PromptError, match="means nothing"):
        concepts.find_concepts(PICTURE, ["..."])


def test_several_words_are_classes_and_unwanted_ones_win(grounding_dino):
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[10:30, 20:40] = 200
    found = sam.segment_text(
        pixels, "roof", "tree", unwanted=["car"], concepts=grounding_dino, axes="yxc",
        model=ThresholdBackend(),
    )  # fmt: skip
    assert found.model.startswith("words by Grounding DINO (grounding-dino-tiny)")
    assert set(found.planes[0].words) <= {0, 1, 2}
    assert set(found.with_threshold(0.02).classes.values()) <= {"roof", "tree"}
