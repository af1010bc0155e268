"""Checkpoints are recognised, loaded whole, or refused with reasons."""

from __future__ import annotations

import pytest
import torch

from napari_sam.models.config import SamConfig
from napari_sam.models.sam import Sam, build_sam
from napari_sam.models.state_dict import (
    UNUSED_HEADS,
    drop_unused_heads,
    guess_config,
    load_sam_state,
    sam_from_state,
)

NAMES = ["vit_b", "vit_l", "vit_h", "vit_t", "tiny"]


@pytest.mark.parametrize("name", NAMES)
def test_the_sizes_are_read_off_the_tensors(name: str) -> None:
    config = getattr(SamConfig, name)()
    with torch.device("meta"):
        assert guess_config(Sam(config).state_dict()) == config


def test_a_model_is_built_around_the_tensors_of_a_checkpoint() -> None:
    source = build_sam(SamConfig.tiny())
    state = source.state_dict()
    model = sam_from_state(state)
    pixels = torch.rand(1, 3, 99, 256) * 255
    with torch.inference_mode():
        torch.testing.assert_close(model.encode(pixels), source.encode(pixels))
    name = "image_encoder.pos_embed"
    assert model.state_dict()[name].data_ptr() == state[name].data_ptr()
    assert not model.training


def test_only_the_unused_classifier_is_dropped() -> None:
    state = build_sam(SamConfig.tiny_vit_t()).state_dict()
    extra = {name: torch.zeros(1) for name in UNUSED_HEADS}
    assert drop_unused_heads({**state, **extra}).keys() == state.keys()
    load_sam_state(build_sam(SamConfig.tiny_vit_t()), {**state, **extra})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"image_encoder.pos_embed": None}, "1 missing: image_encoder.pos_embed"),
        ({"a.stranger": torch.zeros(1)}, "1 unexpected: a.stranger"),
        (
            {"mask_decoder.iou_token.weight": torch.zeros(2, 256)},
            r"1 of another shape: mask_decoder.iou_token.weight \(\(2, 256\), not",
        ),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_name(
    change: dict[str, torch.Tensor | None], says: str
) -> None:
    model = build_sam(SamConfig.tiny())
    state = {**model.state_dict(), **change}
    with pytest.raises(ValueError, match=says):
        load_sam_state(model, {k: v for k, v in state.items() if v is not None})


def test_weights_of_another_model_are_named() -> None:
    with torch.device("meta"):
        vit_b = Sam(SamConfig.vit_b()).state_dict()
    with pytest.raises(ValueError, match="They look like vit_b"):
        load_sam_state(build_sam(SamConfig.tiny()), vit_b)


def test_what_is_no_model_at_all_is_said_to_be_none() -> None:
    with pytest.raises(ValueError, match="not a Segment Anything model"):
        guess_config({"conv.weight": torch.zeros(1)})
