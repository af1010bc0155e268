"""``napari-sam text``, as a person types it."""

import json

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner

from napari_sam.apps.cli import main
from napari_sam.core.images.concepts import ExampleBoxes
from napari_sam.testing import ColourConcepts


def run(*args):
    return CliRunner().invoke(main, [str(a) for a in args])


@pytest.fixture
def image(tmp_path, threshold_model):
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[4:14, 4:14] = (240, 240, 0)
    pixels[4:14, 30:40] = (60, 240, 240)
    pixels[30:40, 4:14] = (240, 60, 240)
    tifffile.imwrite(tmp_path / "image.tif", pixels)
    return tmp_path / "image.tif"


def test_objects_have_their_word_and_score(image, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "napari_sam.backends.words.opening.open_words", lambda folder: ColourConcepts()
    )
    out = tmp_path / "out.geojson"
    given = ("--concepts", tmp_path, "--threshold", 0.3, "--model", "threshold")
    result = run("text", image, "red", "blue", "-o", out, *given)
    assert result.exit_code == 0, result.output
    assert "2 red, 1 blue in" in result.stdout
    assert "words by colours, masks by threshold" in result.stdout
    features = json.loads(out.read_text())["features"]
    known = [one["properties"] for one in features]
    assert sorted(one["class"] for one in known) == ["blue", "red", "red"]
    assert all(0.3 <= one["score"] <= 0.6 for one in known)


def test_words_are_the_categories_of_coco(image, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "napari_sam.backends.words.opening.open_words", lambda folder: ColourConcepts()
    )
    out = tmp_path / "out.json"
    given = ("--concepts", tmp_path, "--threshold", 0.3, "--model", "threshold")
    assert run("text", image, "red", "blue", "-o", out, *given).exit_code == 0
    written = json.loads(out.read_text())
    names = {one["id"]: one["name"] for one in written["categories"]}
    assert sorted(names.values()) == ["blue", "red"]
    found = [names[one["category_id"]] for one in written["annotations"]]
    assert sorted(found) == ["blue", "red", "red"]


def test_without_a_model_of_words_it_is_said_how_to_get_one(image, tmp_path):
    result = run(
        "text", image, "red", "-o", tmp_path / "out.tif", "--model", "threshold"
    )
    assert result.exit_code == 2
    assert "--concepts owlv2" in result.stderr
    assert not (tmp_path / "out.tif").exists()


class WithExamples(ColourConcepts):
    """Goes by the boxes that it is given, and remembers them."""

    def find_by_examples(self, picture, words, examples):
        self.given = dict(examples)
        return self.find_concepts(picture, words)


def test_boxes_are_examples_of_words(image, tmp_path, monkeypatch):
    model = WithExamples()
    monkeypatch.setattr(
        "napari_sam.backends.words.opening.open_words", lambda folder: model
    )
    out = tmp_path / "out.tif"
    said = ("red=4,4,14,14", "blue=30,4,40,14", "red=4,30,14,40")
    boxes = [given for one in said for given in ("--example", one)]
    boxes += ["--negative", "red=40,40,50,50"]
    given = ("--concepts", tmp_path, "--model", "threshold", "-o", out)
    result = run("text", image, "red", "blue", *boxes, *given)
    assert result.exit_code == 0, result.output
    red = ExampleBoxes(((4, 4, 14, 14), (4, 30, 14, 40)), ((40, 40, 50, 50),))
    assert model.given == {0: red, 1: ExampleBoxes(((30, 4, 40, 14),))}
    out.unlink()
    result = run("text", image, "red", "--example", "red=4,4", *given)
    assert result.exit_code == 2
    assert "WORD=TOP,LEFT,BOTTOM,RIGHT" in result.stderr


def test_a_name_is_downloaded_with_its_progress(image, tmp_path, monkeypatch):
    fetched = []
    monkeypatch.setattr("napari_sam.apps.cli.download.fetch", fetched.append)
    monkeypatch.setattr(
        "napari_sam.api.word_models.word_folder", lambda name: tmp_path / name
    )
    monkeypatch.setattr(
        "napari_sam.backends.words.opening.open_words", lambda folder: ColourConcepts()
    )
    given = ("--concepts", "owlv2", "--model", "threshold")
    out = tmp_path / "out.tif"
    assert run("text", image, "red", *given, "-o", out).exit_code == 0
    word = ("label", image, "-o", tmp_path / "labelled", "--word", "red", *given)
    assert run(*word).exit_code == 0
    assert fetched == ["owlv2", "owlv2"]
    assert run("text", image, "red", "--concepts", "cat", "-o", out).exit_code == 2
