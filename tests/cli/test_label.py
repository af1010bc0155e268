"""``napari-sam label``, as a person types it."""

import json

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner

import napari_sam as sam
from napari_sam.api import improvement
from napari_sam.apps.cli import main
from napari_sam.core.progress import Progress
from napari_sam.session import ObjectInfo, actions
from napari_sam.session.persistence.record import Record, write_record
from napari_sam.testing import InstanceThresholdBackend


def run(*args):
    return CliRunner().invoke(main, [str(a) for a in args])


@pytest.fixture(autouse=True)
def _a_model_that_finds_instances(threshold_model, monkeypatch):
    monkeypatch.setattr(
        "napari_sam.api.load_backend", lambda *_, **__: InstanceThresholdBackend()
    )


@pytest.fixture
def folder(tmp_path):
    """Three squares and two bars on each of two images."""
    pixels = np.zeros((64, 64), np.uint8)
    for k in range(3):
        pixels[4:10, 4 + 20 * k : 10 + 20 * k] = 200
    pixels[30:35, 4:44] = pixels[44:49, 4:44] = 200
    images = tmp_path / "images"
    images.mkdir()
    for name in ("a", "b"):
        tifffile.imwrite(images / f"{name}.tif", pixels)
    return images


def test_points_and_boxes_say_the_classes(folder, tmp_path):
    out = tmp_path / "out"
    given = ("--class", "square=7,7", "--class", "bar=30,4,35,44", "--on", "a.tif")
    result = run("label", folder, "-o", out, *given)
    assert result.exit_code == 0, result.output
    assert "2 written, 0 there" in result.stdout
    assert "4 bar" in result.stdout
    assert "6 square" in result.stdout
    again = run("label", folder, "-o", out, *given)
    assert "0 written, 2 there" in again.stdout


def test_sizes_in_a_unit_are_those_of_each_image(folder, tmp_path):
    half = ("--scale", "y=0.5,x=0.5", "--unit", "um")  # 9 µm² and 50 µm²
    given = ("--class", "bar=30,4,35,44", "--on", "a.tif", *half)
    sizes = ("--smallest", 10, "--size-unit", "um2")
    result = run("label", folder, "-o", tmp_path / "out", *given, *sizes)
    assert result.exit_code == 0, result.output
    labels = tifffile.imread(tmp_path / "out" / "labels" / "b.tif")
    assert np.bincount(labels.ravel())[1:].tolist() == [200, 200]


def test_files_say_the_classes(folder, tmp_path):
    labels = np.zeros((64, 64), np.uint8)
    labels[4:10, 4:10], labels[4:10, 24:30] = 1, 2
    tifffile.imwrite(tmp_path / "squares.tif", labels)
    prompts = tmp_path / "bars.json"
    prompts.write_text(json.dumps({}))
    given = ("--class", f"square={tmp_path / 'squares.tif'}", "--unwanted", "32,20")
    result = run("label", folder, "-o", tmp_path / "out", *given, "--on", "b.tif")
    assert result.exit_code == 0, result.output
    assert "6 square" in result.stdout
    assert "bar" not in result.stdout


def test_a_table_of_examples_names_their_classes(folder, tmp_path):
    table = tmp_path / "examples.csv"
    table.write_text("object,row,col,class\n1,7,7,square\n2,32,20,bar\n")
    given = ("--examples", table, "--on", folder / "a.tif")
    result = run("label", folder, "-o", tmp_path / "out", *given)
    assert result.exit_code == 0, result.output
    assert "4 bar" in result.stdout


def test_status_tells_what_there_is_and_what_is_flagged(folder, tmp_path):
    out = tmp_path / "out"
    run("label", folder, "-o", out, "--class", "thing=7,7", "--on", "a.tif")
    with sam.LabelledDataset(out) as dataset:
        dataset.reject(dataset.most_uncertain(1)[0])
    result = run("label", "--status", out)
    assert result.exit_code == 0, result.output
    assert "2 images, 10 objects: 8 found, 1 accepted, 1 rejected" in result.stdout
    assert "9 thing" in result.stdout
    assert "uncertainty" in result.stdout


