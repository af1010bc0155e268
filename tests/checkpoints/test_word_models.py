"""Models of words are folders, downloaded and verified as other checkpoints are."""

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from napari_sam import checkpoints
from napari_sam.api import open_concepts
from napari_sam.apps.cli import main
from napari_sam.checkpoints import Download, ModelEntry, Patience, catalogue
from napari_sam.core.errors import CheckpointError, ModelError
from napari_sam.core.progress import drain
from napari_sam.testing import ColourConcepts, ThresholdBackend

from .server import Fault

QUICK = Patience(timeout=10, tries=3, wait=0.0)
PAGES = Path(__file__).parents[2] / "docs" / "models"


def fetch(**options):
    return drain(checkpoints.iter_download("owl", patience=QUICK, **options))


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def folder(home):
    return home / "owl-tiny"


@pytest.fixture
def owl(home, server, payload, monkeypatch):
    """The model of words "owl", of three files on the server."""
    contents = {"model.safetensors": payload, "config.json": b"{}", "vocab.json": b"[]"}
    files = []
    for name, content in contents.items():
        server.files[f"owl-tiny/{name}"] = content
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        url = f"{server.url}/owl-tiny/{name}"
        files.append(Download(f"owl-tiny/{name}", url, digest, len(content)))
    made = ModelEntry(
        "owl", "owlv2", "tests", files[0], licence="MIT", files=tuple(files[1:])
    )
    monkeypatch.setattr(catalogue, "published_words", lambda: (made,))
    return made


def test_a_model_is_a_folder_of_verified_files(owl, server, folder, payload):
    assert not checkpoints.is_here(owl)
    with pytest.raises(CheckpointError, match="napari-sam models download owl"):
        checkpoints.path("owl")
    assert fetch() == folder
    assert (folder / "model.safetensors").read_bytes() == payload
    assert checkpoints.is_here(owl)
    assert checkpoints.path("owl") == folder
    asked = len(server.asked)
    assert fetch() == folder
    assert len(server.asked) == asked == 3


@pytest.mark.parametrize("file", ["model.safetensors", "config.json"])
def test_a_file_that_was_changed_or_is_gone_is_not_used(owl, folder, file):
    fetch()
    (folder / file).write_bytes(b"other")
    with pytest.raises(CheckpointError, match="is damaged, or another file"):
        checkpoints.path("owl")
    wrong = [one for one in checkpoints.verify() if not one.is_right]
    assert [one.path for one in wrong] == [folder / file]
    (folder / file).unlink()
    assert not checkpoints.is_here(owl)
    fetch()
    assert all(one.is_right for one in checkpoints.verify("owl"))


def test_a_download_that_was_cut_goes_on(owl, server, folder, payload):
    work = checkpoints.iter_download("owl", patience=QUICK)
    for step in work:
        if 0 < step.done < len(payload):
            break
    work.close()
    assert not checkpoints.is_here(owl)
    fetch()
    assert server.asked[1][1] is not None  # the second request is for the rest
    assert (folder / "model.safetensors").read_bytes() == payload


def test_other_bytes_are_never_kept(owl, server, folder):
    server.faults += [Fault(), *[Fault(body=b"<html>log in</html>")] * 9]
    with pytest.raises(CheckpointError, match=r"is not owl-tiny/config.json: expected"):
        fetch()
    assert not (folder / "config.json").exists()
    assert not checkpoints.is_here(owl)


def test_a_mirror_has_the_same_names_and_no_network_is_said(
    owl, server, folder, tmp_path, monkeypatch
):
    monkeypatch.setenv("NAPARI_SAM_OFFLINE", "1")
    with pytest.raises(CheckpointError, match="NAPARI_SAM_OFFLINE"):
        fetch()
    for name, content in server.files.items():
        (tmp_path / "stick" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "stick" / name).write_bytes(content)
    assert fetch(mirror=str(tmp_path / "stick")) == folder
    assert server.asked == []


def test_the_commands_know_them(owl, folder, payload):
    listed = run("models", "list").stdout
    assert re.search(r"  owl +500 KB  MIT +tests", listed), listed
    done = run("models", "download", "owl")
    assert done.exit_code == 0, done.output
    assert done.stdout == run("models", "path", "owl").stdout == f"{folder}\n"
    assert "* owl" in run("models", "list").stdout
    assert str(folder) in run("models", "info", "owl").stdout
    assert run("models", "verify", "owl").exit_code == 0
    assert run("models", "remove", "owl").exit_code == 0
    assert not checkpoints.is_here(owl)
    file = folder.parent / "mine.pt"
    file.write_bytes(b"x")
    with pytest.raises(ModelError, match="name of another model"):
        checkpoints.add(file, "owl")


def test_a_name_is_downloaded_and_a_folder_is_opened_as_it_is(
    owl, folder, server, tmp_path, monkeypatch
):
    opened = []

    def open_words(place):
        opened.append(place)
        return ColourConcepts()

    monkeypatch.setattr("napari_sam.backends.words.opening.open_words", open_words)
    assert open_concepts("owl", ThresholdBackend()).concept_model == "colours"
    assert open_concepts(Path("owl"), ThresholdBackend()).concept_model == "colours"
    open_concepts(tmp_path, ThresholdBackend())
    assert opened == [folder, folder, tmp_path]
    assert len(server.asked) == 3
    with pytest.raises(ModelError, match=r"no folder .*cat.* Known: owl"):
        open_concepts("cat", ThresholdBackend())


@pytest.mark.parametrize("model", checkpoints.word_models(), ids=lambda m: m.name)
def test_an_entry_is_whole(model):
    assert model.architecture in {"owlv2", "grounding-dino", "clip"}
    assert model.citations
    names = {Path(file.file).name for file in model.needed}
    assert {"config.json", "model.safetensors", "tokenizer_config.json"} <= names
    assert names & {"tokenizer.json", "vocab.json"}
    assert len({Path(file.file).parent for file in model.needed}) == 1
    for file in model.downloads:
        # Each file is of one revision, that of its address.
        assert re.match(r"https://huggingface.co/\S+/resolve/[0-9a-f]{40}/", file.url)
        assert file.url.endswith(f"/{Path(file.file).name}")
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", file.hash)
        assert file.size
    folder = f"`{Path(model.weights.file).parent}`"
    row = f"| `{model.name}` | {folder} | {model.licence} |"
    assert row in (PAGES / "words.md").read_text(), f"paste: {row}"


def test_no_name_is_that_of_a_model_of_masks():
    names = [m.name for m in (*checkpoints.models(), *checkpoints.word_models())]
    assert len(set(names)) == len(names)
    entry = replace(checkpoints.find("clip"), own=True)
    assert entry.files
