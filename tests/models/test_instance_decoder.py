"""The instance decoder of micro-sam: its maps, and what of a file it takes.

The reference below is written from the description of the published layers alone, as
functions of the tensors by their published names: it shares no code with the model.
"""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from napari_sam.backends.sam import SamBackend
from napari_sam.core.errors import ModelError
from napari_sam.models.config import SamConfig, VitConfig
from napari_sam.models.instance_decoder import (
    InstanceDecoder,
    instance_decoder_from_state,
)
from napari_sam.models.sam import Sam
from napari_sam.testing import InstanceTests


def reference(state, embedding):
    """The maps, from tensors by their names."""

    def conv(name, x, padding=1):
        weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
        return F.conv2d(x, weight, bias, padding=padding)

    def up(name, x):
        if f"{name}.block.weight" in state:
            weight, bias = state[f"{name}.block.weight"], state[f"{name}.block.bias"]
            return F.conv_transpose2d(x, weight, bias, stride=2)
        larger = F.interpolate(x, scale_factor=2.0, mode="bilinear")
        return conv(f"{name}.conv", larger, padding=0)

    def convs(name, x):
        for i in (1, 4):
            mean = x.mean((2, 3), keepdim=True)
            spread = (x.var((2, 3), keepdim=True, unbiased=False) + 1e-5).sqrt()
            x = conv(f"{name}.block.{i}", (x - mean) / spread).relu()
        return x

    def branch(name, x):
        x = conv(f"{name}.block.1.block", up(f"{name}.block.0", x))
        norm = [state[f"{name}.block.2.{n}"][None, :, None, None]
                for n in ("running_mean", "running_var", "weight", "bias")]  # fmt: skip
        return ((x - norm[0]) / (norm[1] + 1e-5).sqrt() * norm[2] + norm[3]).relu()

    z9 = branch("deconv1", embedding)
    z6 = branch("deconv2", z9)
    z3 = branch("deconv3", z6)
    z0 = branch("deconv4", z3)
    x = convs("base", embedding)
    for i, (z, cut) in enumerate(((z9, 128), (z6, 64), (z3, 32))):
        x = up(f"decoder.samplers.{i}", x)
        x = convs(f"decoder.blocks.{i}", torch.cat([x, z[:, cut:-cut]], 1))
    x = torch.cat([up("deconv_out", x), z0], 1)
    return conv("out_conv", convs("decoder_head", x), padding=0).sigmoid()


def random_decoder(channels=32, **options):
    torch.manual_seed(0)
    model = InstanceDecoder(channels, **options).eval()
    for name, value in model.named_buffers():
        if name.endswith("running_mean"):
            value.normal_(0, 0.2)
        elif name.endswith("running_var"):
            value.uniform_(0.5, 2)
    return model


@pytest.mark.parametrize("branches", [False, True])
@pytest.mark.parametrize("transposed", [False, True])
def test_maps_are_those_of_the_published_layers(branches, transposed):
    model = random_decoder(transposed_branches=branches, transposed=transposed)
    embedding = torch.randn(1, 32, 4, 4)
    loaded = instance_decoder_from_state(model.state_dict())
    with torch.no_grad():
        found = loaded(embedding)
        expected = reference(model.state_dict(), embedding)
    assert found.shape == (1, 3, 64, 64)
    torch.testing.assert_close(found, expected, atol=2e-5, rtol=1e-4)


def test_other_decoders_are_none_of_ours_and_damaged_ones_are_not_used(caplog):
    assert instance_decoder_from_state({}) is None
    assert instance_decoder_from_state({"out_conv.weight": torch.ones(3, 2)}) is None
    state = dict(random_decoder().state_dict())
    del state["decoder.blocks.1.block.4.bias"]
    with pytest.raises(ValueError, match=r"1 tensors .*decoder.blocks.1.block.4.bias"):
        instance_decoder_from_state(state)
    extras = {f"instance_decoder.{name}": value for name, value in state.items()}
    backend = small_backend(extras)  # clicks do without
    assert "decoder.blocks.1.block.4.bias" in caplog.text
    assert "instances" not in backend.spec.capabilities
    (embedding,) = backend.encode([np.zeros((64, 64, 3), np.uint8)])
    with pytest.raises(
        ModelError, match=r"decoder.blocks.1.block.4.bias.* method=grid"
    ):
        backend.instance_maps(embedding)


def small_backend(extras):
    torch.manual_seed(1)
    encoder = VitConfig(depth=1, embed_dim=32, num_heads=2, global_attn_indexes=(0,))
    return SamBackend(Sam(SamConfig(image_size=64, encoder=encoder)), extras=extras,
                      device="cpu")  # fmt: skip


class TestSamWithADecoder(InstanceTests):
    def make_backend(self):
        state = random_decoder(256).state_dict()
        extras = {f"instance_decoder.{name}": value for name, value in state.items()}
        return small_backend(extras)


def test_distances_are_shares_of_the_largest_as_ours():
    """Published distances are 0 at the centre; ours are 1 there."""
    backend = TestSamWithADecoder().make_backend()
    (embedding,) = backend.encode([np.zeros((64, 64, 3), np.uint8)])
    maps = backend.instance_maps(embedding).values
    state = {n.removeprefix("instance_decoder."): v for n, v in backend.extras.items()}
    image = torch.from_numpy(np.array(embedding["image"]))[None]
    foreground, centre, boundary = reference(state, image)[0].numpy()
    np.testing.assert_allclose(maps[0], foreground, atol=1e-4)
    np.testing.assert_allclose(maps[1], 1 - boundary, atol=1e-4)
    np.testing.assert_allclose(maps[2], 1 - centre, atol=1e-4)


def test_without_a_decoder_there_are_no_instances():
    backend = small_backend({})
    assert "instances" not in backend.spec.capabilities
    (embedding,) = backend.encode([np.zeros((64, 64, 3), np.uint8)])
    with pytest.raises(ModelError, match="no instance decoder"):
        backend.instance_maps(embedding)
