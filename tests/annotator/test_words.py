"""Words find objects, which wait to be accepted with their words as classes."""

from pathlib import Path

import numpy as np
import pytest

from napari_sam import Address
from napari_sam.annotator.annotator import Annotator
from napari_sam.annotator.open_image import OpenImage
from napari_sam.annotator.scripted_view import (
    ImmediateExecutor,
    ScriptedSource,
    ScriptedView,
)
from napari_sam.annotator.word_models import HOW_TO_GET_ONE
from napari_sam.automatic import TextSettings
from napari_sam.automatic.concepts import Words
from napari_sam.core.mask import Mask
from napari_sam.core.progress import Progress, drain
from napari_sam.testing import ColourConcepts, InstanceThresholdBackend

PLACES = {"red": [(4, 4), (4, 24)], "green": [(24, 4)], "blue": [(24, 24), (44, 44)]}


class Views:
    def show(self, image):
        return ScriptedView(image.source.frames.plane_shape)

    def hide(self, image):
        pass


class Pool:
    def open(self, name, **_):
        return InstanceThresholdBackend(40)


@pytest.fixture
def annotator():
    """An image of five squares: two red, one green, two blue; one blue is pale."""
    pixels = np.zeros((64, 64, 3), np.uint8)
    for channel, places in enumerate(PLACES.values()):
        for row, col in places:
            pixels[row : row + 10, col : col + 10, channel] = 250
    pixels[44:54, 44:54, 1] = 120
    made = Annotator(ImmediateExecutor(), Views(), pool=Pool())
    made.models.use("pocket")
    made.told = []
    made.events.message.connect(lambda *message: made.told.append(message))
    made.open(OpenImage.of(ScriptedSource(pixels, axes="yxc")))
    yield made
    made.close()


def test_without_a_model_of_words_it_is_said_how_to_get_one(annotator):
    assert not annotator.words.models.is_there
    annotator.words.find(Words(("red",)))
    assert annotator.told[-1][0] == "error"
    assert "huggingface.co" in annotator.told[-1][1]
    assert "huggingface.co" in HOW_TO_GET_ONE


def test_words_become_classes_in_one_step(annotator):
    session, concepts = annotator.session, ColourConcepts()
    annotator.words.models.use(concepts)
    assert annotator.words.models.name == "colours"
    annotator.words.find(Words(("red", "blue"), ("green",)))
    assert annotator.words.counts == {"blue": 2, "red": 2}
    assert "colours" in annotator.words.found_by
    assert "threshold" in annotator.words.found_by
    annotator.everything.accept()
    named = {i: info.category for i, info in session.objects.items()}
    assert named == {1: "red", 2: "red", 3: "blue", 4: "blue"}
    assert session.objects[1].category_score == 1
    assert session.objects[4].category_score < 0.8
    assert session.state.labels.mask(Address(0, 1)).area == 100
    annotator.undo()
    assert not session.objects
    assert not np.asarray(session.labels).any()
    annotator.redo()
    assert session.objects[3].category == "blue"


def test_the_threshold_moves_without_the_model(annotator):
    concepts = ColourConcepts()
    annotator.words.models.use(concepts)
    annotator.words.find(Words(("red", "blue")))
    calls = concepts.calls
    annotator.words.trust(TextSettings(threshold=0.9))
    assert annotator.words.counts == {"blue": 1, "red": 2}
    annotator.words.trust(TextSettings(threshold=0.2))
    assert annotator.words.counts == {"blue": 2, "red": 2}
    assert concepts.calls == calls


def test_only_where_it_is_looked(annotator):
    annotator.words.models.use(ColourConcepts())
    corner = Mask.from_array(np.ones((20, 40), bool))
    annotator.words.find(Words(("red", "blue")), within=corner)
    assert annotator.words.counts == {"red": 2}


def test_what_is_split_or_merged_keeps_its_word(annotator):
    annotator.words.models.use(ColourConcepts())
    annotator.words.find(Words(("red", "blue")))
    annotator.everything.split([(9, 0), (9, 20)])
    assert annotator.words.counts == {"blue": 2, "red": 3}
    annotator.everything.merge([(5, 8), (12, 8)])
    annotator.everything.merge([(8, 8), (8, 30)])
    assert annotator.words.counts == {"blue": 2, "red": 1}
    annotator.everything.reject(8, 8)
    assert annotator.words.counts == {"blue": 2}


def test_the_folder_of_a_model_is_remembered(annotator, tmp_path):
    models = annotator.words.models
    models.use(tmp_path)
    assert "config.json" in annotator.told[-1][1]
    folder = tmp_path / "owl"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    models.use(folder)
    again = Annotator(ImmediateExecutor(), Views(), pool=Pool())
    assert again.words.models.name == "owl"
    (folder / "config.json").unlink()
    assert not Annotator(
        ImmediateExecutor(), Views(), pool=Pool()
    ).words.models.is_there


def test_a_name_is_remembered_and_opened_with_what_it_downloads(annotator, monkeypatch):
    steps = []

    def iter_download(name):
        steps.append(name)
        yield Progress(1, 2, "owlv2: model.safetensors")

    monkeypatch.setattr("napari_sam.checkpoints.iter_download", iter_download)
    monkeypatch.setattr(
        "napari_sam.api.word_models.word_folder", lambda name: Path(f"/{name}")
    )
    monkeypatch.setattr(
        "napari_sam.backends.words.opening.open_words", lambda _: ColourConcepts()
    )
    models = annotator.words.models
    models.use("owl")
    assert "owlv2" in annotator.told[-1][1]
    models.use("owlv2")
    assert models.name == "owlv2"
    again = Annotator(ImmediateExecutor(), Views(), pool=Pool())
    assert again.words.models.name == "owlv2"
    backend = InstanceThresholdBackend(40)
    work = models.iter_open(backend)
    assert next(work).what == "owlv2: model.safetensors"
    opened = drain(work)
    assert drain(models.iter_open(backend)) is opened
    assert steps == ["owlv2"]
    # A model of words belongs to the process of a model of masks.
    assert drain(models.iter_open(InstanceThresholdBackend(40))) is not opened
