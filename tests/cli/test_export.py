"""``napari-sam export``, as a person types it."""

import json

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner

import napari_sam as sam
from napari_sam.apps.cli import main
from napari_sam.datasets import read_labelled_images
from napari_sam.session.persistence.record import Record, write_record


def run(*args):
    return CliRunner().invoke(main, ["export", *(str(a) for a in args)])


@pytest.fixture
def cells(tmp_path):
    """Two plates of two images, 16-bit, with a hole in object 5."""
    labels = np.zeros((30, 40), np.uint16)
    labels[3:12, 4:14] = 5
    labels[6:8, 7:9] = 0
    for kind in ("images", "labels"):
        (tmp_path / "cells" / kind).mkdir(parents=True)
        for i, name in enumerate(("plate1_a", "plate1_b", "plate2_a", "plate2_b")):
            array = labels if kind == "labels" else labels * 100 + np.uint16(i)
            tifffile.imwrite(tmp_path / "cells" / kind / f"{name}.tif", array)
    return tmp_path / "cells"


def test_a_folder_becomes_yolo_and_comes_back(cells, tmp_path):
    result = run(
        cells, "-o", tmp_path / "yolo", "--format", "yolo", "--split", "0.5,0.5",
        "--experiment", r"plate\d", "--licence", "CC0", "--default-class", "cell",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "4 objects, 2 train, 2 val, in" in result.output
    assert "objects with holes or parts are one ring" in result.output
    assert "CC0" in (tmp_path / "yolo" / "DATA_CARD.md").read_text()
    result = run(tmp_path / "yolo", "-o", tmp_path / "masks", "--format", "masks", "-q")
    assert (result.exit_code, result.output) == (0, "")
    for image in read_labelled_images(tmp_path / "masks"):
        there = tifffile.imread(cells / "labels" / f"{image.name}.tif")
        np.testing.assert_array_equal(image.labels, there // 5)
        assert image.truth.categories == {1: "cell"}


def test_what_is_shown_is_chosen(cells, tmp_path):
    result = run(cells, "-o", tmp_path / "o", "--format", "yolo", "--limits", "0,1000")
    assert result.exit_code == 0, result.output
    pixels = read_labelled_images(tmp_path / "o")[0].frames[0]
    assert pixels[4, 5] == 128  # 500 of 1000
    assert "l0:1000" in (tmp_path / "o" / "images.csv").read_text()


def test_mistakes_are_one_line(cells, tmp_path):
    for args, words in (
        (("--split", "a,b"), "--split a,b: expected shares"),
        (("--split", "0.5,0.6"), "add up to 1"),
        (("--experiment", "("), "is no regular expression"),
        (("--image", "x.tif"), "--image goes with a session"),
        (("--format", "voc", "--images", "original"), "takes 8-bit images only"),
        (("--crowd", "tree"), "is none of object"),
    ):
        result = run(cells, "-o", tmp_path / "out", *args)
        assert result.exit_code == 2, args
        assert words in result.output
        assert "\n" not in result.output.strip().replace("image ", "").splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_a_session_is_replayed_and_exported(tmp_path):
    labels = np.zeros((30, 40), np.uint16)
    labels[3:12, 4:14] = 5
    pixels = np.zeros((30, 40), np.uint8)
    tifffile.imwrite(tmp_path / "image.tif", pixels)
    image = sam.PromptableImage(pixels, sam.load_backend("pocket"))
    session = sam.AnnotationSession(image, labels=labels)
    file = tmp_path / "a.session.json"
    write_record(Record.of(session, source=str(tmp_path / "image.tif")), file)
    result = run(file, "-o", tmp_path / "out", "--format", "coco")
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "out/annotations/instances.json").read_text())
    assert [(a["label"], a["area"]) for a in found["annotations"]] == [(5, 90)]
    (tmp_path / "image.tif").rename(tmp_path / "moved.tif")
    result = run(file, "-o", tmp_path / "again")
    assert result.exit_code == 2
    assert "Name its file with --image." in result.output
    result = run(file, "--image", tmp_path / "moved.tif", "-o", tmp_path / "again")
    assert result.exit_code == 0, result.output
