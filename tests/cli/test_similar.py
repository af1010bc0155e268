"""``napari-sam similar``, as a person types it."""

import json

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner

import napari_sam as sam
from napari_sam.apps.cli import main
from napari_sam.automatic import SimilarSettings
from napari_sam.testing import InstanceThresholdBackend

#: All squares are as light as each other: only their size tells them apart.
BY_SIZE = ("--by-light", 0, "--by-features", 0)


def run(*args):
    return CliRunner().invoke(main, [str(a) for a in args])


@pytest.fixture(autouse=True)
def _a_model_that_finds_instances(threshold_model, monkeypatch):
    monkeypatch.setattr(
        "napari_sam.api.load_backend", lambda *_, **__: InstanceThresholdBackend()
    )


@pytest.fixture
def images(tmp_path):
    """A folder of two images of three small squares and a large one."""
    pixels = np.zeros((64, 64), np.uint8)
    for top, left, side in ((4, 4, 6), (4, 20, 6), (4, 40, 6), (30, 30, 20)):
        pixels[top : top + side, left : left + side] = 200
    folder = tmp_path / "images"
    folder.mkdir()
    tifffile.imwrite(folder / "a.tif", pixels)
    tifffile.imwrite(folder / "b.tif", pixels.T)
    labels = np.zeros_like(pixels)
    labels[4:10, 4:10] = 1
    tifffile.imwrite(tmp_path / "examples.tif", labels)
    return folder


def test_objects_like_an_example_are_written(images, tmp_path):
    out = tmp_path / "out.tif"
    given = (images / "a.tif", "--examples", tmp_path / "examples.tif", *BY_SIZE)
    result = run("similar", *given, "-o", out)
    assert result.exit_code == 0, result.output
    assert "3 objects in" in result.stdout
    assert (tifffile.imread(out) > 0).sum() == 3 * 36
    result = run("similar", *given, "-o", out, "--overwrite", "--similarity", 0)
    assert "4 objects in" in result.stdout


def test_similarity_is_written_with_the_objects(images, tmp_path):
    out = tmp_path / "out.json"
    examples = tmp_path / "examples.tif"
    run("similar", images / "a.tif", "--examples", examples, "-o", out, *BY_SIZE,
        "--similarity", 0)  # fmt: skip
    scores = [one["score"] for one in json.loads(out.read_text())["annotations"]]
    assert sorted(scores)[1:] == [1, 1, 1]
    assert min(scores) < 0.5


def test_a_folder_is_searched_for_the_examples_of_one_image(images, tmp_path):
    examples, out = tmp_path / "examples.tif", tmp_path / "out"
    given = ("similar", images, "--examples", examples, "-o", out, *BY_SIZE)
    result = run(*given)
    assert result.exit_code == 2
    assert "--of" in result.stderr
    result = run(*given, "--of", images / "a.tif")
    assert result.exit_code == 0, result.output
    assert "2 written" in result.stdout
    for name in "ab":
        assert (tifffile.imread(out / f"{name}.tif") > 0).sum() == 3 * 36
    again = run(*given, "--of", images / "a.tif")
    assert "2 there" in again.stdout
    other = run(*given, "--of", images / "a.tif", "--similarity", 0.1)
    assert "2 written" in other.stdout


def test_examples_of_a_class(images, tmp_path):
    def square(top, left, side, name):
        ring = [[left, top], [left + side, top], [left + side, top + side],
                [left, top + side], [left, top]]  # fmt: skip
        return {
            "type": "Feature",
            "properties": {"class": name},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }

    file = tmp_path / "objects.geojson"
    features = [square(4, 4, 6, "small"), square(30, 30, 20, "large")]
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    given = ("similar", images / "a.tif", "--examples", file, *BY_SIZE)
    large = run(*given, "--class", "large", "-o", tmp_path / "large.tif")
    assert "1 objects in" in large.stdout, large.output
    assert (tifffile.imread(tmp_path / "large.tif") > 0).sum() == 400
    none = run(*given, "--class", "round", "-o", tmp_path / "none.tif")
    assert none.exit_code == 2
    assert "no object of the class 'round'" in none.stderr


def test_examples_are_boxes_and_points_as_in_python(images, tmp_path):
    out = tmp_path / "out.tif"
    given = ("similar", images / "a.tif", "-o", out, *BY_SIZE)
    result = run(*given, "--example", "4,4,10,10")
    assert result.exit_code == 0, result.output
    assert "3 objects in" in result.stdout
    found = sam.segment_similar(
        images / "a.tif",
        [sam.Region(4, 4, 10, 10)],
        model=InstanceThresholdBackend(),
        settings=SimilarSettings(by_light=0, by_features=0),
    )
    np.testing.assert_array_equal(tifffile.imread(out), found.labels)
    result = run(*given, "--example", "35,35", "--overwrite")
    assert "1 objects in" in result.stdout
    assert (tifffile.imread(out) > 0).sum() == 400


def test_boxes_are_taken_with_files_and_against_unwanted_ones(images, tmp_path):
    out, examples = tmp_path / "out.tif", tmp_path / "examples.tif"
    given = ("similar", images / "a.tif", "-o", out, *BY_SIZE)
    both = (*given, "--examples", examples, "--example", "30,30,50,50")
    assert "4 objects in" in run(*both).stdout
    scores = tmp_path / "scores.json"
    low = ("similar", images / "a.tif", "-o", scores, *BY_SIZE, "--similarity", 0,
           "--example", "4,4,10,10", "--overwrite")  # fmt: skip
    without = lowest_score(scores, run(*low))
    assert lowest_score(scores, run(*low, "--negative", "30,30,50,50")) < without


def lowest_score(file, result):
    assert "4 objects in" in result.stdout
    return min(one["score"] for one in json.loads(file.read_text())["annotations"])


def test_a_box_on_one_image_is_looked_for_in_a_folder(images, tmp_path):
    given = ("--example", "4,4,10,10", "--of", images / "a.tif", *BY_SIZE)
    result = run("similar", images, "-o", tmp_path / "out", *given)
    assert result.exit_code == 0, result.output
    assert "2 written" in result.stdout


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), "--example ROW,COL"),
        (("--example", "4,4,10"), "expected ROW,COL or TOP,LEFT,BOTTOM,RIGHT"),
        (("--example", "here"), "expected ROW,COL or TOP,LEFT,BOTTOM,RIGHT"),
        (("--example", "4,4", "--frame", 1), "Frame 1: the image has 1"),
    ],
)
def test_what_is_no_example_is_said(images, tmp_path, given, said):
    result = run("similar", images / "a.tif", "-o", tmp_path / "out.tif", *given)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (tmp_path / "out.tif").exists()
