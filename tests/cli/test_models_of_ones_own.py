"""``train``, then ``evaluate`` and ``segment`` with what it made."""

import csv

import numpy as np
import pytest
from click.testing import CliRunner

from napari_sam.apps.cli import main
from napari_sam.io import read_image, write_labels
from napari_sam.synthetic import draw_scene


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("data") / "cells"
    for part in ("images", "labels"):
        (root / part).mkdir(parents=True)
    for seed in (1, 2):
        scene = draw_scene(seed, size=64)
        write_labels(root / "images" / f"{seed}.tif", scene.image[..., 0])
        write_labels(root / "labels" / f"{seed}.tif", scene.labels)
    return root


def run(*words):
    return CliRunner().invoke(main, [str(w) for w in words])


@pytest.fixture(scope="module")
def trained(folder):
    output = folder.parent / "mine.safetensors"
    quick = ("--steps", 2, "--set", "images=1", "--set", "crop=64", "--workers", 0)
    done = run("train", f"{folder}=2", "-o", output, *quick)
    assert done.exit_code == 0, done.output
    assert "step 2 of 2" in done.output
    return output


def test_trained_weights_are_evaluated(folder, trained):
    report = folder.parent / "report"
    done = run("evaluate", trained, folder, "--objects", 2, "-o", report)
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader((report / "objects.csv").open()))
    assert {(row["model"], row["kind"]) for row in rows} == {("mine", "cells")}
    assert 1 <= len(rows) <= 4
    assert all(0 <= float(row["box"]) <= 1 for row in rows)


def test_trained_weights_segment(folder, trained):
    mask = folder.parent / "mask.tif"
    image = folder / "images" / "1.tif"
    words = ("segment", image, "--checkpoint", trained, "--box", "10,10,40,40")
    done = run(*words, "-o", mask)
    assert done.exit_code == 0, done.output
    assert np.asarray(read_image(mask).data).shape == (64, 64)


def test_it_says_how_it_goes(folder):
    output = folder.parent / "told.safetensors"
    words = ("--synthetic", 0, "--set", "images=1", "--set", "crop=64", "--workers", 0)
    done = run(
        "train", folder, "-o", output, "--steps", 3, *words, "--validation", folder,
        "--measure-every", 2,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert f"{folder}: " in done.output
    assert "objects in 2 images" in done.output
    measured = [line for line in done.output.splitlines() if "validation" in line]
    assert [line.split()[1] for line in measured] == ["0", "2", "3"]


def test_a_model_is_improved_and_named(folder, monkeypatch, tmp_path):
    """Begin with the bundled weights, add the result, and use it by its name."""
    monkeypatch.setenv("NAPARI_SAM_HOME", str(tmp_path / "home"))
    output = tmp_path / "mine.safetensors"
    words = ("--set", "images=1", "--set", "crop=64", "--workers", 0, "--steps", 1)
    done = run("train", folder, "--from", "pocket", "-o", output, *words)
    assert done.exit_code == 0, done.output
    assert "learning from " in done.output
    assert "held back 0." in done.output
    assert ("of what was learnt is kept" in done.output) or (
        "as they were" in done.output
    )
    assert run("models", "add", output, "--name", "cells").exit_code == 0
    image, mask = folder / "images" / "1.tif", tmp_path / "mask.tif"
    done = run("segment", image, "--model", "cells", "--point", "30,30", "-o", mask)
    assert done.exit_code == 0, done.output
    assert mask.exists()


def test_a_recipe_is_shown():
    done = run("train", "--recipe", "vit_b", "--set", "rate=1e-4", "--show")
    shown = dict(line.split(maxsplit=1) for line in done.output.splitlines())
    assert shown["rate"] == "0.0001"
    assert shown["warmup"] == "250"


def test_all_that_is_wrong_with_the_data_is_said_at_once(folder, tmp_path):
    root = tmp_path / "bad"
    for part in ("images", "labels"):
        (root / part).mkdir(parents=True)
    for name in "ab":
        write_labels(root / "images" / f"{name}.tif", np.ones((20, 20), np.uint8))
        write_labels(root / "labels" / f"{name}.tif", np.ones((5, 6), np.uint8))
    done = run("train", root, "-o", tmp_path / "x.safetensors", "--workers", 0)
    assert done.exit_code != 0
    assert "a.tif" in done.output
    assert "b.tif" in done.output
    assert not (tmp_path / "x.safetensors").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "Give -o FILE"),
        (("-o", "x", "--set", "rate"), "expected NAME=VALUE"),
        (("-o", "x", "--set", "speed=1"), "no setting 'speed'"),
        (("-o", "x", "--recipe", "vit_x"), "no recipe 'vit_x'"),
        (("-o", "x", "--from", "vit_x"), "'vit_x'"),
    ],
)
def test_what_makes_no_sense_is_refused(words, message):
    done = run("train", *words)
    assert done.exit_code == 2
    assert message in done.output


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_a_folder_that_is_not_there_is_one_line(command, tmp_path):
    nowhere = tmp_path / "nowhere"
    train = (nowhere, "-o", tmp_path / "x.safetensors")
    done = run(command, *(train if command == "train" else ("pocket", nowhere)))
    assert done.exit_code == 2
    (line,) = done.output.strip().splitlines()
    assert line.startswith("Error: ")
    assert str(nowhere) in line
