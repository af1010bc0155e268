"""Folders of SAM 3, and its licence, which a person accepts once."""

import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.torch import load_file, save_file

import napari_sam as sam
from napari_sam.apps.cli import main
from napari_sam.backends.licences import is_accepted
from napari_sam.backends.weight_files import identify
from napari_sam.core.errors import CheckpointError, UnknownModelError
from napari_sam.core.prompts import Prompts


def test_its_licence_is_shown_first(sam3_folder):
    with pytest.raises(CheckpointError) as refused:
        sam.load_backend("sam3", checkpoint=sam3_folder, device="cpu")
    said = str(refused.value)
    for part in (
        "SAM License",
        str(sam3_folder / "LICENSE"),
        "github.com",
        "models accept",
    ):
        assert part in said


def test_accepted_once_it_opens(sam3_folder):
    path = sam.accept_licence("sam3", folder=sam3_folder)
    noted = json.loads(path.read_text())
    assert noted["licence"] == "SAM License"
    assert len(noted["sha256"]) == 64
    opened = sam.load_backend("sam3", checkpoint=sam3_folder, device="cpu")
    image = np.random.default_rng(0).integers(0, 256, (50, 60, 3), np.uint8)
    answer = sam.segment(image, Prompts().point(20, 30), axes="yxc", model=opened)
    assert len(answer.candidates) == 3
    path.unlink()
    assert not is_accepted("sam3")


def test_by_its_file_and_without_a_name(accepted, sam3_folder):
    file = sam3_folder / "model.safetensors"
    assert identify(sam3_folder) == identify(file) == "sam3"
    opened = sam.load_backend(checkpoint=file, device="cpu", precision="float32")
    assert opened.spec.name == "sam3"
    assert opened.spec.working_size == 112


def test_the_command_shows_the_text_and_asks(sam3_folder):
    asked = ["models", "accept", "sam3", "--folder", str(sam3_folder)]
    refused = CliRunner().invoke(main, asked, input="n\n")
    assert refused.exit_code == 1
    assert "You agree to this and that" in refused.output
    assert not is_accepted("sam3")
    done = CliRunner().invoke(main, [*asked, "--yes"])
    assert done.exit_code == 0
    assert is_accepted("sam3")


def test_others_ask_for_nothing(accepted):
    with pytest.raises(UnknownModelError, match="accept a licence"):
        sam.accept_licence("pocket")


def test_nothing_is_downloaded():
    with pytest.raises(CheckpointError, match=r"huggingface\.co/facebook/sam3"):
        sam.load_backend("sam3")


def test_what_does_not_fit_is_named(accepted, sam3_folder, tmp_path):
    with pytest.raises(CheckpointError, match=r"holds no model; expected the folder"):
        sam.load_backend("sam3", checkpoint=tmp_path)
    other = tmp_path / "sam3"
    shutil.copytree(sam3_folder, other)
    state = load_file(other / "model.safetensors")
    state["another.weight"] = state.pop("detector_model.text_projection.weight")
    save_file(state, other / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"text_projection.*another\.weight"):
        sam.load_backend("sam3", checkpoint=other)
    (other / "config.json").write_text(
        '{"model_type": "sam3_video", "detector_config": 3}'
    )
    with pytest.raises(CheckpointError, match="no configuration of SAM 3"):
        sam.load_backend("sam3", checkpoint=other)
