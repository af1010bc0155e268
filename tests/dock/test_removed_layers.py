"""Layers removed, renamed and moved by a person at any moment, by real events of Qt."""

import threading

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_sam.apps.dock.layer_style import LABELS, POINTS, PREVIEW_NAME, SHAPES
from napari_sam.apps.dock.widget import SegmentWidget
from napari_sam.testing import ThresholdBackend

OURS = (POINTS, SHAPES, LABELS, PREVIEW_NAME)
SQUARE, SMALL = (15, 25, 400), (55, 8, 100)


class Slow(ThresholdBackend):
    """Answers when it is let."""

    def __init__(self):
        super().__init__()
        self.asked, self.may_go = threading.Event(), threading.Event()
        self.may_go.set()

    def decode(self, embedding, prompts):
        self.asked.set()
        self.may_go.wait(30)
        return super().decode(embedding, prompts)


@pytest.fixture
def model(monkeypatch):
    made = Slow()
    monkeypatch.setattr(
        "napari_sam.annotator.models.ModelPool.open", lambda *_, **__: made
    )
    yield made
    made.may_go.set()


@pytest.fixture
def opened(make_napari_viewer, until, model, blobs):
    viewer = make_napari_viewer(show=True)
    viewer.add_image(blobs, name="blobs")
    widget = SegmentWidget(viewer)
    viewer.window.add_dock_widget(widget, name="Segment Anything")
    until(lambda: widget.controller.annotator.has_model)
    return widget


def delete(viewer, *names):
    """Choose layers in the list, and press the button that deletes them."""
    viewer.layers.selection = {viewer.layers[name] for name in names}
    button = viewer.window._qt_viewer.layerButtons.deleteButton
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    QTest.qWait(20)


def committed(widget, hand, until, place):
    """Click, keep what comes, and check that it is whole."""
    row, col, area = place
    session = widget.controller.annotator.session
    widget.controller.binding.use_tool("point")
    hand.click(row, col)
    until(lambda: session.preview is not None)
    at = session.current.object_id
    hand.press("K")
    assert int((session.labels == at).sum()) == area
    return at


def kept(session):
    """Return how many objects are in the labels."""
    return len(np.unique(session.labels)) - 1


@pytest.mark.parametrize("name", OURS)
def test_layers_of_ours_are_deleted_and_work_goes_on(opened, hand, until, name):
    hand, viewer = hand(opened.viewer), opened.viewer
    session = opened.controller.annotator.session
    opened.controller.binding.use_tool("box")  # makes the layer of shapes
    first = committed(opened, hand, until, SQUARE)
    hand.click(*SMALL[:2])
    until(lambda: session.preview is not None)
    delete(viewer, name)
    assert kept(session) == 1
    assert session.open_prompts
    hand.press("K")
    assert kept(session) == 2
    for count in (1, 0):
        while kept(session) > count:
            hand.press("Z", ctrl=True)
            QTest.qWait(20)
    while session.history.next is not None:
        opened.controller.annotator.redo()
    assert int((session.labels == first).sum()) == 400
    assert kept(session) == 2
    viewer.add_labels(np.zeros((64, 64), int))  # napari drew what was freed, here
    QTest.qWait(50)


@pytest.mark.parametrize("name", [*OURS, "blobs", "all"])
def test_layers_are_deleted_while_an_answer_is_awaited(
    opened, hand, until, model, name
):
    hand, viewer = hand(opened.viewer), opened.viewer
    session = opened.controller.annotator.session
    opened.controller.binding.use_tool("box")
    committed(opened, hand, until, SQUARE)
    model.asked.clear()
    model.may_go.clear()
    hand.click(*SMALL[:2])
    until(model.asked.is_set)
    if name == "all":
        viewer.layers.clear()
    else:
        delete(viewer, name)
    model.may_go.set()
    until(lambda: session.preview is not None)
    QTest.qWait(50)
    assert kept(session) == 1
    gone = name in ("blobs", "all")
    assert (PREVIEW_NAME in viewer.layers) == (name != "all")
    opened.controller.annotator.commits.commit()
    assert int((session.labels > 0).sum()) == 500
    assert gone == ("blobs" not in viewer.layers)


def test_all_is_cleared_and_the_same_image_comes_back(opened, hand, until, blobs):
    hand, viewer = hand(opened.viewer), opened.viewer
    annotator, layer = opened.controller.annotator, viewer.layers["blobs"]
    first = committed(opened, hand, until, SQUARE)
    hand.click(*SMALL[:2])
    until(lambda: annotator.session.preview is not None)
    viewer.layers.clear()
    QTest.qWait(50)
    for key in "KN":
        hand.press(key)
    annotator.undo()
    annotator.redo()
    assert len(viewer.layers) == 0
    viewer.layers.append(layer)
    until(lambda: LABELS in viewer.layers)
    assert int((viewer.layers[LABELS].data == first).sum()) == 400
    assert POINTS in viewer.layers
    assert kept(annotator.session) == 2


def test_layers_are_renamed_and_moved(opened, hand, until, blobs):
    hand, viewer = hand(opened.viewer), opened.viewer
    session = opened.controller.annotator.session
    committed(opened, hand, until, SQUARE)
    viewer.add_image(blobs[::-1].copy(), name="blobs")
    for layer in list(viewer.layers):
        layer.name = "the same"
    viewer.layers.move_multiple(range(len(viewer.layers))[::-1], 0)
    QTest.qWait(50)
    committed(opened, hand, until, SMALL)
    assert kept(session) == 2
    assert opened.controller.layer.name.startswith("the same")
    delete(viewer, *[one.name for one in viewer.layers[-2:]])
    QTest.qWait(50)
    assert kept(session) == 2
