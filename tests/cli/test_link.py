import json

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner

import napari_sam as sam
from napari_sam.apps.cli import main
from napari_sam.testing.linker_suite import cells
from napari_sam.tracking import Edge, Tracks

LABELS = cells(divides=True)


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture
def found(tmp_path):
    path = tmp_path / "found.tif"
    tifffile.imwrite(path, LABELS, metadata={"axes": "TYX"}, imagej=True)
    return path


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("labels", "t.tif"),
        ("ctc", "01_RES"),
        ("geff", "t.zarr"),
        ("csv", "t.csv"),
        ("trackmate", "t.xml"),
    ],
)
def test_labels_are_linked_and_written_in_every_format(found, tmp_path, form, name):
    out = tmp_path / name
    done = run("link", found, "-o", out, "--format", form)
    assert done.exit_code == 0, done.output
    assert "5 segments, 1 divisions, 0 merges" in done.output
    tracks = sam.link(LABELS, axes="tyx")
    again = sam.read_tracks(out, labels=found if form == "csv" else None)
    assert np.array_equal(again.labels, tracks.labels)
    assert again.edges == (() if form == "labels" else tracks.edges)
    twice = run("link", found, "-o", out, "--format", form)
    assert twice.exit_code == 2
    assert "there already" in twice.output


def test_settings_are_options(found, tmp_path):
    out = tmp_path / "t.tif"
    done = run("link", found, "-o", out, "--no-divisions", "--no-drift", "--max-gap", 0)
    assert done.exit_code == 0, done.output
    assert "0 divisions" in done.output
    wrong = run("link", found, "-o", tmp_path / "u.tif", "--method", "magic")
    assert wrong.exit_code == 2
    assert "'overlap'" in wrong.output


def test_tracks_are_measured_beside_true_ones(found, tmp_path):
    pytest.importorskip("ctc_metrics")
    truth = Tracks.from_labels(LABELS, axes="tyx", edges=[Edge(3, 4), Edge(3, 5)])
    truth.save(tmp_path / "truth")
    sam.link(LABELS, axes="tyx").save(tmp_path / "result.zarr")
    done = run("evaluate", "--tracks", tmp_path / "truth", tmp_path / "result.zarr")
    assert done.exit_code == 0, done.output
    assert "TRA    1.000" in done.output
    assert "F1 1.000: 1 right, 0 wrong, 0 missed" in done.output
    as_json = run(
        "evaluate", "--tracks", tmp_path / "truth", found, "--json"
    )  # labels alone have no divisions
    assert json.loads(as_json.output)["divisions"] == {
        "right": 0, "wrong": 0, "missed": 1,
    }  # fmt: skip


def test_masks_of_the_same_ids_are_measured_too(found, tmp_path):
    pytest.importorskip("ctc_metrics")
    truth = tmp_path / "truth.zarr"
    Tracks.from_labels(LABELS, axes="tyx").save(truth)
    done = run("evaluate", "--tracks", truth, truth, "--same-ids")
    assert done.exit_code == 0, done.output
    assert "J      1.000" in done.output
    assert "F      1.000" in done.output


def test_the_end_of_a_name_says_that_tracks_are_for_trackmate(found, tmp_path):
    done = run("link", found, "-o", tmp_path / "t.xml")
    assert done.exit_code == 0, done.output
    again = sam.read_tracks(tmp_path / "t.xml")
    assert again.edges == sam.link(LABELS, axes="tyx").edges
