"""All objects are found, filtered, rejected and accepted in the dock."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_sam.apps.dock.widget import SegmentWidget
from napari_sam.testing import InstanceThresholdBackend


@pytest.fixture
def opened(make_napari_viewer, until, threshold_model, blobs, monkeypatch):
    """The widget on an image, with a model that finds instances."""
    monkeypatch.setattr(
        "napari_sam.testing.threshold_backend.open_threshold",
        lambda *_, **__: InstanceThresholdBackend(),
    )
    viewer = make_napari_viewer(show=True)
    viewer.add_image(blobs, name="blobs")
    widget = SegmentWidget(viewer)
    viewer.window.add_dock_widget(widget, name="Segment Anything")
    until(lambda: widget.controller.annotator.has_model)
    return widget


def press(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def found(widget, until):
    press(widget.everything.run)
    everything = widget.controller.annotator.everything
    until(lambda: everything.frame is not None)
    return everything


def outlines(widget):
    layer = widget.controller.found.layer
    return [] if layer is None else sorted(np.unique(layer.data)[1:].tolist())


def test_found_masks_are_outlines_until_they_are_accepted(opened, until):
    session = opened.controller.annotator.session
    everything = found(opened, until)
    assert len(everything.masks) == 2
    assert outlines(opened) == [1, 2]
    assert opened.controller.found.layer.contour > 0
    assert opened.everything.count.text() == "2 shown"
    assert not np.asarray(session.labels).any()
    press(opened.everything.accept)
    until(lambda: len(session.objects) == 2)
    assert np.bincount(np.asarray(session.labels).ravel()).tolist()[1:] == [400, 100]
    assert outlines(opened) == []
    assert opened.objects.table.model().rowCount() == 2
    opened.controller.annotator.undo()
    assert not np.asarray(session.labels).any()


def test_sliders_filter_at_once_and_split_finds_again(opened, until):
    everything = found(opened, until)
    backend_calls = []
    everything._workspace.tasks.run, run = (
        lambda *a: (backend_calls.append(a[0]), run(*a)),
        everything._workspace.tasks.run,
    )
    opened.everything.filters.container["smallest"].value = 200
    assert len(everything.masks) == 1
    opened.everything.filters.container["smallest"].value = 0
    opened.everything.score.setValue(100)
    assert everything.masks == ()
    assert outlines(opened) == []
    opened.everything.score.setValue(0)
    assert len(everything.masks) == 2
    assert not backend_calls
    opened.everything.split.setValue(40)
    until(lambda: backend_calls)
    until(lambda: len(everything.masks) == 2)


def test_a_click_rejects_a_mask_and_takes_it_again(opened, hand, until):
    hand = hand(opened.viewer)
    everything = found(opened, until)
    press(opened.everything.reject)
    assert opened.viewer.layers.selection.active is opened.controller.found.layer
    hand.click(20, 30)
    until(lambda: len(everything.masks) == 1)
    assert opened.everything.count.text() == "1 shown, 1 rejected"
    hand.click(20, 30)
    until(lambda: len(everything.masks) == 2)
    hand.click(55, 10)
    press(opened.everything.accept)
    session = opened.controller.annotator.session
    until(lambda: len(session.objects) == 1)
    assert np.asarray(session.labels)[20, 30] == 1


def test_discarding_and_closing_leave_nothing(opened, until):
    found(opened, until)
    press(opened.everything.discard)
    assert outlines(opened) == []
    assert not opened.everything.accept.isEnabled()
    found(opened, until)
    opened.end()
    assert outlines(opened) == []
