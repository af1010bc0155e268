"""All of tracking by hand in the dock: prompts, a correction, links, files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from scipy import ndimage

import napari_sam as sam
from napari_sam import Address
from napari_sam.apps.dock.widget import SegmentWidget

from .buttons import press

DATA = Path(__file__).parents[3] / "shared" / "data" / "timelapse" / "c2c12_phase"
MOVIES = ["drawn", *(["c2c12"] if DATA.is_dir() else [])]
FRAMES = 5


def drawn():
    """Three discs that move a pixel a frame, and their middles on the first."""
    rows, cols = np.mgrid[:96, :96]
    middles = [(20, 20), (24, 70), (70, 40)]
    pixels = np.full((FRAMES, 96, 96), 20, np.uint8)
    for frame in range(FRAMES):
        for row, col in middles:
            pixels[frame][np.hypot(rows - row, cols - col - frame) < 9] = 200
    return pixels, middles


def myoblasts():
    """The first frames of a movie in phase contrast, and the middles of three cells."""
    files = sorted((DATA / "01").glob("*.tif"))[:FRAMES]
    pixels = np.stack([tifffile.imread(file) for file in files])
    truth = tifffile.imread(DATA / "01_GT" / "TRA" / "man_track000.tif")
    sizes = np.bincount(truth.ravel())
    sizes[0] = 0
    largest = np.argsort(-sizes)[:3]
    depths = [ndimage.distance_transform_edt(truth == number) for number in largest]
    return pixels, [np.unravel_index(d.argmax(), d.shape) for d in depths]


@pytest.fixture(params=MOVIES)
def opened(request, make_napari_viewer, until):
    if request.param == "drawn":
        request.getfixturevalue("threshold_model")
    pixels, middles = drawn() if request.param == "drawn" else myoblasts()
    viewer = make_napari_viewer(show=True)
    viewer.add_image(pixels, name="cells", axis_labels=("t", "y", "x"))
    viewer.dims.set_point(0, 0)
    widget = SegmentWidget(viewer)
    widget.said, widget.middles = [], middles
    widget.controller.annotator.events.message.connect(
        lambda level, text: widget.said.append(text)
    )
    viewer.window.add_dock_widget(widget, name="Segment Anything")
    until(lambda: widget.controller.annotator.has_model)
    return widget


def said(widget, until, words):
    until(lambda: any(text.startswith(words) for text in widget.said))
    widget.said.clear()
    QTest.qWait(200)


def click_and_keep(widget, hand, until, place):
    session = widget.controller.annotator.session
    hand.click(*place)
    until(lambda: session.preview is not None)
    hand.press("K")


def select_on_strip(widget, number, time):
    strip = widget.track.strip
    place = strip.center_of(number, time).toPoint()
    QTest.mouseClick(strip, Qt.MouseButton.LeftButton, pos=place)
    QTest.qWait(200)


def correct(widget, hand, until, number, frame):
    """Prompt an object anew on a frame, which mends the frames after it."""
    session = widget.controller.annotator.session
    select_on_strip(widget, number, frame)
    assert widget.viewer.dims.point[0] == frame
    mask = session.state.labels.mask(Address(frame, number))
    hand.press("C", shift=True)
    depth = ndimage.distance_transform_edt(np.pad(mask.array, 1))[1:-1, 1:-1]
    row, col = np.unravel_index(depth.argmax(), depth.shape)
    region = mask.region
    click_and_keep(widget, hand, until, (row + region.top, col + region.left))
    said(widget, until, "Propagated")


def link(widget, until):
    """Link the labels frame by frame, beside what was propagated."""
    panel = widget.track_files
    panel.title.setChecked(True)
    name, labels = panel.layers.layer.name, np.asarray(panel.layers.layer.data)
    press(panel.link)
    said(widget, until, "Linked: ")
    linked, paths = (widget.viewer.layers[f"{name}: {n}"] for n in ("linked", "tracks"))
    assert np.array_equal(linked.data, sam.link(labels, axes="tyx").labels)
    assert np.array_equal(linked.data > 0, labels > 0)
    (found,) = np.unique(linked.data[labels == 3])
    assert (paths.data[:, 0] == found).sum() == FRAMES


def test_a_movie_is_tracked_corrected_divided_linked_measured_and_saved(
    opened, hand, until, tmp_path
):
    hand, session = hand(opened.viewer), opened.controller.annotator.session
    for place in opened.middles:
        click_and_keep(opened, hand, until, place)
    press(opened.track.run)
    said(opened, until, "Propagated")
    assert all((np.asarray(session.labels)[-1] == i).any() for i in (1, 2, 3))

    correct(opened, hand, until, 2, 2)
    select_on_strip(opened, 1, 3)
    hand.press("Y", shift=True)
    said(opened, until, "Object 1 divides into")
    until(lambda: not opened.controller.annotator.running)
    assert sum(edge.source == 1 for edge in session.state.edges) == 2

    link(opened, until)
    press(opened.track_files.growth)
    until(lambda: opened.measure.plot is not None)
    assert opened.measure.plotted.currentText() == "area"
    measured = opened.controller.annotator.measurements.table
    sizes = np.bincount(np.asarray(session.labels)[0].ravel())
    assert measured.query("frame == 0")["area"].tolist() == sizes[1:4].tolist()

    for name in ("01_RES", "cells.geff"):
        opened.dialogs.path_to_save = lambda start, formats, to=name: tmp_path / to
        press(opened.track_files.save)
        said(opened, until, f"Wrote {name}.")
        tracks = sam.read_tracks(tmp_path / name)
        assert np.array_equal(tracks.labels, np.asarray(session.labels))
        assert set(tracks.edges) == set(session.state.edges)
