"""What the comparisons with the reference implementations share.

The references are `segment-anything` 1.0 and `mobilesam-mirror` 1.0.0, of the `test`
extra. In CI (the environment variable CI) a missing reference fails the tests;
elsewhere they are skipped.
"""

from __future__ import annotations

import os
import sys
import warnings
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

from napari_sam.models.config import SamConfig, VitConfig
from napari_sam.models.sam import build_sam
from napari_sam.models.state_dict import load_sam_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

STAND_IN = str(Path(__file__).with_name("stand_in"))


def _import_reference(name: str) -> ModuleType:
    """Import a reference beside the stand-in, which no other test may meet."""
    sys.path.append(STAND_IN)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if "CI" in os.environ:
                return import_module(name)
            return pytest.importorskip(name)
    finally:
        sys.path.remove(STAND_IN)
        for module in [m for m in sys.modules if m.split(".")[0] == "torchvision"]:
            if str(sys.modules[module].__file__).startswith(STAND_IN):
                del sys.modules[module]


def _randomise(model: nn.Module, seed: int = 0) -> nn.Module:
    """Shake every parameter and statistic, also those that start at zero or one."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, x in sorted(model.state_dict().items()):
            if not x.is_floating_point():
                continue
            noise = torch.randn(x.shape, generator=generator)
            if "running_var" in name:
                x.copy_(0.5 + noise.abs())
            elif "gaussian_matrix" in name:
                x.copy_(noise)
            elif x.dim() > 1 and "embed" not in name and "rel_pos" not in name:
                x.copy_(noise / x[0].numel() ** 0.5)
            else:
                x.add_(0.2 * noise)
    return model.eval()


def _reference_sam(config: SamConfig) -> nn.Module:
    """The reference with random weights, at any size."""
    modeling = _import_reference("segment_anything.modeling")
    vit = config.encoder
    assert isinstance(vit, VitConfig)
    encoder = modeling.ImageEncoderViT(
        img_size=config.image_size,
        patch_size=vit.patch_size,
        embed_dim=vit.embed_dim,
        depth=vit.depth,
        num_heads=vit.num_heads,
        mlp_ratio=vit.mlp_ratio,
        out_chans=config.prompt_dim,
        qkv_bias=True,
        norm_layer=partial(nn.LayerNorm, eps=1e-6),
        use_rel_pos=True,
        window_size=vit.window_size,
        global_attn_indexes=vit.global_attn_indexes,
    )
    size = (config.embedding_size, config.embedding_size)
    prompts = modeling.PromptEncoder(
        embed_dim=config.prompt_dim,
        image_embedding_size=size,
        input_image_size=(config.image_size, config.image_size),
        mask_in_chans=config.mask_in_channels,
    )
    transformer = modeling.TwoWayTransformer(
        depth=config.decoder_depth,
        embedding_dim=config.prompt_dim,
        mlp_dim=config.decoder_mlp_dim,
        num_heads=config.decoder_heads,
    )
    decoder = modeling.MaskDecoder(
        num_multimask_outputs=config.num_multimask_outputs,
        transformer=transformer,
        transformer_dim=config.prompt_dim,
        iou_head_depth=config.iou_head_depth,
        iou_head_hidden_dim=config.iou_head_dim,
    )
    return _randomise(modeling.Sam(encoder, prompts, decoder))


@pytest.fixture(scope="session")
def import_reference() -> Callable[[str], ModuleType]:
    return _import_reference


@pytest.fixture(scope="session")
def randomise() -> Callable[[nn.Module], nn.Module]:
    return _randomise


@pytest.fixture(scope="session")
def reference_sam() -> Callable[[SamConfig], nn.Module]:
    return _reference_sam


@pytest.fixture(scope="session")
def twins() -> tuple[Any, Any]:
    """The reference and ours at test size, with the same weights."""
    config = SamConfig.tiny()
    reference, ours = _reference_sam(config), build_sam(config)
    load_sam_state(ours, reference.state_dict())
    return reference, ours


@pytest.fixture(autouse=True)
def _no_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield
