"""What the tests of SAM 2 share: small models with random weights, made once.

In CI (the environment variable CI) a missing transformers fails the tests; elsewhere
they are skipped.
"""

from __future__ import annotations

import json
import os
import re
from copy import deepcopy
from functools import cache
from pathlib import Path

import pytest
import torch

SIZE = 128
#: Taken off the scores of presence, so that they change their sign now and then, and
#: are never so near to 0 that the order of a sum decides.
HIDDEN = {"sam2.1": 0.6, "sam2": 0.42}


def _transformers():
    if "CI" in os.environ:
        import transformers
    else:
        transformers = pytest.importorskip("transformers")
    return transformers


def tiny_hiera(blocks, attention):
    """An image encoder: blocks of each stage, and those with global attention."""
    return _transformers().Sam2HieraDetConfig(
        hidden_size=16,
        image_size=[SIZE, SIZE],
        blocks_per_stage=blocks,
        embed_dim_per_stage=[16, 32, 64, 128],
        num_attention_heads_per_stage=[1, 2, 4, 8],
        window_size_per_stage=[8, 4, 8, 4],
        global_attention_blocks=attention,
        window_positional_embedding_background_size=[4, 4],
    )


def tiny_config(*, newer=True):
    """A network of 128 pixels, as narrow as memories of 64 channels allow."""
    tf = _transformers()
    grids = [[SIZE // n, SIZE // n] for n in (4, 8, 16)]
    return tf.Sam2VideoConfig(
        vision_config=tf.Sam2VisionConfig(
            backbone_config=tiny_hiera([1, 1, 3, 1], [3]),
            backbone_channel_list=[128, 64, 32, 16],
            backbone_feature_sizes=grids,
            fpn_hidden_size=128,
        ),
        image_size=SIZE,
        prompt_encoder_config=tf.Sam2VideoPromptEncoderConfig(
            hidden_size=128, image_size=SIZE
        ),
        mask_decoder_config=tf.Sam2VideoMaskDecoderConfig(
            hidden_size=128, mlp_dim=2048, iou_head_hidden_dim=256
        ),
        memory_attention_hidden_size=128,
        memory_attention_num_layers=2,
        memory_attention_feed_forward_hidden_size=64,
        memory_attention_rope_feat_sizes=grids[2],
        memory_encoder_hidden_size=128,
        mask_downsampler_embed_dim=128,
        memory_fuser_embed_dim=128,
        memory_fuser_intermediate_dim=512,
        enable_occlusion_spatial_embedding=newer,
        enable_temporal_pos_encoding_for_object_pointers=newer,
    )


def random_state(shapes, seed=0, sharp=2):
    """Random tensors by name, the same on every machine; no part is left at zero.

    The larger `sharp` is, the more masks depend on memories, and on their last bits.
    """
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for name, shape in sorted(shapes.items()):
        noise = torch.randn(shape, generator=generator)
        fan = noise[0].numel() if noise.dim() > 1 else 1
        if "positional_enc" in name or "tpos" in name or "_embed" in name:
            found[name] = 0.3 * noise
        elif "memory_encoder.out_proj" in name or "memory_encoder.projection" in name:
            found[name] = noise
        elif name.endswith("weight") and noise.dim() > 1:
            found[name] = noise / fan**0.5
        elif "norm" in name and name.endswith("weight"):
            found[name] = 1 + 0.2 * noise
        else:
            found[name] = 0.2 * noise
        if "memory_attention" in name and re.search(r"(q|k|v|o|out)_proj.weight", name):
            found[name] *= sharp
    return found


def official_weights(version, shapes):
    """Weights in the layout of official files; objects are not seen everywhere."""
    state = random_state(shapes, seed=1, sharp=5)
    state["sam_mask_decoder.pred_obj_score_head.layers.2.bias"] -= HIDDEN[version]
    return state


def repvit_weights(shapes, seed=2):
    """Random weights of RepViT by name; numbers stay small through its blocks."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for name, shape in sorted(shapes.items()):
        if name.endswith("num_batches_tracked"):
            found[name] = torch.tensor(0)
            continue
        noise = torch.randn(shape, generator=generator)
        if name.endswith("running_var"):
            found[name] = 1 + 0.2 * noise.abs()
        elif noise.dim() > 1:
            found[name] = noise / noise[0].numel() ** 0.5
        else:
            found[name] = 0.3 * name.endswith("bn.weight") + 0.1 * noise
    return found


def with_state(model, state, presence):
    """Load random weights; `presence` moves the model to see its object, or not."""
    shared = "shared_image_embedding.positional_embedding"
    state["prompt_encoder.shared_embedding.positional_embedding"] = state[shared]
    state["mask_decoder.pred_obj_score_head.proj_out.bias"] += presence
    model.load_state_dict(state)
    return model.eval().requires_grad_(False)


@cache
def tiny_model(*, newer=True, seed=0, presence=0.0):
    """A model with random weights; `presence` moves it to see its object, or not."""
    model = _transformers().Sam2VideoModel(tiny_config(newer=newer))
    shapes = {n: v.shape for n, v in model.state_dict().items()}
    state = random_state(shapes, seed)
    return with_state(model, state, presence)


@cache
def tiny_square_t(presence=0.0):
    """SAM 2.1-T in its published sizes, but on a square of 128 pixels."""
    tf = _transformers()
    from napari_sam.backends.sam2.published_sizes import config_of

    config = config_of("sam2.1_t")
    config.image_size = config.prompt_encoder_config.image_size = SIZE
    vision = config.vision_config
    vision.backbone_feature_sizes = [[SIZE // n, SIZE // n] for n in (4, 8, 16)]
    vision.backbone_config.image_size = [SIZE, SIZE]
    config.memory_attention_rope_feat_sizes = vision.backbone_feature_sizes[2]
    model = tf.Sam2VideoModel(config)
    state = random_state({n: v.shape for n, v in model.state_dict().items()}, seed=8)
    return with_state(model, state, presence)


@pytest.fixture(scope="session")
def make_square_t():
    """Return a function that makes a SAM 2.1-T, which its caller may change."""
    _transformers()
    return lambda **options: deepcopy(tiny_square_t(**options))


@pytest.fixture(scope="session")
def make_model():
    """Return a function that makes a tiny model, which its caller may change."""
    _transformers()
    return lambda **options: deepcopy(tiny_model(**options))


def tiny_edgetam_config():
    """EdgeTAM of 128 pixels, whose image encoder has its only size."""
    tf = _transformers()
    from napari_sam.backends.sam2.edgetam import edgetam_config

    published = edgetam_config()
    grids = [[SIZE // n, SIZE // n] for n in (4, 8, 16)]
    return tf.EdgeTamVideoConfig(
        vision_config=tf.Sam2VisionConfig(
            backbone_config=tiny_hiera([1, 1, 1, 1], []),
            backbone_channel_list=published.vision_config.backbone_channel_list,
            backbone_feature_sizes=grids,
            fpn_hidden_size=128,
        ),
        image_size=SIZE,
        prompt_encoder_config=tf.EdgeTamVideoPromptEncoderConfig(
            hidden_size=128, image_size=SIZE
        ),
        mask_decoder_config=tf.EdgeTamVideoMaskDecoderConfig(
            hidden_size=128, mlp_dim=2048, iou_head_hidden_dim=256
        ),
        memory_attention_hidden_size=128,
        memory_attention_num_layers=2,
        memory_attention_mlp_hidden_size=64,
        memory_attention_rope_feat_sizes=grids[2],
        memory_attention_rope_k_sizes=[4, 4],
        perceiver_resampler_num_latents=8,
        perceiver_resampler_num_latents_2d=16,
        memory_encoder_hidden_size=128,
        mask_downsampler_embed_dim=128,
        memory_fuser_embed_dim=128,
        memory_fuser_intermediate_dim=512,
        enable_occlusion_spatial_embedding=False,
        enable_temporal_pos_encoding_for_object_pointers=False,
    )


@cache
def tiny_edgetam(presence=0.0):
    """A model with random weights; `presence` moves it to see its object, or not."""
    _transformers()
    from napari_sam.backends.sam2.edgetam import edgetam_model

    model = edgetam_model(tiny_edgetam_config())
    trunk = "vision_encoder.backbone."
    shapes = {n: v.shape for n, v in model.state_dict().items()}
    own = {n.removeprefix(trunk): s for n, s in shapes.items() if n.startswith(trunk)}
    rest = {n: s for n, s in shapes.items() if not n.startswith(trunk)}
    state = {trunk + n: v for n, v in repvit_weights(own).items()}
    state |= random_state(rest, seed=3)
    return with_state(model, state, presence)


@pytest.fixture(scope="session")
def make_edgetam():
    """Return a function that makes a tiny EdgeTAM, which its caller may change."""
    _transformers()
    return lambda **options: deepcopy(tiny_edgetam(**options))


@pytest.fixture(scope="session")
def backend(make_model):
    """A backend of a tiny model, to be left as it is."""
    from napari_sam.backends.sam2.backend import Sam2Backend

    return Sam2Backend(make_model(), device="cpu", precision="float32")


@pytest.fixture(scope="session")
def official_state():
    """Return a function of a version: a state dict in the layout of official files."""
    shapes = json.loads(Path(__file__).with_name("official.json").read_text())
    return lambda version: official_weights(version, shapes[version])


@pytest.fixture(scope="session")
def make_official(official_state):
    """Return a function of a version: a model with the weights of `official_state`."""
    from napari_sam.backends.sam2.parameter_names import as_in_transformers

    def make(version):
        config = tiny_config(newer=version == "sam2.1")
        model = _transformers().Sam2VideoModel(config)
        model.load_state_dict(as_in_transformers(official_state(version)), strict=True)
        return model.eval()

    return make


@pytest.fixture(scope="session")
def squares():
    """Frames as the image encoder takes them: those of `freeze_official.py`."""
    generator = torch.Generator().manual_seed(7)
    return torch.randn(18, 3, SIZE, SIZE, generator=generator)
