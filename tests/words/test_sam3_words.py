"""Words and examples of them: the numbers of `Sam3Model` of transformers."""

import numpy as np
import pytest
import torch

import napari_sam as sam
from napari_sam.backends.sam3 import network
from napari_sam.backends.sam3.region_pooling import roi_align
from napari_sam.backends.words.opening import open_words
from napari_sam.core.errors import ModelError, PromptError
from napari_sam.core.images.concepts import ExampleBoxes, SupportsExamples
from napari_sam.testing import ConceptTests, ThresholdBackend
from napari_sam.testing.colour_concepts import ColourConcepts

SHAPE = (40, 60)
PICTURE = np.random.default_rng(0).integers(0, 255, (*SHAPE, 3), np.uint8)
WORDS = ["roof", "a tree"]
EXAMPLES = {1: ExampleBoxes(((5.0, 10.0, 25.0, 40.0),), ((0.0, 0.0, 9.0, 8.0),))}


class TestSam3Words(ConceptTests):
    @pytest.fixture(autouse=True)
    def _backend(self, sam3):
        self.sam3 = sam3

    def make_concepts(self):
        return self.sam3


@pytest.fixture(scope="module")
def loose(sam3):
    """Let finds be sure enough, which random weights are of none."""
    bias = sam3.network.detector.detr_decoder.presence_head.layer3.bias
    before = bias.clone()
    bias += 10
    yield sam3
    bias.copy_(before)


@torch.inference_mode()
def expected(sam3, word, examples=None):
    model, tokenizer = sam3.network.detector, sam3._tokenizer
    x = torch.from_numpy(PICTURE).permute(2, 0, 1)[None].float() / 255
    side = (sam3.working_size, sam3.working_size)
    x = torch.nn.functional.interpolate(x, side, mode="bilinear", antialias=True)
    tokens = tokenizer([word], padding="max_length", max_length=32, return_tensors="pt")
    boxes = signs = None
    if examples is not None:
        every = np.array([*examples.wanted, *examples.unwanted]) / [*SHAPE, *SHAPE]
        top, left, bottom, right = every.T
        sides = [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]
        boxes = torch.tensor(np.stack(sides, 1)[None]).float()
        signs = torch.tensor([[1, 0]])
    return model(
        pixel_values=(x - 0.5) / 0.5,
        input_ids=tokens["input_ids"],
        attention_mask=tokens["attention_mask"],
        input_boxes=boxes,
        input_boxes_labels=signs,
    )


@pytest.mark.parametrize("with_examples", [False, True])
def test_finds_are_those_of_the_library(loose, with_examples):
    examples = EXAMPLES if with_examples else {}
    found = loose.find_by_examples(PICTURE, WORDS, examples)
    assert {one.word for one in found} == {0, 1}
    for i, word in enumerate(WORDS):
        answer = expected(loose, word, examples.get(i))
        scores = (answer.pred_logits.sigmoid() * answer.presence_logits.sigmoid())[0]
        share = answer.pred_masks.sigmoid()
        masks = torch.nn.functional.interpolate(share, SHAPE, mode="bilinear")[0] > 0.5
        kept = [k for k in range(len(scores)) if scores[k] >= 0.02 and masks[k].any()]
        mine = [one for one in found if one.word == i]
        assert len(mine) == len(kept) > 0
        for one, k in zip(mine, kept, strict=True):
            left, top, right, bottom = answer.pred_boxes[0, k].tolist()
            box = [top * 40, left * 60, bottom * 40, right * 60]
            np.testing.assert_allclose(one.box, box, atol=1e-3)
            assert one.score == pytest.approx(float(scores[k]), abs=1e-5)
            assert (one.mask != masks[k].numpy()).mean() < 1e-3


def test_examples_are_heard(loose):
    assert isinstance(loose, SupportsExamples)
    plain = loose.find_concepts(PICTURE, WORDS)
    shown = loose.find_by_examples(PICTURE, WORDS, EXAMPLES)
    by_word = [
        [
            np.array([one.box for one in found if one.word == i])
            for found in (plain, shown)
        ]
        for i in (0, 1)
    ]
    np.testing.assert_array_equal(*by_word[0])
    assert by_word[1][0].shape != by_word[1][1].shape or (
        np.abs(by_word[1][0] - by_word[1][1]).max() > 1e-3
    )


def test_pooling_is_that_of_torchvision():
    """Numbers of its function `roi_align`, of a ramp and a bump."""
    y, x = torch.meshgrid(torch.arange(6.0), torch.arange(8.0), indexing="ij")
    features = torch.stack([x + 10 * y, (x - 3) ** 2 * (y - 2).abs()])[None]
    boxes = torch.tensor([[1.0, 0.5, 6.5, 4.0], [4.2, 4.1, 4.3, 4.2]])
    found = roi_align(features, [boxes], 2)
    np.testing.assert_allclose(found.numpy().ravel(), TORCHVISION, atol=1e-4)


TORCHVISION = [16.125, 18.875, 33.625, 36.375, 0.73785, 3.23785, 1.32812, 5.82813,
               47.95, 48.45, 52.95, 53.45, 5.5225, 9.0475, 6.6975, 10.9725]  # fmt: skip


def test_what_lies_outside_counts_as_nothing():
    features = torch.ones(1, 1, 4, 4)
    far, half = torch.tensor([[-9.0, 0.0, -5.0, 4.0], [-4.0, 0.0, 4.0, 4.0]])
    found = roi_align(features, [torch.stack([far, half])], 1).flatten().tolist()
    assert found[0] == 0
    assert 0.4 < found[1] < 0.8


def test_words_with_examples_in_one_call(loose):
    found = sam.segment_text(
        PICTURE, *WORDS, examples={"roof": [(5, 10, 25, 40)]},
        concepts=loose, axes="yxc", model=ThresholdBackend(),
    )  # fmt: skip
    assert found.model == "words by SAM 3 (sam3), masks by threshold"
    kept = found.with_threshold(0.02)
    assert set() < set(kept.classes.values()) <= set(WORDS)


def test_examples_must_be_boxes_of_a_word(loose):
    ask = {"concepts": loose, "axes": "yxc", "model": ThresholdBackend()}
    with pytest.raises(PromptError, match="'door', which is none of the words roof"):
        sam.segment_text(PICTURE, "roof", examples={"door": [(1, 1, 4, 4)]}, **ask)
    with pytest.raises(PromptError, match="no box in a plane of 40 by 60"):
        sam.segment_text(PICTURE, "roof", examples={"roof": [(1, 9, 50, 12)]}, **ask)
    ask["concepts"] = ColourConcepts()
    with pytest.raises(ModelError, match="by words only"):
        sam.segment_text(PICTURE, "roof", examples={"roof": [(1, 1, 4, 4)]}, **ask)


def test_a_folder_is_a_model_of_words(accepted, sam3_folder):
    opened = open_words(sam3_folder, device="cpu")
    assert opened.concept_model == "SAM 3 (sam3)"


def test_the_library_pools_by_torchvision_where_it_is_there(monkeypatch):
    from transformers.models.sam3 import modeling_sam3

    monkeypatch.setattr(modeling_sam3, "torchvision", "theirs", raising=False)
    network._give_pooling()
    assert modeling_sam3.torchvision == "theirs"
