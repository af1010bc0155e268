"""Labels are linked, growth is plotted and tracks are saved in the dock, by clicks."""

import threading

import numpy as np
import pytest
from qtpy.QtTest import QTest

import napari_sam as sam
from napari_sam.annotator.tracking import track_files
from napari_sam.apps.dock.widget import SegmentWidget
from napari_sam.core.address import Address
from napari_sam.core.mask import Mask
from napari_sam.testing.linker_suite import cells

from .buttons import press

FOUND = cells(divides=True)


@pytest.fixture
def opened(make_napari_viewer, until, threshold_model):
    """The widget on a movie whose object grows, and labels of somebody else."""
    viewer = make_napari_viewer(show=True)
    shape = FOUND.shape
    viewer.add_labels(
        FOUND, name="found", scale=(60, 0.5, 0.5), axis_labels=("t", "y", "x")
    )
    viewer.add_image(
        np.zeros(shape, np.uint8), name="movie", axis_labels=("t", "y", "x")
    )
    widget = SegmentWidget(viewer)
    widget.said = []
    widget.controller.annotator.events.message.connect(
        lambda level, text: widget.said.append(text)
    )
    viewer.window.add_dock_widget(widget, name="Segment Anything")
    until(lambda: widget.controller.annotator.has_model)
    masks = {
        Address(t, 1): Mask.from_array(np.ones((4 + t, 6), bool), top=5, left=5)
        for t in range(shape[0])
    }
    widget.controller.annotator.session.add_masks(masks)
    widget.track_files.title.setChecked(True)
    return widget


def chosen(widget, name):
    panel = widget.track_files
    panel.layers.layer = widget.viewer.layers[name]
    return panel


def test_a_layer_of_labels_is_linked_beside_the_window(opened, until):
    panel = chosen(opened, "found")
    threads = []
    whole = track_files._iter_linked

    def watched(*given):
        threads.append(threading.current_thread())
        return (yield from whole(*given))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(track_files, "_iter_linked", watched)
        panel.link.click()
        assert panel.bar.isVisible()
        until(lambda: "found: tracks" in opened.viewer.layers)
    assert threads
    assert threading.main_thread() not in threads
    tracks = sam.link(FOUND, axes="tyx")
    linked, paths = (opened.viewer.layers[f"found: {n}"] for n in ("linked", "tracks"))
    assert np.array_equal(linked.data, tracks.labels)
    assert paths.graph == {4: [3], 5: [3]}
    assert linked.scale.tolist() == paths.scale.tolist() == [60, 0.5, 0.5]
    assert not panel.bar.isVisible()
    assert "Linked: 5 segments, 1 divisions." in opened.said
    assert np.array_equal(opened.viewer.layers["found"].data, FOUND)


def test_linking_is_stopped_and_nothing_comes_of_it(opened, until):
    panel = chosen(opened, "found")
    going, may_go_on = threading.Event(), threading.Event()
    whole = track_files._iter_linked

    def slow(*given):
        work = whole(*given)
        yield next(work)
        going.set()
        may_go_on.wait(20)
        return (yield from work)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(track_files, "_iter_linked", slow)
        press(panel.link)
        until(going.is_set)
        press(panel.cancel)
        may_go_on.set()
        until(lambda: not panel.cancel.isEnabled())
    QTest.qWait(100)
    assert "found: linked" not in opened.viewer.layers


@pytest.mark.parametrize("name", ["t.zarr", "t.xml", "01_RES", "t.csv"])
def test_tracks_of_the_session_are_saved_in_every_format(opened, until, tmp_path, name):
    session = opened.controller.annotator.session
    opened.dialogs.path_to_save = lambda start, formats: tmp_path / name
    press(opened.track_files.save)
    until(lambda: f"Wrote {name}." in opened.said)
    labels = np.asarray(session.labels) if name == "t.csv" else None
    tracks = sam.read_tracks(tmp_path / name, labels=labels, axes="tyx")
    (only,) = tracks.segments
    assert only.frames.tolist() == list(range(len(FOUND)))
    assert np.array_equal(tracks.labels, np.asarray(session.labels))


def test_growth_is_plotted_over_time(opened, until):
    press(opened.track_files.growth)
    until(lambda: opened.measure.plot is not None)
    measured = opened.controller.annotator.measurements.table
    assert measured["area"].tolist() == [6 * (4 + t) for t in range(len(FOUND))]
    assert opened.measure.plotted.currentText() == "area"
    assert opened.measure.against.currentText() == "time"
