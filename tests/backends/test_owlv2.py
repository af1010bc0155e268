"""OWLv2 of a tiny random configuration, opened from a folder as a person's."""

import json

import numpy as np
import pytest
import torch

import napari_sam as sam
from napari_sam.backends.owlv2 import open_owlv2
from napari_sam.core.errors import CheckpointError
from napari_sam.testing import ConceptTests, ThresholdBackend

transformers = pytest.importorskip("transformers")


def letters():
    """The characters that bytes are written as in the vocabulary of CLIP."""
    own = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in own]
    return [chr(b) for b in own] + [chr(256 + k) for k in range(len(others))]


def write_tokenizer(folder):
    words = [*letters(), *(f"{c}</w>" for c in letters())]
    vocabulary = {word: i for i, word in enumerate(words)}
    vocabulary |= {"<|startoftext|>": 512, "<|endoftext|>": 513}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    settings = {"tokenizer_class": "CLIPTokenizer", "pad_token": "!"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("owl") / "owlv2-tiny"
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1,
             "num_attention_heads": 2}  # fmt: skip
    text = {**small, "max_position_embeddings": 16, "vocab_size": 514,
            "bos_token_id": 512, "eos_token_id": 513}  # fmt: skip
    vision = {**small, "image_size": 64, "patch_size": 16}
    config = transformers.Owlv2Config(
        text_config=text, vision_config=vision, projection_dim=16
    )
    torch.manual_seed(0)
    transformers.Owlv2ForObjectDetection(config).save_pretrained(made)
    write_tokenizer(made)
    return made


class TestOwlv2(ConceptTests):
    @pytest.fixture(autouse=True)
    def _folder(self, folder):
        self.folder = folder

    def make_concepts(self):
        return open_owlv2(self.folder, device="cpu")


def test_boxes_are_those_of_the_library_in_pixels_of_the_picture(folder):
    from transformers.models.owlv2.image_processing_pil_owlv2 import (
        Owlv2ImageProcessorPil,
    )

    picture = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    concepts = open_owlv2(folder, device="cpu")
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


def test_a_folder_is_all_that_a_person_gives(folder):
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[10:30, 20:40] = 200
    found = sam.segment_text(
        pixels, "roof", concepts=folder, axes="yxc", model=ThresholdBackend()
    )
    assert found.model == "words by OWLv2 (owlv2-tiny), masks by threshold"


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"holds no model; expected a folder"):
        open_owlv2(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "sam"}')
    with pytest.raises(CheckpointError, match="holds sam"):
        open_owlv2(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "owlv2"}')
    with pytest.raises(CheckpointError, match="expected a folder"):
        open_owlv2(tmp_path)
