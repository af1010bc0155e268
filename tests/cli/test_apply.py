from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner

import napari_sam as sam
from napari_sam.apps.cli import main
from napari_sam.session import AnnotationSession, ObjectInfo, actions
from napari_sam.session.persistence.record import Record, write_record


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def pixels():
    rows, cols = np.mgrid[:96, :128]
    first = (rows - 30) ** 2 + (cols - 30) ** 2 < 15**2
    second = (rows - 60) ** 2 + (cols - 90) ** 2 < 20**2
    return np.where(first | second, 180, 30).astype(np.uint8)


@pytest.fixture(scope="module")
def worked(pixels):
    session = AnnotationSession(sam.PromptableImage(pixels, sam.load_backend()))
    session.add_point(30, 30)
    session.set_threshold(0.2)
    session.commit()
    session.next_object()
    session.add_box(38, 68, 82, 112)
    session.choose(1)
    session.choose(0)
    session.commit()
    session.execute(actions.Resize(sam.Address(0, 2), 1))
    return session


@pytest.fixture
def files(worked, pixels, tmp_path):
    tifffile.imwrite(tmp_path / "cells.tif", pixels)
    write_record(Record.of(worked), tmp_path / "work.json")
    return tmp_path / "work.json", tmp_path / "cells.tif", tmp_path / "labels.tif"


def test_the_same_bytes_as_in_the_session(worked, files):
    record, image, out = files
    done = run("apply", record, image, "-o", out)
    assert done.exit_code == 0, done.output
    assert "2 objects" in done.output
    labels = tifffile.imread(out)
    assert labels.tobytes() == worked.labels.astype(labels.dtype).tobytes()
    assert labels.any()


def test_the_same_bytes_as_segment_many(worked, pixels):
    said = [sam.Prompts.point(30, 30), sam.Prompts.rectangle(38, 68, 82, 112)]
    first, second = sam.segment_many(pixels, said)
    worked.undo()
    try:
        labels = worked.labels.copy()
    finally:
        worked.redo()
    assert np.array_equal(labels == 2, second.full(pixels.shape) & (labels != 1))
    kept = first.with_threshold(0.2).full(pixels.shape)
    assert np.array_equal(labels == 1, kept)


@pytest.mark.parametrize("suffix", ["geojson", "json"])
def test_polygons_have_what_the_session_knows(worked, pixels, files, suffix):
    _, image, out = files
    out = out.with_suffix(f".{suffix}")
    worked.execute(actions.SetInfo(1, ObjectInfo("first", "cell", "committed")))
    try:
        write_record(Record.of(worked), record := out.with_name("named.json"))
    finally:
        worked.undo()
    assert run("apply", record, image, "-o", out).exit_code == 0
    data = json.loads(out.read_text())
    found = data.get("features") or data["annotations"]
    first, second = (f.get("properties", f) for f in found)
    score = sam.segment(pixels, sam.Prompts.point(30, 30)).score
    assert first["score"] == pytest.approx(score, abs=1e-4)
    assert "score" not in second, "the mask was grown since"
    assert first.get("attributes", first)["class"] == "cell"
    assert first.get("attributes", first)["name"] == "first"


def test_nothing_is_replaced_without_a_word(files):
    record, image, out = files
    out.write_bytes(b"mine")
    done = run("apply", record, image, "-o", out)
    assert done.exit_code == 2
    assert out.read_bytes() == b"mine"


def test_another_image_must_be_wanted(files, pixels):
    record, image, out = files
    tifffile.imwrite(image, np.roll(pixels, 1, 0))
    done = run("apply", record, image, "-o", out)
    assert done.exit_code == 2
    assert "another image" in done.output
    assert not out.exists()
    done = run("apply", record, image, "-o", out, "--similar")
    assert done.exit_code == 0, done.output
    assert tifffile.imread(out).max() == 2
    assert "check the masks" in done.output


def test_another_model_must_be_wanted(worked, files):
    record, image, out = files
    data = record.read_text()
    key = next(iter(worked.setups.values())).fingerprint
    record.write_text(data.replace(key, "pocket-of-yesterday"))
    done = run("apply", record, image, "-o", out)
    assert done.exit_code == 2
    assert "pocket-of-yesterday" in done.output
    assert "--model pocket" in done.output
    done = run("apply", record, image, "-o", out, "--model", "pocket")
    assert done.exit_code == 0, done.output
    assert "masks may differ" in done.output.replace("\n", " ")


@pytest.mark.parametrize("text", ["{", '{"a": 1}'])
def test_a_file_that_is_no_session(files, text):
    record, image, out = files
    record.write_text(text)
    done = run("apply", record, image, "-o", out)
    assert done.exit_code == 2
    assert "work.json" in done.output
