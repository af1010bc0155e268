"""The model of a view learns beside it from what was corrected."""

import numpy as np
import pytest

from napari_sam import checkpoints
from napari_sam.annotator.annotator import Annotator
from napari_sam.annotator.improvement import free_name
from napari_sam.annotator.open_image import OpenImage
from napari_sam.annotator.scripted_view import (
    ImmediateExecutor,
    ScriptedSource,
    ScriptedView,
)
from napari_sam.api import improvement
from napari_sam.api.improvement import Accuracy, Improvement
from napari_sam.core.progress import Progress
from napari_sam.testing import ThresholdBackend


class Views:
    def show(self, image):
        return ScriptedView(image.source.frames.plane_shape)

    def hide(self, image):
        pass


class Pool:
    def open(self, name, **_):
        return ThresholdBackend()


@pytest.fixture
def annotator():
    made = Annotator(ImmediateExecutor(), Views(), pool=Pool())
    made.models.use("pocket")
    made.told = []
    made.events.message.connect(lambda *message: made.told.append(message))
    made.open(OpenImage.of(ScriptedSource(np.zeros((20, 20), np.uint8))))
    yield made
    made.close()


@pytest.fixture
def asked(monkeypatch):
    """What the training was asked for; it says that the model rose."""
    calls = []

    def iter_improve(session, name, *, model):
        calls.append((session, name, model))
        yield Progress(1, 2, "learning")
        worse, better = Accuracy(0.5, 0.5, 0.5), Accuracy(0.6, 0.6, 0.6)
        return Improvement(name, worse, better, 7)

    monkeypatch.setattr(improvement, "iter_improve", iter_improve)
    return calls


def test_it_is_told_how_much_the_model_rose_and_where_it_is(annotator, asked):
    changes = []
    annotator.events.model_changed.connect(lambda: changes.append(1))
    annotator.improvement.improve()
    assert asked == [(annotator.session, "pocket-mine", "pocket")]
    ((kind, text),) = annotator.told
    assert kind == "info"
    assert "one click 0.50 → 0.60" in text
    assert "It is pocket-mine: choose it under Model," in text
    assert changes


def test_a_file_of_weights_learns_too(annotator, asked, tmp_path):
    annotator.models.use(checkpoint=tmp_path / "cells.pt")
    annotator.improvement.improve()
    assert asked[0][1:] == ("cells-mine", tmp_path / "cells.pt")
    annotator.models.use("pocket")
    assert annotator.models.source == "pocket"


def test_few_masks_are_a_message(annotator):
    annotator.improvement.improve()
    ((kind, text),) = annotator.told
    assert kind == "error"
    assert "at least 12" in text


def test_every_model_that_learnt_has_a_name_of_its_own():
    assert free_name("pocket") == "pocket-mine"
    file = checkpoints.path("pocket")
    checkpoints.add(file, "pocket-mine", architecture="pocket")
    assert free_name("pocket") == "pocket-mine-2"
    assert free_name("pocket-mine") == "pocket-mine-2"
    checkpoints.add(file, "pocket-mine-2", architecture="pocket")
    assert free_name("pocket-mine-2") == "pocket-mine-3"
