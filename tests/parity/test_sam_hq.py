"""SAM-HQ decodes as its released code does, and encodes as transformers' `SamHQModel`.

Answers of the released decoder are frozen (`freeze_sam_hq.py`). The mask decoder of
transformers 5.23 cannot be the reference: it draws masks from image tokens as they were
before its attention. The whole released models, with ViT-B and TinyViT of full size,
were compared by hand: embeddings within 1e-5, logits within 2e-4 where they reach 100.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import napari_sam as sam
from napari_sam.core.errors import CheckpointError
from napari_sam.core.prompts import Prompts
from napari_sam.models.config import SamConfig, VitConfig
from napari_sam.models.hq_mask_decoder import HqMaskDecoder
from napari_sam.models.sam import PromptInputs, build_sam
from napari_sam.models.state_dict import guess_config, published_name, sam_from_state
from napari_sam.training.initial_weights import initial_learner

from .sam_hq_inputs import EARLY, decoder_weights, inputs

CONFIG = SamConfig(VitConfig(64, 4, 4, (1, 3)), image_size=256, high_quality=True)
SIDE = CONFIG.image_size
POINTS = torch.tensor([[[120.0, 60.0], [30.0, 200.0]], [[20.0, 20.0], [200.0, 90.0]]])
LABELS = torch.tensor([[1, 0], [1, 1]])


@pytest.fixture(scope="module")
def theirs():
    from transformers import SamHQConfig, SamHQModel

    vision = {
        "hidden_size": 64,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "image_size": SIDE,
        "global_attn_indexes": [1, 3],
        "mlp_dim": 256,
    }
    config = SamHQConfig(
        vision_config=vision,
        prompt_encoder_config={"image_size": SIDE},
        mask_decoder_config={"vit_dim": 64},
    )
    torch.manual_seed(3)
    model = SamHQModel(config).eval()
    for name, value in model.named_parameters():
        if value.dim() > 1:
            wide = 0.1 if name.startswith("mask_decoder") else 0.02
            torch.nn.init.normal_(value, std=wide)
    return model


@pytest.fixture(scope="module")
def folder(theirs, tmp_path_factory):
    path = tmp_path_factory.mktemp("hq")
    theirs.save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def ours(folder):
    backend = sam.load_backend(checkpoint=folder, device="cpu", precision="float32")
    assert backend.model.config == CONFIG
    return backend.model


@pytest.mark.parametrize("kind", ["clear", "ambiguous"])
@torch.inference_mode()
def test_the_best_mask_is_that_of_the_released_decoder(kind):
    decoder = HqMaskDecoder(replace(CONFIG, encoder=VitConfig(EARLY))).eval()
    decoder.load_state_dict(decoder_weights(decoder.state_dict()), strict=True)
    given, frozen = inputs(), np.load(Path(__file__).with_name("sam_hq.npz"))
    logits, scores = decoder.predict(
        given["image"][0],
        given["positions"][0],
        given["sparse"],
        given["dense"],
        multimask=kind == "ambiguous",
        detail_UHW=decoder.fuse(given["image"], given["early"])[0],
    )
    expected = torch.from_numpy(frozen[f"{kind}_logits"])
    best, at = scores.argmax(1), torch.arange(2)
    tolerance = 1e-5 * float(expected.abs().max())
    torch.testing.assert_close(logits[at, best], expected, atol=tolerance, rtol=0)
    expected_scores = torch.from_numpy(frozen[f"{kind}_scores"])
    torch.testing.assert_close(scores[at, best], expected_scores, atol=1e-4, rtol=1e-5)


@torch.inference_mode()
def test_the_features_are_those_of_transformers(theirs, ours):
    pixels = torch.rand(1, 3, SIDE, 200, generator=torch.manual_seed(4)) * 255
    x = ours.preprocess(pixels)
    found = theirs.vision_encoder(x)
    image, early = ours.image_encoder.forward_with_early(x)
    torch.testing.assert_close(image, found.last_hidden_state, atol=1e-4, rtol=0)
    theirs_early = found.intermediate_embeddings[0].permute(0, 3, 1, 2)
    torch.testing.assert_close(early, theirs_early, atol=1e-4, rtol=0)
    encoded, detail = ours.encode_detail(pixels)
    assert torch.equal(encoded, image)
    assert torch.equal(detail, ours.mask_decoder.fuse(image, early))


@torch.inference_mode()
def test_only_the_best_candidate_is_refined(ours):
    plain = {
        k: v
        for k, v in ours.state_dict().items()
        if not k.startswith(("mask_decoder.hf_", "mask_decoder.compress_vit_feat"))
        and not k.startswith("mask_decoder.embedding_")
    }
    model = sam_from_state(plain)
    assert not model.config.high_quality
    image = torch.randn(256, 16, 16, generator=torch.manual_seed(5))
    detail = torch.randn(32, 64, 64, generator=torch.manual_seed(6))
    prompts = [PromptInputs(POINTS[0], LABELS[0])]
    expected, expected_scores = model.decode(image, prompts)
    logits, scores = ours.decode(image, prompts, detail_UHW=detail)
    # The token of SAM-HQ takes part in attention, so these are near, not the same.
    best = int(scores[0].argmax())
    assert logits.shape == expected.shape
    changed = (logits - expected).abs().mean((0, 2, 3))
    assert int(changed.argmax()) == best
    assert scores.shape == expected_scores.shape


def test_a_decoder_without_its_features_says_so(ours):
    with pytest.raises(ValueError, match="detail_UHW"):
        ours.decode(torch.zeros(256, 16, 16), [PromptInputs(POINTS[0], LABELS[0])])


@pytest.mark.parametrize("name", ["vit_t", "vit_b"])
def test_a_state_dict_is_known_by_its_name(name):
    config = SamConfig.named(f"sam_hq_{name}")
    with torch.device("meta"):
        state = build_sam(config).state_dict()
    assert guess_config(state) == config
    assert published_name(config) == f"sam_hq_{name}"
    assert published_name(SamConfig.named(name)) == name


def test_a_tiny_vit_refines_too():
    config = SamConfig.tiny_vit_t()
    torch.manual_seed(1)
    model = build_sam(SamConfig(config.encoder, image_size=256, high_quality=True))
    pixels = torch.rand(1, 3, 256, 200) * 255
    with torch.inference_mode():
        image, detail = model.encode_detail(pixels)
        assert detail.shape == (1, 32, 64, 64)
        torch.testing.assert_close(image, model.encode(pixels))


def test_a_file_of_it_segments_stores_and_refuses_strangers(ours, tmp_path):
    path = tmp_path / "mine.safetensors"
    save_file(ours.state_dict(), path)
    image = np.random.default_rng(0).integers(0, 255, (90, 120), np.uint8)
    at = Prompts().point(40, 50)
    given = {"checkpoint": path, "device": "cpu"}
    store = sam.open_store(tmp_path / "e.zarr")
    backend = sam.load_backend(**given)
    for _ in range(2):
        found = sam.PromptableImage(image, backend, store=store).segment(at)
        assert np.array_equal(found.mask, sam.segment(image, at, **given).mask)
    stranger = ours.state_dict() | {"mask_decoder.stranger": torch.ones(1)}
    save_file(stranger, path)
    with pytest.raises(CheckpointError, match=r"1 unexpected: mask_decoder\.stranger"):
        sam.load_backend(checkpoint=path)


def test_a_name_is_downloaded_verified_and_opened(tmp_path, opened_by_name):
    name = "sam_hq_vit_t"
    torch.save(build_sam(SamConfig.named(name)).state_dict(), tmp_path / "hq.pth")
    files = {"sam_hq_vit_tiny.pth": (tmp_path / "hq.pth").read_bytes()}
    found = opened_by_name(name, files, lambda: sam.load_backend(name))
    assert found.spec.name == name


def test_it_is_not_trained(ours, tmp_path):
    save_file(ours.state_dict(), tmp_path / "mine.safetensors")
    with pytest.raises(CheckpointError, match="SAM-HQ, which cannot be trained"):
        initial_learner(checkpoint=tmp_path / "mine.safetensors")
