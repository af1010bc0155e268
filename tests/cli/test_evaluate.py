"""``napari-sam evaluate`` from the shell."""

import csv
import json
import shutil
from importlib.resources import files

import numpy as np
import pytest
from click.testing import CliRunner

from napari_sam.apps.cli import main
from napari_sam.datasets.labelled_images import LAYOUTS
from napari_sam.io import write_labels
from napari_sam.testing import ThresholdBackend

SCENES = ("--synthetic", 2, "--objects", 2)


def run(*words):
    return CliRunner().invoke(main, [str(w) for w in words])


@pytest.fixture
def folder(tmp_path, blobs):
    root = tmp_path / "squares"
    labels = np.zeros(blobs.shape, np.uint8)
    labels[10:30, 20:40], labels[50:60, 5:15] = 1, 2
    for name in "ab":
        write_labels(root / "images" / f"{name}.tif", blobs)
        write_labels(root / "labels" / f"{name}.tif", labels)
    return root


def test_a_folder_is_evaluated(threshold_model, folder):
    done = run("evaluate", threshold_model, folder)
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0].startswith("4 objects of 2 images, at most 12 of each, seed 0")
    (row,) = [line for line in lines if line.startswith("squares") and "±" in line][:1]
    assert row.split()[:3] == ["squares", "4", "1.000"]


def test_generated_scenes_need_no_data(threshold_model):
    done = run("evaluate", threshold_model, *SCENES)
    assert done.exit_code == 0, done.output
    assert "synthetic" in done.output


def test_folders_of_one_name_are_told_apart(threshold_model, folder, tmp_path):
    other = tmp_path / "more" / "squares"
    shutil.copytree(folder, other)
    done = run("evaluate", threshold_model, folder, other)
    assert done.exit_code == 0, done.output
    assert f"{tmp_path.name}/squares" in done.output
    assert "more/squares" in done.output


def test_every_image_is_looked_at_before_the_run(threshold_model, folder):
    write_labels(folder / "labels" / "b.tif", np.ones((3, 3), np.uint8), overwrite=True)
    done = run("evaluate", threshold_model, folder)
    assert done.exit_code == 2
    assert "shape (3, 3)" in done.output


def test_the_report_is_three_files(threshold_model, folder, tmp_path):
    out = tmp_path / "out"
    done = run("evaluate", threshold_model, folder, "-o", out, "--worst", 1)
    assert done.exit_code == 0, done.output
    assert sorted(p.name for p in out.iterdir()) == [
        "objects.csv", "report.html", "summary.csv",
    ]  # fmt: skip
    assert (out / "report.html").read_text().count("<img") == 3
    assert str(folder) in (out / "report.html").read_text()


def test_others_are_judged_beside_it(threshold_model, folder, tmp_path):
    words = ("--against", "flood,walker", "--classical", "-o", tmp_path)
    done = run("evaluate", threshold_model, folder, *words)
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader((tmp_path / "objects.csv").open()))
    models = ["threshold", "flood", "walker", "watershed"]
    assert list(dict.fromkeys(r["model"] for r in rows)) == models
    assert "threshold over watershed" in done.output


def test_markdown_is_what_a_model_card_shows(threshold_model, folder):
    done = run("evaluate", threshold_model, folder, "--markdown")
    lines = [line for line in done.output.splitlines() if line]
    what = "4 objects of 2 images, at most 12 of each, seed 0."
    assert lines[0] == f"threshold-127.5: {what}"
    assert lines[1] == "**Mean IoU**"
    assert lines[2].startswith("| images | objects | 1 click | its best | box |")
    assert all(line.startswith(("|", "**")) for line in lines[1:])
    assert run("evaluate", threshold_model, folder, "--markdown").output == done.output


def test_every_layout_can_be_said():
    evaluate = main.get_command(None, "evaluate")
    (layout,) = [p for p in evaluate.params if p.name == "layout"]
    assert list(layout.type.choices) == ["auto", *LAYOUTS]


def test_json_holds_every_figure(threshold_model, folder):
    done = run("evaluate", threshold_model, folder, "--json")
    data = json.loads(done.output)
    assert {"data", "objects", "models"} <= set(data["facts"])
    assert data["summary"][0]["mean"] == 1


def test_what_was_done_is_kept_when_it_is_interrupted(
    threshold_model, folder, tmp_path, monkeypatch
):
    encode = ThresholdBackend.encode

    def interrupted(self, planes):
        if self.encoded:
            raise KeyboardInterrupt
        return encode(self, planes)

    monkeypatch.setattr(ThresholdBackend, "encode", interrupted)
    done = run("evaluate", threshold_model, folder, "-o", tmp_path / "out")
    assert done.exit_code == 130
    assert "Stopped after 1 of 2 images" in done.output
    rows = list(csv.DictReader((tmp_path / "out" / "objects.csv").open()))
    assert {row["image"] for row in rows} == {"a"}
    assert (tmp_path / "out" / "report.html").exists()


def test_nothing_is_written_when_nothing_was_done(
    threshold_model, folder, tmp_path, monkeypatch
):
    def interrupted(self, planes):
        raise KeyboardInterrupt

    monkeypatch.setattr(ThresholdBackend, "encode", interrupted)
    done = run("evaluate", threshold_model, folder, "-o", tmp_path / "out")
    assert done.exit_code == 130
    assert not (tmp_path / "out").exists()


def test_a_file_of_weights_is_a_model(tmp_path):
    weights = tmp_path / "mine.safetensors"
    bundled = files("napari_sam.models") / "weights" / "pocket.safetensors"
    weights.write_bytes(bundled.read_bytes())
    scene = ("--synthetic", 1, "--objects", 1)
    done = run("evaluate", weights, *scene, "--against", f"pocket={weights}")
    assert done.exit_code == 0, done.output
    assert "mine over pocket=mine.safetensors" in done.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nobody",), "There is no model 'nobody'"),
        (("threshold", "--against", "floot"), "There is no model 'floot'"),
        (("threshold", "nowhere"), "nowhere does not exist"),
        ((".",), "the model comes first: napari-sam evaluate pocket ."),
        (("threshold",), "or --synthetic"),
    ],
)
def test_mistakes_are_one_line(threshold_model, words, says):
    extra = () if words == ("threshold",) or "nowhere" in words else SCENES
    done = run("evaluate", *words, *extra)
    assert done.exit_code == 2
    assert says in done.output.strip().splitlines()[-1]
