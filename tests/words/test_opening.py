"""Folders that hold models of words, and others."""

import shutil
from functools import partial

import pytest
from safetensors.torch import load_file, save_file

from napari_sam.api import open_concepts
from napari_sam.backends.words.opening import open_words
from napari_sam.core.errors import CheckpointError
from napari_sam.testing import ThresholdBackend


@pytest.mark.parametrize("kind", ["owlv2", "grounding_dino", "clip"])
def test_a_name_is_downloaded_verified_and_opened(kind, request, opened_by_name):
    folder, name = request.getfixturevalue(kind), kind.replace("_", "-")
    first = "model.safetensors"
    others = sorted(one.name for one in folder.iterdir() if one.name != first)
    contents = {f"{name}/{n}": (folder / n).read_bytes() for n in (first, *others)}
    opens = partial(open_concepts, name, ThresholdBackend())
    assert name in opened_by_name(name, contents, opens).concept_model


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"holds no model; expected a folder"):
        open_words(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "sam"}')
    with pytest.raises(CheckpointError, match="holds sam"):
        open_words(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "owlv2"}')
    with pytest.raises(CheckpointError, match="expected a folder"):
        open_words(tmp_path)


def test_half_of_the_weights_are_none(owlv2, tmp_path):
    """transformers would draw what is missing by lot, and go on."""
    folder = tmp_path / "owl"
    shutil.copytree(owlv2, folder)
    state = load_file(folder / "model.safetensors")
    state.pop("class_head.dense0.weight")
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"lacks 1 tensors, .*class_head\.dense0"):
        open_words(folder)


def test_without_a_tokenizer_nothing_is_read(owlv2, tmp_path):
    folder = tmp_path / "owl"
    shutil.copytree(owlv2, folder)
    for name in ("vocab.json", "merges.txt", "tokenizer_config.json"):
        (folder / name).unlink()
    with pytest.raises(CheckpointError, match="holds no tokenizer"):
        open_words(folder)


def test_transformers_draws_no_bars(clip, capfd):
    """Its own bars are on standard error, also of commands that are to be quiet."""
    from transformers.utils import logging

    before = logging.is_progress_bar_enabled()
    open_words(clip, device="cpu")
    assert "Loading" not in capfd.readouterr().err
    assert logging.is_progress_bar_enabled() == before
