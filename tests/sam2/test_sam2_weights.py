import sys

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import napari_sam as sam
from napari_sam.backends.sam2 import published_sizes, weights
from napari_sam.backends.sam2.backend import Sam2Backend
from napari_sam.backends.sam2.parameter_names import as_in_transformers
from napari_sam.backends.weight_files import identify
from napari_sam.core.errors import (
    CheckpointError,
    MissingPackageError,
    TrainingError,
    UnknownModelError,
)
from napari_sam.core.prompts import Prompts
from napari_sam.training.initial_weights import initial_learner


@pytest.fixture
def small(monkeypatch, make_official):
    """Let the names of the size t stand for small models, quick to write and read."""
    size = published_sizes.Size(16, 1, (1, 1, 3, 1), (3,), (8, 4, 8, 4), 4)
    monkeypatch.setitem(published_sizes.SIZES, "t", size)
    configs = {f"{v}_t": make_official(v).config for v in ("sam2.1", "sam2")}
    monkeypatch.setattr(weights, "config_of", configs.__getitem__)


@pytest.mark.parametrize("version", ["sam2.1", "sam2"])
@pytest.mark.parametrize("kind", ["official", "safetensors", "folder"])
def test_every_kind_of_file_opens_by_name_and_by_itself(
    small, tmp_path, official_state, make_official, version, kind
):
    path, state = tmp_path / "weights.pt", official_state(version)
    if kind == "official":
        torch.save({"model": state}, path)
    elif kind == "safetensors":
        save_file(_unshared(as_in_transformers(state)), path)
    else:
        path = tmp_path / "folder"
        make_official(version).save_pretrained(path)
    assert identify(path) == f"{version}_t"
    expected = Sam2Backend(make_official(version), device="cpu", precision="float32")
    for name in (None, f"{version}_t"):
        options = {"device": "cpu", "precision": "float32"}
        opened = sam.load_backend(name, checkpoint=path, **options)
        assert opened.spec.name == f"{version}_t"
        assert opened.fingerprint.split("-")[1] == expected.fingerprint.split("-")[1]
    image = np.random.default_rng(0).integers(0, 256, (50, 60, 3), np.uint8)
    answer = sam.segment(image, Prompts().point(20, 30), axes="yxc", model=opened)
    assert len(answer.candidates) == 3


def test_a_name_is_downloaded_verified_and_opened(
    small, tmp_path, official_state, opened_by_name
):
    torch.save({"model": official_state("sam2.1")}, tmp_path / "t.pt")
    files = {"sam2.1_hiera_tiny.pt": (tmp_path / "t.pt").read_bytes()}
    found = opened_by_name("sam2.1_t", files, lambda: sam.load_backend("sam2.1_t"))
    assert found.spec.name == "sam2.1_t"


def _unshared(state):
    """One of two tensors with the same memory: transformers writes it once, too."""
    state.pop("shared_image_embedding.positional_embedding")
    return state


def test_the_size_must_be_the_one_named(small, tmp_path, official_state):
    path = tmp_path / "weights.pt"
    torch.save({"model": official_state("sam2")}, path)
    with pytest.raises(CheckpointError, match=r"does not hold sam2\.1_t, but sam2_t"):
        sam.load_backend("sam2.1_t", checkpoint=path)
    with pytest.raises(CheckpointError, match="does not hold vit_b, but sam2_t"):
        sam.load_backend("vit_b", checkpoint=path)
    torch.save({"image_encoder.pos_embed": torch.zeros(1)}, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="any other SAM 2"):
        sam.load_backend("sam2_t", checkpoint=tmp_path / "other.pt")
    with pytest.raises(UnknownModelError, match=r"sam2\.1_t, sam2\.1_s"):
        weights.open_sam2("sam2.1_x", path)
    with pytest.raises(CheckpointError, match="checkpoint="):
        weights.open_sam2("sam2.1_t", None)


def test_weights_that_are_missing_or_too_many_are_said(small, tmp_path, official_state):
    state, path = official_state("sam2.1"), tmp_path / "weights.pt"
    del state["memory_encoder.out_proj.weight"]
    state["another.weight"] = torch.zeros(1)
    torch.save({"model": state}, path)
    with pytest.raises(CheckpointError, match=r"memory_encoder\.proj.*another\.weight"):
        sam.load_backend(checkpoint=path)


def test_other_sizes_need_the_folder(tmp_path, make_model, official_state):
    path = tmp_path / "weights.pt"
    torch.save({"model": official_state("sam2.1")}, path)
    with pytest.raises(CheckpointError, match=r"config\.json"):
        sam.load_backend(checkpoint=path)
    folder = tmp_path / "folder"
    make_model().save_pretrained(folder)
    opened = [
        sam.load_backend(checkpoint=p, device="cpu").spec.working_size
        for p in (folder, folder / "model.safetensors")
    ]
    assert opened == [128, 128]
    (folder / "config.json").write_text('{"image_size": 128')
    with pytest.raises(CheckpointError, match=r"config\.json is no configuration"):
        sam.load_backend(checkpoint=folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"no file .*model\.safetensors"):
        sam.load_backend(checkpoint=folder)


def test_without_transformers_the_extra_is_named(
    monkeypatch, small, tmp_path, official_state
):
    path = tmp_path / "weights.pt"
    torch.save({"model": official_state("sam2.1")}, path)
    monkeypatch.setitem(sys.modules, "transformers", None)
    assert identify(path) == "sam2.1_t"
    with pytest.raises(MissingPackageError, match="extra sam2"):
        sam.load_backend("sam2.1_t", checkpoint=path)


def test_what_cannot_be_trained_is_said(small, tmp_path, official_state):
    path = tmp_path / "weights.pt"
    torch.save({"model": official_state("sam2.1")}, path)
    with pytest.raises((CheckpointError, TrainingError), match="cannot be trained"):
        initial_learner(checkpoint=path)


@pytest.mark.parametrize("name", published_sizes.NAMES)
def test_published_sizes_are_those_of_the_paper(make_model, name):
    """Parameters in millions, as table 17 of the paper and the official pages say."""
    from transformers import Sam2VideoModel

    with torch.device("meta"):
        model = Sam2VideoModel(published_sizes.config_of(name))
    millions = sum(p.numel() for p in model.parameters()) / 1e6
    told = {"t": 38.9, "s": 46.0, "b": 80.8, "l": 224.4}[name[-1]]
    assert millions == pytest.approx(told, abs=0.15)
    assert published_sizes.sam2_name(model.state_dict()) == name
