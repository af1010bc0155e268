"""A name is enough: found or downloaded, verified, opened as it was trained."""

import io
import pickle

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import save_file

import napari_sam as sam
from napari_sam import checkpoints
from napari_sam.apps.cli import main
from napari_sam.backends import native
from napari_sam.backends.weight_files import identify, read_weights
from napari_sam.checkpoints import Preprocessing, catalogue
from napari_sam.core import registry
from napari_sam.core.errors import CheckpointError, ModelError, UnknownModelError
from napari_sam.io import read_image, write_labels
from napari_sam.models.config import SamConfig
from napari_sam.models.pocket import Pocket
from napari_sam.models.sam import build_sam
from napari_sam.synthetic import draw_scene

from .conftest import entry_for
from .server import Fault


@pytest.fixture(scope="session")
def state():
    torch.manual_seed(0)
    return build_sam(SamConfig.tiny()).state_dict()


@pytest.fixture(scope="session")
def content(state):
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


@pytest.fixture
def publish(home, server, monkeypatch):
    """Return a function that puts models on the server and on our list."""
    known = []
    monkeypatch.setattr(catalogue, "published", lambda: tuple(known))

    def put(name, content, **changes):
        server.files[f"{name}.pt"] = content
        known.append(entry_for(name, server.url, content, **changes))
        return known[-1]

    return put


def picture(shape=(50, 80)):
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def run(*words):
    return CliRunner().invoke(main, [str(w) for w in words])


SAID = sam.Prompts().point(20, 30)


def test_a_model_is_downloaded_through_faults_and_segments(
    publish, server, content, tmp_path
):
    publish("mine", content)
    server.faults += [
        Fault(status=503),
        Fault(body=b"\0" * len(content)),
        Fault(cut=1_000_000),
        Fault(off_by=3),
        Fault(cut=2_000_000, etag='"old"'),
    ]
    slow = checkpoints.Patience(timeout=20, tries=5, wait=0)
    for _ in checkpoints.iter_download("mine", patience=slow):
        pass
    answer = sam.segment(picture(), SAID, model="mine", device="cpu")
    write_labels(tmp_path / "image.tif", picture())
    words = ("--model", "mine", "--device", "cpu", "--point", "20,30")
    done = run("segment", tmp_path / "image.tif", *words, "-o", tmp_path / "mask.tif")
    assert done.exit_code == 0, done.output
    mask = np.asarray(read_image(tmp_path / "mask.tif").data)
    np.testing.assert_array_equal(mask, answer.full((50, 80)))


def test_the_command_line_downloads_what_is_missing(publish, content, tmp_path):
    publish("mine", content)
    write_labels(tmp_path / "image.tif", picture())
    words = ("--model", "mine", "--point", "20,30", "-o", tmp_path / "mask.tif")
    done = run("segment", tmp_path / "image.tif", *words)
    assert done.exit_code == 0, done.output
    assert "mine.pt: downloading" in done.stderr
    assert "downloading" not in done.stdout


def test_python_says_that_it_downloads(publish, content, caplog):
    publish("mine", content)
    backend = sam.load_backend("mine", device="cpu")
    assert "Downloading mine" in caplog.text
    assert backend.fingerprint.startswith("mine-")


def test_the_architecture_must_be_the_one_that_is_listed(publish, content):
    publish("mine", content, architecture="vit_b")
    with pytest.raises(CheckpointError, match="does not hold vit_b, but"):
        sam.load_backend("mine")


def test_a_name_known_to_nobody_is_met_with_one_of_either_list(publish, content):
    publish("cells", content)
    with pytest.raises(UnknownModelError, match="Did you mean 'cells'"):
        sam.load_backend("cell")
    with pytest.raises(UnknownModelError, match="Did you mean 'pocket'"):
        sam.load_backend("poket")


def test_another_package_may_offer_a_name_of_our_list(publish, content, monkeypatch):
    publish("threshold", content)
    monkeypatch.setattr(registry, "entry_points", _offering("threshold"))
    assert type(sam.load_backend("threshold")).__name__ == "ThresholdBackend"


def _offering(name):
    from importlib.metadata import EntryPoint, EntryPoints

    value = "napari_sam.testing.threshold_backend:open_threshold"
    entries = EntryPoints([EntryPoint(name, value, registry.BACKENDS)])
    return lambda **by: entries.select(**by)


def test_models_are_shown_what_they_were_trained_with(publish, content):
    prepared = Preprocessing("stretch", "unit", (0.0, 100.0))
    publish("mine", content, preprocessing=prepared)
    backend = sam.load_backend("mine", device="cpu", precision="float32")
    assert (backend.fit, backend.values) == ("stretch", "unit")
    pixels = np.linspace(-5.0, 300.0, 64 * 64).reshape(64, 64)
    image = sam.PromptableImage(pixels, backend)
    ((low, high),) = image.appearance.limits
    assert (low, high) == (-5.0, 300.0)
    usual = sam.Appearance.fit(image.frames)
    assert usual.limits != image.appearance.limits


