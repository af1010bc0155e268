"""EdgeTAM: its image encoder beside timm's, its names, its files, and prompts."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import napari_sam as sam
from napari_sam.backends.sam2 import edgetam, edgetam_weights
from napari_sam.backends.sam2.edgetam import EdgeTamBackend
from napari_sam.backends.sam2.edgetam_names import edgetam_state, is_edgetam
from napari_sam.backends.weight_files import identify
from napari_sam.core.errors import CheckpointError
from napari_sam.core.prompts import Prompts
from napari_sam.models.repvit import RepVit, for_inference
from napari_sam.testing import BackendTests

HERE = Path(__file__).parent
TRUNK = "vision_encoder.backbone."
#: Parts of a layer of the perceiver: officially, and with shapes.
PERCEIVER = {
    "attn.norm_x.weight": (64,), "attn.norm_x.bias": (64,),
    "attn.norm_latents.weight": (64,), "attn.norm_latents.bias": (64,),
    "attn.to_q.weight": (64, 64), "attn.to_kv.weight": (128, 64),
    "attn.to_out.weight": (64, 64), "ff.0.weight": (64,), "ff.0.bias": (64,),
    "ff.1.weight": (256, 64), "ff.3.weight": (64, 256),
    "self_attn.norm.weight": (64,), "self_attn.norm.bias": (64,),
    "self_attn.to_q.weight": (64, 64), "self_attn.to_kv.weight": (128, 64),
    "self_attn.to_out.weight": (64, 64), "self_ff.0.weight": (64,),
    "self_ff.0.bias": (64,), "self_ff.1.weight": (256, 64),
    "self_ff.3.weight": (64, 256),
}  # fmt: skip


@pytest.fixture(scope="module")
def model(make_edgetam):
    return make_edgetam()


@pytest.fixture(scope="module")
def backend(make_edgetam):
    return EdgeTamBackend(make_edgetam(), device="cpu", precision="float32")


class TestEdgeTam(BackendTests):
    @pytest.fixture(autouse=True)
    def _backend(self, backend):
        self.backend = backend

    def make_backend(self):
        return self.backend


@pytest.fixture(scope="module")
def trunk(model):
    """The image encoder alone, with the weights of `freeze_repvit.py`."""
    found = RepVit()
    found.load_state_dict(model.vision_encoder.backbone.state_dict())
    return found.eval()


def test_the_image_encoder_is_that_of_timm(trunk):
    """Numbers that `freeze_repvit.py` has written down; and one convolution a group."""
    expected = np.load(HERE / "repvit.npz")
    image = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(5))
    for _ in range(2):
        with torch.inference_mode():
            found = trunk(image)
        for i, level in enumerate(found):
            theirs = expected[f"stage_{i}"]
            scale = max(1, np.abs(theirs).max())
            np.testing.assert_allclose(level[0, :8], theirs, rtol=0, atol=1e-5 * scale)
        count = sum(isinstance(m, torch.nn.BatchNorm2d) for m in trunk.modules())
        for_inference(trunk)
        assert count > 100 or _ == 1
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in trunk.modules())


def official(model):
    """The tiny model under official names, as far as shapes go."""
    shapes = json.loads((HERE / "official.json").read_text())["sam2"]
    gone = ("image_encoder.trunk.", "image_encoder.neck.")
    found = {n: s for n, s in shapes.items() if not n.startswith(gone)}
    state = model.state_dict()
    for name, value in state.items():
        if name.startswith(TRUNK):
            found[f"image_encoder.trunk.body.{name.removeprefix(TRUNK)}"] = value.shape
        elif name.startswith("vision_encoder.neck.convs."):
            _, _, _, index, kind = name.split(".")
            found[f"image_encoder.neck.convs.{index}.conv.{kind}"] = value.shape
    for i in (0, 1):
        layer = f"spatial_perceiver.layers.{i}."
        found |= {layer + name: shape for name, shape in PERCEIVER.items()}
    names = ("latents", "latents_2d", "norm.weight", "norm.bias")
    sides = ((8, 64), (16, 64), (64,), (64,))
    found |= {f"spatial_perceiver.{n}": s for n, s in zip(names, sides, strict=True)}
    generator = torch.Generator().manual_seed(0)
    return {n: torch.randn(s, generator=generator) for n, s in found.items()}


def test_the_official_names_are_known_without_a_rest(model):
    state = official(model)
    assert len(state) == 982
    assert is_edgetam(state)
    renamed, own = edgetam_state(state), model.state_dict()
    assert renamed.keys() == own.keys()
    assert all(renamed[n].shape == own[n].shape for n in own)
    both = state["spatial_perceiver.layers.1.self_attn.to_kv.weight"]
    kept = "spatial_perceiver.layers.1.self_attention.v_proj.weight"
    np.testing.assert_array_equal(renamed[kept], both[64:])


@pytest.fixture
def small(monkeypatch, make_edgetam):
    """Let the published size be the tiny one."""
    config = make_edgetam().config
    monkeypatch.setattr(edgetam, "edgetam_config", lambda: config)


@pytest.mark.parametrize("kind", ["official", "transformers"])
def test_files_open_by_name_and_by_themselves(small, model, tmp_path, kind):
    if kind == "official":
        path = tmp_path / "edgetam.pt"
        torch.save({"model": official(model)}, path)
    else:
        path = tmp_path / "model.safetensors"
        state = {
            n.replace(TRUNK, f"{TRUNK}timm_model."): v.clone()
            for n, v in model.state_dict().items()
        }
        save_file(state, path)
    assert identify(path) == "edgetam"
    options = {"checkpoint": path, "device": "cpu", "precision": "float32"}
    named, found = sam.load_backend("edgetam", **options), sam.load_backend(**options)
    assert named.fingerprint == found.fingerprint
    assert named.spec.capabilities == {"video"}
    image = np.random.default_rng(0).integers(0, 256, (50, 60, 3), np.uint8)
    answer = sam.segment(image, Prompts().point(20, 30), axes="yxc", model=named)
    assert len(answer.candidates) == 3


def test_a_name_is_downloaded_verified_and_opened(
    small, model, tmp_path, opened_by_name
):
    torch.save({"model": official(model)}, tmp_path / "tiny.pt")
    files = {"edgetam.pt": (tmp_path / "tiny.pt").read_bytes()}
    found = opened_by_name("edgetam", files, lambda: sam.load_backend("edgetam"))
    assert found.spec.name == "edgetam"


def test_what_does_not_fit_is_named(small, model, tmp_path):
    path, state = tmp_path / "edgetam.pt", official(model)
    state["another.weight"] = state.pop("spatial_perceiver.latents_2d")
    torch.save({"model": state}, path)
    with pytest.raises(CheckpointError, match=r"latents_2d.*another\.weight"):
        sam.load_backend("edgetam", checkpoint=path)
    torch.save({"image_encoder.pos_embed": torch.zeros(1)}, path)
    with pytest.raises(CheckpointError, match="does not hold EdgeTAM"):
        sam.load_backend("edgetam", checkpoint=path)
    with pytest.raises(CheckpointError, match="checkpoint="):
        edgetam_weights.open_edgetam("edgetam", None)


def test_the_published_size_is_that_of_the_paper():
    with torch.device("meta"):
        published = edgetam.edgetam_model(edgetam.edgetam_config())
    millions = sum(p.numel() for p in published.parameters()) / 1e6
    assert millions == pytest.approx(13.9, abs=0.05)
