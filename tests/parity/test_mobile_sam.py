"""Our TinyViT answers as MobileSAM's does, on the same random weights.

The reference runs at 1024 x 1024 only: its grid of 64 x 64 is written in its code.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch

from napari_sam.models.config import SamConfig
from napari_sam.models.sam import build_sam
from napari_sam.models.state_dict import drop_unused_heads, guess_config, load_sam_state
from napari_sam.models.tiny_vit import for_inference

ATOL = 1e-4


@pytest.fixture(scope="module")
def reference(import_reference: Any, randomise: Any) -> Any:
    model = import_reference("mobile_sam").sam_model_registry["vit_t"]()
    # It keeps the attention biases of the moment `eval` was called last, so
    # `randomise` ends by calling it again.
    return randomise(model)


@pytest.fixture(scope="module")
def ours(reference: Any) -> Any:
    model = build_sam(SamConfig.vit_t())
    load_sam_state(model, reference.state_dict())
    return model


def test_the_checkpoint_has_439_keys_four_of_them_unused(reference: Any) -> None:
    state = reference.state_dict()
    assert len(state) == 439
    assert len(drop_unused_heads(state)) == 435


def test_state_dicts_load_strictly_in_both_directions(
    reference: Any, ours: Any
) -> None:
    ours.load_state_dict(drop_unused_heads(reference.state_dict()), strict=True)
    reference.load_state_dict({**reference.state_dict(), **ours.state_dict()})
    assert not ours.state_dict().keys() - reference.state_dict().keys()


def test_the_checkpoint_is_recognised(reference: Any) -> None:
    assert guess_config(reference.state_dict()) == SamConfig.vit_t()


def test_embeddings_are_those_of_the_reference_also_when_fused(
    reference: Any, ours: Any
) -> None:
    generator = torch.Generator().manual_seed(4)
    pixels = torch.rand(1, 3, 700, 1024, generator=generator) * 255
    expected = reference.image_encoder(reference.preprocess(pixels))
    assert expected.std() > 0.1
    torch.testing.assert_close(ours.encode(pixels), expected, atol=ATOL, rtol=0)
    fused = for_inference(ours.image_encoder)
    torch.testing.assert_close(
        fused(ours.preprocess(pixels)), expected, atol=ATOL, rtol=0
    )
