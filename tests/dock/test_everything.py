"""All objects are found, filtered, rejected and accepted in the dock."""

import numpy as np
import pytest

from napari_sam.apps.dock.widget import SegmentWidget
from napari_sam.testing import InstanceThresholdBackend

from .buttons import press


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


def test_sizes_are_in_the_unit_of_the_layer(opened, until):
    everything, filters = found(opened, until), opened.everything.filters
    smallest, largest = (filters.container[n].native for n in ("smallest", "largest"))
    assert (smallest.text(), largest.text()) == ("10 px²", "no limit")
    blobs = opened.viewer.layers["blobs"]
    near = opened.viewer.add_image(blobs.data, scale=(0.5, 0.5), units="um")
    opened.controller.open(near)
    until(lambda: smallest.text() == "2.5 µm²")
    until(lambda: opened.controller.annotator.has_model)
    found(opened, until)
    assert len(everything.masks) == 2
    smallest.setValue(30)
    assert [one.mask.area for one in everything.masks] == [400]
    smallest.setValue(24.9)
    assert len(everything.masks) == 2
    largest.stepUp()
    assert largest.text() == "0.0 µm²"
    assert not everything.masks
    largest.stepDown()
    assert largest.text() == "no limit"
    assert len(everything.masks) == 2


def test_a_size_that_was_set_keeps_its_unit_in_other_images(opened, until):
    blobs, panel = opened.viewer.layers["blobs"], opened.everything
    smallest = panel.filters.container["smallest"].native
    near = opened.viewer.add_image(blobs.data, scale=(0.5, 0.5), units="um")
    opened.controller.open(near)
    until(lambda: smallest.text() == "2.5 µm²")
    panel.score.setValue(40)
    usual = panel.settings_of_folder.filters
    assert (usual.smallest, usual.size_unit, usual.score) == (10, None, 0.4)
    smallest.setValue(30)
    chosen = panel.settings_of_folder.filters
    assert (chosen.smallest, chosen.size_unit, chosen.score) == (30, "micrometer", 0.4)


def test_sizes_follow_a_scale_that_changes(opened, until):
    everything, filters = (
        opened.controller.annotator.everything,
        opened.everything.filters,
    )
    smallest, blobs = (
        filters.container["smallest"].native,
        opened.viewer.layers["blobs"],
    )
    filters.container["exclude_border"].value = True
    blobs.scale, blobs.units = (0.001, 0.001), "mm"
    found(opened, until)
    assert smallest.text() == "0.000010 mm²"
    smallest.setValue(2e-4)
    assert [one.mask.area for one in everything.masks] == [400]
    blobs.scale = (0.002, 0.002)
    found(opened, until)
    assert smallest.value() == 2e-4
    assert len(everything.masks) == 2
    blobs.units = "pixel"
    found(opened, until)
    assert smallest.text() == "10 px²"
    assert filters.settings.exclude_border


def test_a_click_rejects_a_mask_and_takes_it_again(opened, hand, until):
    hand = hand(opened.viewer)
    everything = found(opened, until)
    chosen = opened.viewer.layers.selection
    tool = chosen.active
    press(opened.everything.reject)
    press(opened.everything.reject)
    assert chosen.active is opened.controller.found.layer
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
    assert chosen.active is tool  # a click segments again


def test_discarding_and_closing_leave_nothing(opened, until):
    found(opened, until)
    press(opened.everything.discard)
    assert outlines(opened) == []
    assert not opened.everything.accept.isEnabled()
    found(opened, until)
    opened.end()
    assert outlines(opened) == []


def test_all_planes_and_the_outlines_of_the_one_in_view(
    make_napari_viewer, until, threshold_model, blobs, monkeypatch
):
    monkeypatch.setattr(
        "napari_sam.testing.threshold_backend.open_threshold",
        lambda *_, **__: InstanceThresholdBackend(),
    )
    viewer = make_napari_viewer(show=True)
    image = viewer.add_image(np.stack([blobs, blobs.T, blobs]), name="stack")
    widget = SegmentWidget(viewer)
    viewer.window.add_dock_widget(widget, name="Segment Anything")
    widget.controller.open(image, axes="zyx")
    until(lambda: widget.controller.annotator.has_model)
    choose(widget.everything.where, "planes")
    everything = found(widget, until)
    assert everything.count == 6
    assert widget.everything.count.text() == "6 shown in 3 frames"
    viewer.dims.set_point(0, 1)
    layer = widget.controller.found.layer
    np.testing.assert_array_equal(np.squeeze(layer.data) > 0, tight(blobs.T))
    press(widget.everything.accept)
    session = widget.controller.annotator.session
    until(lambda: len(session.objects) == 6)


def tight(pixels):
    rows, cols = np.nonzero(pixels)
    return pixels[rows.min() : rows.max() + 1, cols.min() : cols.max() + 1] > 0


def choose(box, value):
    box.setCurrentIndex(box.findData(value))


def test_only_inside_of_a_shape_or_a_layer(opened, hand, until):
    hand = hand(opened.viewer)
    everything = opened.controller.annotator.everything
    choose(opened.everything.where, "drawn")
    press(opened.everything.run)
    for corner in ((5, 15), (5, 45), (35, 45), (35, 15)):
        hand.click(*corner)
    hand.double_click(35, 15)
    until(lambda: everything.frame is not None)
    assert [one.mask.area for one in everything.masks] == [400]
    labels = np.zeros((64, 64), int)
    labels[45:, :20] = 3
    opened.viewer.add_labels(labels, name="mine")
    choose(opened.everything.where, "layer")
    opened.everything.layers.setCurrentText("mine")
    press(opened.everything.run)
    until(lambda: [one.mask.area for one in everything.masks] == [100])


def test_a_line_merges_masks_and_splits_them(opened, hand, until):
    hand = hand(opened.viewer)
    everything = found(opened, until)
    press(opened.everything.merge)
    hand.drag([(20, 25), (40, 20), (55, 10)])
    until(lambda: len(everything.masks) == 1)
    assert everything.masks[0].mask.area == 500
    press(opened.everything.discard)
    found(opened, until)
    press(opened.everything.cut)
    hand.drag([(5, 30), (20, 30), (35, 30)])
    until(lambda: len(everything.masks) == 3)
    assert sum(one.mask.area for one in everything.masks) == 500


def test_all_like_the_selected_object(opened, until):
    session = opened.controller.annotator.session
    found(opened, until)
    press(opened.everything.accept)
    until(lambda: len(session.objects) == 2)
    opened.controller.annotator.editing.delete([2])
    opened.controller.annotator.editing.set_info(1, category="square")
    similar, everything = opened.similar, opened.controller.annotator.everything
    similar.title.setChecked(True)
    press(similar.run)
    assert everything.frame is None
    opened.objects.table.selectRow(0)
    similar.similarity.setValue(0)
    press(similar.run)
    until(lambda: everything.has_examples)
    assert [one.mask.area for one in everything.masks] == [100]
    similar.similarity.setValue(90)
    assert everything.masks == ()
    similar.weights.container["by_size"].value = 0
    similar.weights.container["by_light"].value = 0
    assert [one.mask.area for one in everything.masks] == [100]
    assert "1 shown" in similar.state.text()
    choose(similar.examples, "square")
    press(similar.run)
    until(lambda: everything.has_examples)
    press(opened.everything.accept)
    until(lambda: len(session.objects) == 2)
