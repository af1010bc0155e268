"""Checkpoints that people have: opened, or told apart by name, by their content."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file, save_file

from napari_sam import load_backend
from napari_sam.apps.cli import main
from napari_sam.checkpoints import models, weights_path
from napari_sam.core.errors import CheckpointError, NapariSamError
from napari_sam.core.home import home


@pytest.fixture(scope="module")
def pocket():
    (entry,) = (m for m in models() if m.name == "pocket")
    return load_file(weights_path(entry))


def prefixed(*prefixes):
    return lambda state: {"".join(prefixes) + n: v for n, v in state.items()}


WRAPPED = {
    "module": prefixed("module."),
    "compiled": prefixed("_orig_mod."),
    "both": prefixed("module.", "_orig_mod."),
    "sam_model": prefixed("sam_model."),
    "Lightning": lambda s: {
        "state_dict": prefixed("model.")(s), "epoch": 3, "hyper_parameters": {}
    },
    "ema": lambda s: {"model_ema": s, "step": 1},
    "net": lambda s: {"net": s},
    "a prefix of no name": prefixed("student.", "backbone."),
    "a key of no name": lambda s: {
        "best_model": s, "optimizer": {"state": {0: {"step": torch.ones(1)}}}
    },
    "losses beside": lambda s: {**prefixed("model.")(s), "loss.w": torch.ones(2)},
    "deeper": lambda s: {"ema": {"state_dict": prefixed("module.")(s)}},
}  # fmt: skip


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
def test_wrappers_are_seen_through(pocket, tmp_path, wrap):
    path = tmp_path / "weights.pth"
    torch.save(wrap(pocket), path)
    assert load_backend(checkpoint=path).fingerprint == load_backend().fingerprint


def test_safetensors_are_known_under_any_suffix(pocket, tmp_path):
    path = tmp_path / "weights.pt"
    save_file(pocket, path)
    assert load_backend(checkpoint=path).fingerprint == load_backend().fingerprint


def transformers_names(state):
    return {"vision_encoder.patch_embed.weight": torch.zeros(3)}


OTHERS = {
    "Git LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "LFS"),
    "a page": (b"\n<!DOCTYPE html><html>log in</html>", "HTML"),
    "empty": (b"", "empty"),
    "gzip": (b"\x1f\x8b\x08\x00rest", "gzip"),
    "text": (b"hello", "cannot be read|damaged"),
    "JSON": (b'{"a": 1}', "JSON"),
    "an exported graph": (b"\x08\x07\x12\x07pytorch" + bytes(99), "ONNX"),
    "another format": (b"GGUF\x03" + bytes(99), "GGUF"),
    "zeros": (bytes(4096), "cannot be read|damaged"),
    "a zip": (b"PK\x03\x04" + bytes(200), "cannot be read|damaged"),
    "a long head": (b"\xff" * 8 + b"{" + bytes(99), "cannot be read|damaged"),
}


@pytest.mark.parametrize(("content", "words"), OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("suffix", [".pt", ".safetensors", ""])
def test_what_is_no_weights_is_named(tmp_path, content, words, suffix):
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(content)
    for name in (None, "pocket"):
        with pytest.raises(CheckpointError, match=words) as refused:
            load_backend(name, checkpoint=path)
        assert "\n" not in str(refused.value)


def test_the_names_of_transformers_are_told(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file(transformers_names(None), path)
    with pytest.raises(CheckpointError, match="transformers"):
        load_backend(checkpoint=path)


@pytest.mark.parametrize(
    ("wrap", "words"),
    [
        (lambda s: {"a": s, "b": s}, "several state dicts: a, b"),
        (lambda s: {n: v.to("meta") for n, v in s.items()}, "without values"),
        (lambda s: list(s.values()), "no state dict"),
    ],
)
def test_what_is_not_one_model_is_named(pocket, tmp_path, wrap, words):
    torch.save(wrap(pocket), tmp_path / "weights.pt")
    with pytest.raises(CheckpointError, match=words):
        load_backend(checkpoint=tmp_path / "weights.pt")


def test_bits_that_flipped_are_our_error(pocket, tmp_path):
    path = tmp_path / "weights.pt"
    torch.save(pocket, path)
    content = path.read_bytes()
    rng = np.random.default_rng(1)
    for at in rng.integers(len(content), size=12):
        broken = bytearray(content)
        broken[at : at + 64] = rng.bytes(64)
        path.write_bytes(bytes(broken))
        try:
            load_backend(checkpoint=path)
        except NapariSamError as refused:
            text = str(refused)
            assert "\n" not in text


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_refused(pocket, tmp_path, value):
    state = {n: v.clone() for n, v in pocket.items()}
    name = next(n for n, v in state.items() if v.is_floating_point())
    state[name].view(-1)[0] = value
    path = tmp_path / "weights.safetensors"
    save_file(state, path)
    with pytest.raises(CheckpointError, match="not finite"):
        load_backend(checkpoint=path)


@pytest.fixture
def at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_SAM_HOME", str(tmp_path / "home"))
    return tmp_path


def test_only_what_decodes_is_added(pocket, at_home):
    path = at_home / "mine.pt"
    torch.save({"module." + n: v for n, v in pocket.items()}, path)
    done = CliRunner().invoke(main, ["models", "add", str(path), "--name", "mine"])
    assert done.exit_code == 0, done.output
    assert (
        load_backend("mine").fingerprint.split("-")[1:]
        == (load_backend().fingerprint.split("-")[1:])
    )
    (home() / "models" / "own" / "mine.json").rename(at_home / "mine.json")
    broken = {n: v for n, v in pocket.items() if "decoder.iou_token" in n}
    torch.save(broken, path)
    done = CliRunner().invoke(main, ["models", "add", str(path), "--name", "half"])
    assert done.exit_code == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "half" not in [m.name for m in models()]


@pytest.mark.parametrize(
    "about",
    [
        "[" * 100_000, "[]", "3",
        '{"file": "a.pt", "architecture": "sam", "hash": "x", '
        '"size": 1e999, "note": ""}', '{"file": 3, "architecture": [], "hash": {}, '
        '"size": -1, "note": null}', '{"file": "a.pt", "architecture": "sam", '
        '"hash": "x", "size": 99999999999999999999999, "note": ""}',
    ],
)  # fmt: skip
def test_one_odd_description_ends_no_list(at_home, about):
    folder = home() / "models" / "own"
    folder.mkdir(parents=True)
    (folder / "odd.json").write_text(about)
    done = CliRunner().invoke(main, ["models", "list"])
    assert done.exit_code == 0, done.output
    assert "pocket" in done.output
    assert json.loads(CliRunner().invoke(main, ["models", "list", "--json"]).stdout)
