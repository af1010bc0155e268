"""``train``, then ``evaluate`` and ``segment`` with what it made."""

import csv

import numpy as np
import pytest
from click.testing import CliRunner

from napari_sam.apps.cli import main
from napari_sam.io import read_image, write_labels
from napari_sam.training.synthetic import draw_scene


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
    quick = ("--steps", 2, "--images", 1, "--crop", 64, "--workers", 0)
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


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_a_folder_that_is_not_there_is_one_line(command, tmp_path):
    nowhere = tmp_path / "nowhere"
    train = (nowhere, "-o", tmp_path / "x.safetensors")
    done = run(command, *(train if command == "train" else ("pocket", nowhere)))
    assert done.exit_code == 2
    (line,) = done.output.strip().splitlines()
    assert line.startswith("Error: ")
    assert str(nowhere) in line
