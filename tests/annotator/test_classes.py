"""The rest is classified like the named objects, through a scripted view."""

from dataclasses import replace

import numpy as np
import pytest

from napari_sam import Address
from napari_sam.annotator.annotator import Annotator
from napari_sam.annotator.commands import COMMANDS
from napari_sam.annotator.open_image import OpenImage
from napari_sam.annotator.scripted_view import (
    ImmediateExecutor,
    ScriptedSource,
    ScriptedView,
)
from napari_sam.core.mask import Mask
from napari_sam.testing import ThresholdBackend

(CLASSIFY,) = (c for c in COMMANDS if c.id == "classify")


class Views:
    def show(self, image):
        return ScriptedView(image.source.frames.plane_shape)

    def hide(self, image):
        pass


class Pool:
    def open(self, name, **_):
        return ThresholdBackend()


@pytest.fixture
def annotator(tmp_path, monkeypatch):
    """Six small squares, then six long bars."""
    monkeypatch.setenv("NAPARI_SAM_HOME", str(tmp_path))
    pixels = np.zeros((64, 64), np.uint8)
    masks = {}
    for k in range(12):
        shape = (4, 4) if k < 6 else (3, 30)
        top, left = 8 * (k % 6), 2 if k < 6 else 20
        mask = Mask.from_array(np.ones(shape, bool), top=top, left=left)
        pixels[mask.region.slices] = 200
        masks[Address(0, k + 1)] = mask
    made = Annotator(ImmediateExecutor(), Views(), pool=Pool())
    made.models.use("pocket")
    made.told = []
    made.events.message.connect(lambda *message: made.told.append(message))
    made.open(OpenImage.of(ScriptedSource(pixels)))
    made.session.add_masks(masks)
    yield made
    made.close()


def classes(annotator):
    return {i: o.category for i, o in annotator.session.objects.items()}


def test_the_rest_gets_the_class_it_looks_like_as_one_step(annotator):
    annotator.editing.set_info(1, category="square")
    annotator.editing.set_info(7, category="bar")
    CLASSIFY.run(annotator)
    assert classes(annotator) == {
        **dict.fromkeys(range(1, 7), "square"),
        **dict.fromkeys(range(7, 13), "bar"),
    }
    assert annotator.told[-1] == ("info", "Classified: 5 bar, 5 square.")
    assert annotator.session.objects[1].category_score is None
    assert 0.5 < annotator.session.objects[2].category_score < 1
    annotator.undo()
    assert set(classes(annotator).values()) == {"square", "bar", ""}
    assert annotator.session.objects[2].category_score is None


def test_what_a_person_says_afterwards_is_learnt_from_and_stays(annotator):
    annotator.editing.set_info(1, category="square")
    annotator.editing.set_info(7, category="bar")
    CLASSIFY.run(annotator)
    annotator.editing.set_info(12, category="square")
    annotator.editing.approve(2)
    assert annotator.session.objects[12].category_score is None
    assert annotator.classes.named == {
        1: "square", 2: "square", 7: "bar", 12: "square",
    }  # fmt: skip
    CLASSIFY.run(annotator)
    assert classes(annotator)[12] == "square"
    assert classes(annotator)[3] == "square"


def test_one_kind_is_not_enough_and_that_is_said(annotator):
    annotator.editing.set_info(1, category="square")
    annotator.editing.set_info(2, category="square")
    CLASSIFY.run(annotator)
    kind, text = annotator.told[-1]
    assert kind == "error"
    assert "two kinds at least" in text
    assert classes(annotator)[3] == ""


def test_an_object_deleted_meanwhile_is_left_out(annotator):
    annotator.editing.set_info(1, category="square")
    annotator.editing.set_info(7, category="bar")
    steps = []
    annotator._workspace.tasks.run = lambda _, work, done: steps.extend((work, done))
    CLASSIFY.run(annotator)
    annotator.editing.delete([3])
    work, done = steps
    try:
        while True:
            next(work)
    except StopIteration as end:
        done(end.value)
    assert 3 not in classes(annotator)
    assert classes(annotator)[4] == "square"
    assert replace(annotator.session.objects[4], category_score=None).category