def test_two_data_sets_are_compared(folder, tmp_path):
    for name in ("one", "two"):
        run("label", folder, "-o", tmp_path / name)
    with sam.LabelledDataset(tmp_path / "two") as dataset:
        dataset.reject(dataset.most_uncertain(1)[0])
    result = run("label", "--compare", tmp_path / "one", tmp_path / "two")
    assert result.exit_code == 0, result.output
    assert "9 objects in both, 1 only in" in result.stdout
    assert "mean IoU 1.00" in result.stdout


def test_two_sessions_are_compared(folder, tmp_path):
    image = folder / "a.tif"
    pixels = tifffile.imread(image)
    whole = (pixels > 0).astype(np.int32)
    whole[30:] *= 2
    part = np.where(np.arange(64) < 34, whole, 0)
    files = tmp_path / "one.session.json", tmp_path / "two.session.json"
    for labels, file in zip((whole, part), files, strict=True):
        promptable = sam.PromptableImage(pixels, InstanceThresholdBackend())
        session = sam.AnnotationSession(promptable, labels=labels)
        for number, category in ((1, "square"), (2, "bar")):
            info = ObjectInfo(category=category)
            session.execute(actions.SetInfo(number, info))
        write_record(Record.of(session), file)
    result = run("label", image, "--compare", *files)
    assert result.exit_code == 0, result.output
    assert "1 image: 2 objects in both, 0 only in" in result.stdout
    assert "mean IoU 0.71" in result.stdout  # two of three squares; 300 of 400
    assert "  bar: F1 1.00" in result.stdout
    without = run("label", "--compare", *files)
    assert without.exit_code == 2
    assert "Name its file before --compare." in without.stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--class", "square=7,7"), "--on IMAGE"),
        (("--class", "square", "--on", "a.tif"), "expected NAME=ROW,COL"),
        (("--class", "square=7,7,7", "--on", "a.tif"), "expected ROW,COL or TOP"),
        (("--class", "square=none.tif", "--on", "a.tif"), "a file that is there"),
        (("--class", "square=7,7", "--on", "z.tif"), "no such image"),
        (("--unwanted", "7,7", "--on", "a.tif"), "No example of any class"),
        (("--class", "square=7,700", "--on", "a.tif"), "outside"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(folder, tmp_path, given, said):
    result = run("label", folder, "-o", tmp_path / "out", *given)
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_nothing_to_do_is_said(tmp_path):
    assert "-o FOLDER" in run("label", "-o", tmp_path / "out").stderr


def test_a_model_learns_from_what_was_reviewed(folder, tmp_path, monkeypatch):
    out = tmp_path / "out"
    run("label", folder, "-o", out)
    few = run("label", "--improve", out, "mine")
    assert few.exit_code == 2
    assert "0 masks of yours" in few.stderr
    with sam.LabelledDataset(out) as dataset:
        for item in dataset.items():
            dataset.accept(item)
    begun = []

    def train(folder, weights, _):
        begun.append(weights)
        yield Progress(1, 2, "learning from your corrections")
        return {"before": [0.5] * 3, "after": [0.4] * 3, "objects": 3}

    monkeypatch.setattr(improvement, "_iter_train", train)
    monkeypatch.setattr(improvement, "_FEWEST", 10)
    weights = tmp_path / "own.safetensors"
    weights.write_bytes(b"weights")
    for given in ((), ("--checkpoint", weights)):
        done = run("label", "--improve", out, "mine", *given)
        assert done.exit_code == 0, done.output
        assert "step 1 of 2" in done.stderr
        assert "one click 0.50 → 0.40" in done.stdout
        assert "No better, so it was dropped." in done.stdout
    assert begun == [sam.checkpoints.path("pocket"), weights]
