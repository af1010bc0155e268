"""The models have the sizes the papers state, and the names of the checkpoints."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import nn

from napari_sam.models.config import SamConfig, VitConfig
from napari_sam.models.sam import Sam


@dataclass(frozen=True)
class Paper:
    """A row of the paper's table of encoders."""

    name: str
    depth: int
    width: int
    heads: int
    global_blocks: tuple[int, ...]
    keys: int


PAPERS = [
    Paper("vit_b", 12, 768, 12, (2, 5, 8, 11), 314),
    Paper("vit_l", 24, 1024, 16, (5, 11, 17, 23), 482),
    Paper("vit_h", 32, 1280, 16, (7, 15, 23, 31), 594),
]


def on_meta(name: str) -> Sam:
    with torch.device("meta"):
        return Sam(getattr(SamConfig, name)())


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_image_encoders_are_those_of_the_paper(paper: Paper) -> None:
    model = on_meta(paper.name)
    encoder = model.image_encoder
    assert len(encoder.blocks) == paper.depth
    assert tuple(encoder.pos_embed.shape) == (1, 64, 64, paper.width)
    assert tuple(encoder.patch_embed.proj.weight.shape) == (paper.width, 3, 16, 16)
    windows = [block.attn.window for block in encoder.blocks]
    found = tuple(i for i, window in enumerate(windows) if window == 0)
    assert found == paper.global_blocks
    assert set(windows) == {0, 14}
    for block in encoder.blocks:
        assert block.attn.num_heads == paper.heads
        assert block.mlp.lin1.out_features == 4 * paper.width
        offsets = 2 * (block.attn.window or 64) - 1
        assert len(block.attn.rel_pos_h) == len(block.attn.rel_pos_w) == offsets
        assert block.norm1.eps == block.norm2.eps == 1e-6
    assert encoder.neck[0].out_channels == 256
    assert len(model.state_dict()) == paper.keys


@pytest.mark.parametrize("name", ["vit_b", "vit_t"])
def test_mask_decoder_is_that_of_the_paper(name: str) -> None:
    decoder = on_meta(name).mask_decoder
    layers = decoder.transformer.layers
    assert len(layers) == 2
    for layer in layers:
        assert layer.self_attn.num_heads == 8
        assert layer.self_attn.q_proj.out_features == 256
        for cross in (layer.cross_attn_token_to_image, layer.cross_attn_image_to_token):
            assert cross.num_heads == 8
            assert cross.q_proj.out_features == 128
        assert layer.mlp.lin1.out_features == 2048
    first, second = (
        m for m in decoder.output_upscaling if isinstance(m, nn.ConvTranspose2d)
    )
    assert (first.in_channels, first.out_channels) == (256, 64)
    assert (second.in_channels, second.out_channels) == (64, 32)
    assert decoder.mask_tokens.num_embeddings == 4
    assert decoder.iou_token.num_embeddings == 1
    assert len(decoder.output_hypernetworks_mlps) == 4
    for mlp in decoder.output_hypernetworks_mlps:
        assert [layer.out_features for layer in mlp.layers] == [256, 256, 32]
    head = decoder.iou_prediction_head.layers
    assert [layer.out_features for layer in head] == [256, 256, 4]


def test_prompt_encoder_is_that_of_the_paper() -> None:
    prompts = on_meta("vit_b").prompt_encoder
    matrix = prompts.pe_layer.positional_encoding_gaussian_matrix
    assert tuple(matrix.shape) == (2, 128)
    assert len(prompts.point_embeddings) == 4
    convs = [m for m in prompts.mask_downscaling if isinstance(m, nn.Conv2d)]
    assert [c.out_channels for c in convs] == [4, 16, 256]


def test_mobile_sam_has_its_stages_and_435_used_keys() -> None:
    model = on_meta("vit_t")
    layers = model.image_encoder.layers
    assert [len(layer.blocks) for layer in layers] == [2, 2, 6, 2]
    windows = [layer.blocks[0].attn.window for layer in list(layers)[1:]]
    assert windows == [7, 14, 7]
    assert len(model.state_dict()) == 435


def test_a_window_of_the_small_test_model_does_not_divide_its_grid() -> None:
    config = SamConfig.tiny()
    assert isinstance(config.encoder, VitConfig)
    assert config.embedding_size % config.encoder.window_size
