"""Tiny models of words with random weights, in folders as a person's."""

from __future__ import annotations

import json
import os

import pytest
import torch

if "CI" in os.environ:
    import transformers
else:
    transformers = pytest.importorskip("transformers")

SMALL = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1,
         "num_attention_heads": 2}  # fmt: skip
#: Sides of the tiny SAM 3: of its square, its channels, its coarsest features.
SIZE, DIM, GRID = 112, 128, 8
#: Of the text encoders of CLIP and OWLv2.
TEXT = {**SMALL, "vocab_size": 514, "bos_token_id": 512, "eos_token_id": 513}


def letters():
    """The characters that bytes are written as in the vocabulary of CLIP."""
    own = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in own]
    return [chr(b) for b in own] + [chr(256 + k) for k in range(len(others))]


def write_clip_tokenizer(folder):
    """A vocabulary of letters alone."""
    words = [*letters(), *(f"{c}</w>" for c in letters())]
    vocabulary = {word: i for i, word in enumerate(words)}
    vocabulary |= {"<|startoftext|>": 512, "<|endoftext|>": 513}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    settings = {"tokenizer_class": "CLIPTokenizer", "pad_token": "!"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def write_towers(folder, kind, task, *, length, side):
    """Write a model of an image and a text encoder: of CLIP, or of OWLv2."""
    config = getattr(transformers, f"{kind}Config")(
        text_config={**TEXT, "max_position_embeddings": length},
        vision_config={**SMALL, "image_size": side, "patch_size": 16},
        projection_dim=16,
    )
    torch.manual_seed(0)
    getattr(transformers, task)(config).save_pretrained(folder)
    write_clip_tokenizer(folder)
    return folder


@pytest.fixture(scope="session")
def owlv2(tmp_path_factory):
    made = tmp_path_factory.mktemp("owl") / "owlv2-tiny"
    return write_towers(made, "Owlv2", "Owlv2ForObjectDetection", length=16, side=64)


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    made = tmp_path_factory.mktemp("clip") / "clip-tiny"
    return write_towers(made, "CLIP", "CLIPModel", length=64, side=32)


@pytest.fixture(scope="session")
def grounding_dino(tmp_path_factory):
    made = tmp_path_factory.mktemp("dino") / "grounding-dino-tiny"
    backbone = {"model_type": "swin", "embed_dim": 8, "depths": [1, 1, 1, 1],
                "num_heads": [1, 1, 2, 2], "window_size": 4, "image_size": 64,
                "out_indices": [2, 3, 4]}  # fmt: skip
    config = transformers.GroundingDinoConfig(
        backbone_config=backbone,
        text_config={**SMALL, "model_type": "bert", "vocab_size": 1100,
                     "max_position_embeddings": 64},
        d_model=32, encoder_layers=1, encoder_ffn_dim=32, encoder_attention_heads=2,
        decoder_layers=2, decoder_ffn_dim=32, decoder_attention_heads=2,
        num_queries=20, max_text_len=24,
    )  # fmt: skip
    torch.manual_seed(0)
    model = transformers.GroundingDinoForObjectDetection(config)
    model.save_pretrained(made)
    _write_bert_tokenizer(made)
    return made


def _write_bert_tokenizer(folder):
    """Letters, and the marks where the network takes them to be: it counts on it."""
    words = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 1012: ".", 1029: "?"}
    for i, letter in enumerate("abcdefghijklmnopqrstuvwxyz"):
        words |= {200 + i: letter, 300 + i: f"##{letter}"}
    every = [words.get(i, f"[unused{i}]") for i in range(1100)]
    (folder / "vocab.txt").write_text("\n".join(every))
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def detector_config():
    small = {"hidden_size": DIM, "num_attention_heads": 2, "intermediate_size": 64}
    layers = {**small, "num_layers": 1}
    vit = transformers.Sam3ViTConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, image_size=SIZE,
        num_attention_heads=2, pretrain_image_size=56, window_size=4,
        global_attn_indexes=[1],
    )  # fmt: skip
    vision = transformers.Sam3VisionConfig(
        backbone_config=vit, fpn_hidden_size=DIM,
        backbone_feature_sizes=[[GRID * n] * 2 for n in (4, 2, 1)],
    )  # fmt: skip
    text = {"model_type": "clip_text_model", "vocab_size": 514, "hidden_size": 32,
            "intermediate_size": 64, "projection_dim": 16, "num_hidden_layers": 1,
            "num_attention_heads": 2, "max_position_embeddings": 32,
            "bos_token_id": 512, "eos_token_id": 513}  # fmt: skip
    return transformers.Sam3Config(
        vision_config=vision, text_config=text, geometry_encoder_config=layers,
        detr_encoder_config=layers, detr_decoder_config={**layers, "num_queries": 10},
        mask_decoder_config={"hidden_size": DIM, "num_attention_heads": 2},
    )  # fmt: skip


def sam3_config():
    detector = detector_config()
    tracker = transformers.Sam3TrackerVideoConfig(
        vision_config=detector.vision_config, image_size=SIZE,
        prompt_encoder_config=transformers.Sam3TrackerVideoPromptEncoderConfig(
            hidden_size=DIM, image_size=SIZE, patch_size=14
        ),
        mask_decoder_config=transformers.Sam3TrackerVideoMaskDecoderConfig(
            hidden_size=DIM, mlp_dim=64, iou_head_hidden_dim=DIM, num_attention_heads=2
        ),
        memory_attention_hidden_size=DIM, memory_attention_num_layers=1,
        memory_attention_feed_forward_hidden_size=64,
        memory_attention_rope_feat_sizes=[GRID, GRID], memory_encoder_hidden_size=DIM,
        memory_encoder_output_channels=64, mask_downsampler_embed_dim=DIM,
        memory_fuser_embed_dim=DIM, memory_fuser_intermediate_dim=64,
    )  # fmt: skip
    return transformers.Sam3VideoConfig(
        detector_config=detector, tracker_config=tracker, low_res_mask_size=4 * GRID
    )


@pytest.fixture(scope="session")
def sam3_folder(tmp_path_factory):
    """As Meta publishes it: configuration, weights, tokenizer and licence."""
    made = tmp_path_factory.mktemp("sam3") / "sam3-tiny"
    torch.manual_seed(0)
    model = transformers.Sam3VideoModel(sam3_config()).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, parameter[0].numel() ** -0.5)
    model.save_pretrained(made)
    write_clip_tokenizer(made)
    (made / "LICENSE").write_text("SAM License\nYou agree to this and that.\n")
    return made


@pytest.fixture
def accepted(monkeypatch):
    monkeypatch.setenv("NAPARI_SAM_ACCEPT_LICENCE", "other, sam3")


@pytest.fixture(scope="session")
def sam3(sam3_folder):
    from napari_sam.backends.sam3.weights import open_sam3

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAPARI_SAM_ACCEPT_LICENCE", "sam3")
        return open_sam3("sam3", sam3_folder, device="cpu", precision="float32")