@pytest.mark.parametrize("wrapper", ["model_state", "state_dict"])
def test_a_second_decoder_in_the_file_is_kept(tmp_path, state, wrapper):
    path = tmp_path / "mine.pt"
    wrapped = {f"sam.{name}": value for name, value in state.items()}
    second = {"out_conv.weight": torch.ones(3, 2)}
    torch.save({wrapper: wrapped, "decoder_state": second, "epoch": 3}, path)
    backend = sam.load_backend(checkpoint=path, device="cpu")
    assert list(backend.extras) == ["instance_decoder.out_conv.weight"]
    assert backend.extras["instance_decoder.out_conv.weight"].sum() == 6


def test_a_second_decoder_of_its_own_is_downloaded_and_kept(
    publish, server, content, home
):
    buffer = io.BytesIO()
    torch.save({"out_conv.weight": torch.ones(3, 2)}, buffer)
    server.files["mine_decoder.pt"] = buffer.getvalue()
    decoder = entry_for("mine_decoder", server.url, buffer.getvalue()).weights
    publish("mine", content, decoder=decoder)
    backend = sam.load_backend("mine", device="cpu")
    assert list(backend.extras) == ["instance_decoder.out_conv.weight"]
    (home / "mine_decoder.pt").unlink()
    assert not sam.load_backend("mine", device="cpu").extras


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_a_file_says_itself_what_it_is(tmp_path, state, suffix):
    half = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
    path = tmp_path / f"mine{suffix}"
    (torch.save if suffix == ".pt" else save_file)(half, path)
    assert identify(path) == "sam"
    opened = sam.load_backend(checkpoint=path, device="cpu", precision="float32")
    assert {p.dtype for p in opened.model.parameters()} == {torch.float32}
    answer = sam.segment(picture(), SAID, checkpoint=path, device="cpu")
    assert np.isfinite(answer.score)
    small = tmp_path / "small.safetensors"
    save_file(Pocket().state_dict(), small)
    assert identify(small) == "pocket"
    opened = sam.load_backend(checkpoint=small, device="cpu")
    assert opened.fingerprint.startswith("pocket-")


def test_a_model_of_ones_own_is_opened_by_its_name_everywhere(
    home, tmp_path, state, capsys
):
    path, image = tmp_path / "run7.safetensors", tmp_path / "image.tif"
    save_file(state, path, metadata={"architecture": "sam", "made_by": "a test"})
    added = run("models", "add", path, "--name", "yeast-2", "--note", "yeast")
    assert added.exit_code == 0, added.output
    path.unlink()
    listed = run("models", "list").stdout
    (line,) = [part for part in listed.splitlines() if "yeast-2" in part]
    assert line.startswith("* yeast-2")
    assert line.endswith("yeast")
    answer = sam.segment(picture(), SAID, model="yeast-2", device="cpu")
    write_labels(image, picture())
    words = ("--model", "yeast-2", "--point", "20,30", "--device", "cpu")
    done = run("segment", image, *words, "-o", tmp_path / "mask.tif")
    assert done.exit_code == 0, done.output
    mask = np.asarray(read_image(tmp_path / "mask.tif").data)
    np.testing.assert_array_equal(mask, answer.full((50, 80)))
    assert "a test" in run("models", "info", "yeast-2").stdout
    assert run("models", "remove", "yeast-2", "--yes").exit_code == 0
    assert "yeast-2" not in run("models", "list").stdout
    assert list((home / "own").iterdir()) == []


def test_what_was_fine_tuned_here_is_opened_by_a_name(home, tmp_path, state):
    torch.save(state, tmp_path / "start.pth")
    for part in ("images", "labels"):
        (tmp_path / "cells" / part).mkdir(parents=True)
    for seed in (1, 2):
        scene = draw_scene(seed, size=64)
        write_labels(tmp_path / f"cells/images/{seed}.tif", scene.image[..., 0])
        write_labels(tmp_path / f"cells/labels/{seed}.tif", scene.labels)
    output = tmp_path / "mine.safetensors"
    quick = ("--steps", 1, "--set", "images=1", "--workers", 0, "--device", "cpu")
    trained = run(
        "train", tmp_path / "cells", "--from", tmp_path / "start.pth", "-o", output,
        *quick,
    )  # fmt: skip
    assert trained.exit_code == 0, trained.output
    assert run("models", "add", output, "--name", "yeast").exit_code == 0
    assert "napari-sam" in checkpoints.find("yeast").note
    answer = sam.segment(picture(), SAID, model="yeast", device="cpu")
    words = ("--model", "yeast", "--point", "20,30", "--device", "cpu")
    write_labels(tmp_path / "image.tif", picture())
    done = run("segment", tmp_path / "image.tif", *words, "-o", tmp_path / "mask.tif")
    assert done.exit_code == 0, done.output
    mask = np.asarray(read_image(tmp_path / "mask.tif").data)
    np.testing.assert_array_equal(mask, answer.full((50, 80)))


