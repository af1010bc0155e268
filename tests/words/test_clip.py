"""CLIP of a tiny random configuration, opened from a folder."""

import numpy as np
import pytest
import torch

import napari_sam as sam
from napari_sam.automatic.mask_concepts import MaskConcepts
from napari_sam.backends.words.opening import open_words
from napari_sam.core.images.concepts import SupportsConcepts, SupportsMatching
from napari_sam.testing import ConceptTests, InstanceThresholdBackend

RNG = np.random.default_rng(0)
PICTURES = [RNG.integers(0, 255, (40, 40, 3), np.uint8) for _ in range(3)]
WORDS = ["roof", "a tree"]


@pytest.fixture(scope="module")
def clip_model(clip):
    return open_words(clip, device="cpu")


class TestClipOverMasks(ConceptTests):
    @pytest.fixture(autouse=True)
    def _folder(self, clip_model):
        self.clip = clip_model

    def make_concepts(self):
        return MaskConcepts(self.clip, InstanceThresholdBackend(40))


def test_it_compares_and_finds_nothing_by_itself(clip_model):
    assert isinstance(clip_model, SupportsMatching)
    assert not isinstance(clip_model, SupportsConcepts)
    assert clip_model.match_words([], WORDS).shape == (0, 2)


def test_scores_are_those_of_the_library(clip_model):
    from transformers import CLIPProcessor
    from transformers.models.clip.image_processing_pil_clip import (
        CLIPImageProcessorPil,
    )

    sides = CLIPImageProcessorPil(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    )
    texts = ["a photo of a roof", "a photo of a tree", "a photo",
             "a photo of something", "a photo of the background"]  # fmt: skip
    inputs = CLIPProcessor(sides, clip_model._tokenizer)(
        text=texts, images=PICTURES, return_tensors="pt", padding=True
    )
    with torch.inference_mode():
        logits = clip_model._model(**inputs).logits_per_image
    found = clip_model.match_words(PICTURES, WORDS)
    assert found.shape == (3, 2)
    for word in range(2):
        columns = [word, 2, 3, 4]
        expected = logits[:, columns].softmax(1)[:, 0].numpy()
        np.testing.assert_allclose(found[:, word], expected, atol=1e-6)


def test_a_word_has_the_same_score_whatever_else_is_asked(clip_model):
    alone = clip_model.match_words(PICTURES, ["roof"])
    beside = clip_model.match_words(PICTURES, ["tree", "roof", "a red car"])
    np.testing.assert_allclose(beside[:, 1], alone[:, 0], atol=1e-6)


def test_a_folder_is_all_that_a_person_gives_and_the_way_is_said(clip):
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[10:30, 20:40] = 200
    found = sam.segment_text(
        pixels, "roof", concepts=clip, axes="yxc", model=InstanceThresholdBackend(40)
    ).with_threshold(0.0)
    way = "words by CLIP (clip-tiny) over automatic masks, masks by "
    assert found.model.startswith(way)
    assert found.classes == {1: "roof"}
    assert (found.labels[10:30, 20:40] == 1).all()
    assert 0 < found.scores[1] < 1