def test_python_adds_a_file_whose_architecture_shows_when_it_is_opened(tmp_path, state):
    path = tmp_path / "run7.pt"
    torch.save(state, path)
    entry = checkpoints.add(path, "yeast")
    assert entry.architecture is None
    assert sam.load_backend("yeast", device="cpu").fingerprint.startswith("yeast-")


def test_one_of_ones_own_that_changed_on_disk_is_refused(home, tmp_path, state):
    path = tmp_path / "run7.pt"
    torch.save(state, path)
    checkpoints.add(path, "yeast")
    (home / "own" / "yeast.pt").write_bytes(b"changed")
    with pytest.raises(CheckpointError, match="damaged, or another file"):
        sam.load_backend("yeast")
    (home / "own" / "yeast.pt").unlink()
    with pytest.raises(CheckpointError, match="models add FILE --name yeast"):
        sam.load_backend("yeast")


@pytest.mark.parametrize("name", ["../evil", "a/b", "", ".hidden", "two words"])
def test_names_that_are_paths_are_refused(tmp_path, name):
    (tmp_path / "w.pt").write_bytes(b"x")
    with pytest.raises(ModelError, match="cannot be the name"):
        checkpoints.add(tmp_path / "w.pt", name)


def test_names_that_are_taken_are_refused(tmp_path):
    (tmp_path / "w.pt").write_bytes(b"x")
    for name in ("pocket", "medsam", "vit_b"):
        with pytest.raises(ModelError, match="another model"):
            checkpoints.add(tmp_path / "w.pt", name, replace=True)
    checkpoints.add(tmp_path / "w.pt", "mine")
    with pytest.raises(ModelError, match="--replace"):
        checkpoints.add(tmp_path / "w.pt", "mine")
    (tmp_path / "w.safetensors").write_bytes(b"y")
    checkpoints.add(tmp_path / "w.safetensors", "mine", replace=True)
    assert checkpoints.path("mine").name == "mine.safetensors"
    assert not checkpoints.path("mine").with_suffix(".pt").exists()


class Malicious:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.fixture(params=["torch", "bare", "in a wrapper"])
def evil(request, tmp_path):
    """A file that would make another, `harm`, if anybody unpickled it freely."""
    path, harm = tmp_path / "evil.pt", tmp_path / "harm"
    if request.param == "bare":
        path.write_bytes(pickle.dumps(Malicious(harm), protocol=2))
    else:
        wrapped = {"model_state": {}, "trainer": Malicious(harm)}
        torch.save(Malicious(harm) if request.param == "torch" else wrapped, path)
    yield path
    assert not harm.exists()


def test_a_malicious_file_runs_nothing_in_any_door(evil, publish, tmp_path, home):
    says = "can run any program"
    with pytest.raises(CheckpointError, match=says):
        read_weights(evil)
    for options in ({}, {"name": "vit_b"}):
        with pytest.raises(CheckpointError, match=says):
            sam.load_backend(checkpoint=evil, **options)
    with pytest.raises(CheckpointError):
        native.open_backend("pocket", checkpoint=evil)
    publish("mine", evil.read_bytes())
    with pytest.raises(CheckpointError, match=says):
        sam.load_backend("mine")
    checkpoints.add(evil, "python")
    with pytest.raises(CheckpointError, match=says):
        sam.load_backend("python")
    done = run("models", "add", evil, "--name", "shell")
    assert done.exit_code == 2
    assert says in done.stderr
    assert not list((home / "own").glob("shell*"))
    write_labels(tmp_path / "image.tif", picture())
    words = ("--checkpoint", evil, "--point", "1,1", "-o", tmp_path / "mask.tif")
    done = run("segment", tmp_path / "image.tif", *words)
    assert done.exit_code == 2
    assert says in done.stderr


def test_a_malicious_second_decoder_runs_nothing(publish, server, content, tmp_path):
    harm = tmp_path / "harm"
    buffer = io.BytesIO()
    torch.save({"a": Malicious(harm)}, buffer)
    server.files["mine_decoder.pt"] = buffer.getvalue()
    decoder = entry_for("mine_decoder", server.url, buffer.getvalue()).weights
    publish("mine", content, decoder=decoder)
    with pytest.raises(CheckpointError, match="any program"):
        sam.load_backend("mine")
    assert not harm.exists()
