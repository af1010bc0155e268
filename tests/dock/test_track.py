"""Objects are propagated, reviewed and corrected in the dock, by real events of Qt."""

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_sam import Address
from napari_sam.apps.dock.widget import SegmentWidget
from napari_sam.core.mask import Mask
from napari_sam.core.propagation import Edge, State

from .buttons import press

FRAMES = 6
CTRL = Qt.KeyboardModifier.ControlModifier


def movie():
    """Two squares that move one pixel a frame, and one that appears on frame 3."""
    pixels = np.zeros((FRAMES, 80, 80), np.uint8)
    for frame in range(FRAMES):
        pixels[frame, 8 + frame : 22 + frame, 8:22] = 200
        pixels[frame, 50:64, 50 - frame : 64 - frame] = 200
        if frame > 2:
            pixels[frame, 8:20, 54:66] = 200
    return pixels


@pytest.fixture
def opened(make_napari_viewer, until, threshold_model):
    viewer = make_napari_viewer(show=True)
    viewer.add_image(movie(), name="cells", axis_labels=("t", "y", "x"))
    viewer.dims.set_point(0, 0)
    widget = SegmentWidget(viewer)
    widget.said = []
    widget.controller.annotator.events.message.connect(
        lambda level, text: widget.said.append(text)
    )
    viewer.window.add_dock_widget(widget, name="Segment Anything")
    until(lambda: widget.controller.annotator.has_model)
    return widget


def commit(widget, hand, until, row, col):
    session = widget.controller.annotator.session
    hand.click(row, col)
    until(lambda: session.preview is not None)
    hand.press("K")


def propagated(widget, hand, until):
    commit(widget, hand, until, 15, 15)
    commit(widget, hand, until, 57, 57)
    press(widget.track.run)
    finished(widget, until, "Propagated")


def finished(widget, until, words):
    until(lambda: any(text.startswith(words) for text in widget.said))
    widget.said.clear()
    QTest.qWait(200)


def choose(widget, row, keys=Qt.KeyboardModifier.NoModifier):
    table = widget.objects.table
    place = table.visualRect(table.model().index(row, 1)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, keys, place)
    QTest.qWait(200)


def cell(widget, number, time):
    return widget.track.strip.center_of(number, time).toPoint()


def seen(part):
    """Return how many pixels of a part are in sight, from top to bottom."""
    return part.visibleRegion().boundingRect().height()


@pytest.fixture
def many(opened, until):
    """Sixteen objects, and what is above *Track* closed."""
    squares = {}
    for number in range(16):
        top, left = 20 * (number // 4), 20 * (number % 4)
        mask = Mask.from_array(np.ones((9, 9), bool), top=top, left=left)
        squares[Address(0, number + 1)] = mask
    opened.controller.annotator.session.add_masks(squares)
    for panel in (opened.prompts, opened.everything):
        press(panel.title)
    until(lambda: opened.track.strip_area.height() > 120)
    return opened


def areas(widget, number):
    labels = np.asarray(widget.controller.annotator.session.labels)
    return [int((plane == number).sum()) for plane in labels]


def test_prompted_objects_are_propagated_and_painted_along_time(opened, hand, until):
    hand = hand(opened.viewer)
    propagated(opened, hand, until)
    assert min(areas(opened, 1)) > 100
    assert min(areas(opened, 2)) > 100
    assert not opened.track.cancel.isEnabled()
    strip = opened.track.strip
    image = strip.grab().toImage()
    shown = [image.pixelColor(cell(opened, 1, t)).name() for t in (1, FRAMES - 1)]
    assert shown[0] == shown[1] == "#9aa7b2"
    hand.press("Z", ctrl=True)
    assert areas(opened, 1)[1:] == [0] * (FRAMES - 1)


def test_a_click_on_the_strip_goes_there_and_selects(opened, hand, until):
    propagated(opened, hand(opened.viewer), until)
    QTest.mouseClick(
        opened.track.strip, Qt.MouseButton.LeftButton, pos=cell(opened, 2, 4)
    )
    annotator = opened.controller.annotator
    assert opened.viewer.dims.point[0] == 4
    assert annotator.session.current.frame == 4
    assert annotator.objects.selected == 2
    until(lambda: opened.objects.selected == [2])


def test_frames_that_are_dragged_over_are_approved(opened, hand, until):
    propagated(opened, hand(opened.viewer), until)
    strip = opened.track.strip
    QTest.mousePress(strip, Qt.MouseButton.LeftButton, pos=cell(opened, 1, 1))
    QTest.mouseMove(strip, cell(opened, 1, 2))
    QTest.mouseMove(strip, cell(opened, 1, 3))
    QTest.mouseRelease(strip, Qt.MouseButton.LeftButton, pos=cell(opened, 1, 3))
    assert strip.chosen_range == (1, 1, 3)
    until(opened.track.approve.isEnabled)
    press(opened.track.approve)
    state = opened.controller.annotator.session.state
    known = [state.known(Address(f, 1)) for f in range(FRAMES)]
    assert known[1:4] == [State.APPROVED] * 3
    assert known[4] is State.PROPAGATED


def test_the_review_is_gone_through_by_keys(opened, hand, until):
    hand = hand(opened.viewer)
    propagated(opened, hand, until)
    review = opened.controller.annotator.review
    worst = review.queue[0].at
    hand.press("D", shift=True)
    assert review.current == worst
    assert opened.viewer.dims.point[0] == worst.frame
    hand.press("G", shift=True)
    session = opened.controller.annotator.session
    assert session.state.known(worst) is State.APPROVED
    assert review.current == review.queue[0].at != worst
    second = review.current
    hand.press("C", shift=True)
    assert session.current == second
    activity = opened.controller.annotator.objects.activity
    assert activity == f"Correcting object {second.object_id}"
    region = session.state.labels.mask(second).region
    hand.click(*region.center)
    until(lambda: session.preview is not None)
    assert [type(item).__name__ for item in session.current_prompts.items] == ["Point"]
    hand.press("D", shift=True)
    assert review.current != second


def test_a_click_in_the_list_of_frames_to_review_goes_there(opened, hand, until):
    propagated(opened, hand(opened.viewer), until)
    frames = opened.track.list
    until(lambda: frames.count() > 2)
    place = frames.visualItemRect(frames.item(1)).center()
    QTest.mouseClick(frames.viewport(), Qt.MouseButton.LeftButton, pos=place)
    review = opened.controller.annotator.review
    assert review.current == review.queue[1].at
    until(lambda: opened.track.accept.isEnabled())
    press(opened.track.accept)


def test_a_division_is_marked_on_two_selected_rows(opened, hand, until):
    hand = hand(opened.viewer)
    propagated(opened, hand, until)
    opened.viewer.dims.set_point(0, 3)
    commit(opened, hand, until, 14, 60)
    assert areas(opened, 3)[3] == 144
    choose(opened, 0)
    assert not opened.track.divide.isEnabled()
    choose(opened, 2, CTRL)
    press(opened.track.divide)
    session = opened.controller.annotator.session
    assert session.state.edges == {Edge(1, 3), Edge(1, 4)}
    assert areas(opened, 1)[3:] == [0] * 3
    until(lambda: opened.track.tree_area.isVisibleTo(opened.track))
    place = opened.track.tree.position_of(4).toPoint() + QPoint(3, 0)
    QTest.mouseClick(opened.track.tree, Qt.MouseButton.LeftButton, pos=place)
    assert opened.controller.annotator.objects.selected == 4


def test_ends_here_cut_join_and_swap(opened, hand, until):
    propagated(opened, hand(opened.viewer), until)
    choose(opened, 0)
    opened.viewer.dims.set_point(0, 2)
    QTest.qWait(200)
    press(opened.track.cut)
    assert areas(opened, 1)[2:] == [0] * 4
    choose(opened, 0)
    choose(opened, 2, CTRL)
    press(opened.track.join)
    assert min(areas(opened, 1)) > 100
    before = areas(opened, 1), areas(opened, 2)
    QTest.qWait(200)
    choose(opened, 0)
    choose(opened, 1, CTRL)
    opened.viewer.dims.set_point(0, 3)
    QTest.qWait(200)
    press(opened.track.swap)
    assert areas(opened, 1) == before[0][:3] + before[1][3:]
    QTest.qWait(200)
    choose(opened, 1)
    opened.viewer.dims.set_point(0, 4)
    QTest.qWait(200)
    press(opened.track.end)
    assert areas(opened, 2)[5] == 0
    known = opened.controller.annotator.session.state.known(Address(5, 2))
    assert known is State.ABSENT


def test_paths_and_the_frame_before_are_layers_in_step(opened, hand, until):
    propagated(opened, hand(opened.viewer), until)
    opened.track.paths.setChecked(True)
    until(lambda: opened.controller.tracks.layer is not None)
    data = opened.controller.tracks.layer.data
    assert data.shape == (2 * FRAMES, 4)
    np.testing.assert_allclose(data[0], [1, 0, 14.5, 14.5])
    opened.controller.annotator.tracks.cut([1])
    assert opened.said  # cut on frame 0: refused
    session = opened.controller.annotator.session
    session.current = Address(3, session.current.object_id)
    opened.controller.annotator.tracks.cut([1])
    until(lambda: 3 in opened.controller.tracks.layer.data[:, 0])
    opened.track.onion.setChecked(True)
    onion = opened.controller.onion.layer
    assert np.shares_memory(onion.data, session.labels)
    assert onion.data.shape[0] == FRAMES - 1
    assert onion.translate[0] == 1
    assert opened.viewer.dims.range[0].stop == FRAMES - 1
    opened.track.onion.setChecked(False)
    assert opened.controller.onion.layer is None
    opened.track.paths.setChecked(False)
    assert opened.controller.tracks.layer is None


def test_some_frames_of_selected_objects(opened, hand, until):
    hand = hand(opened.viewer)
    commit(opened, hand, until, 15, 15)
    commit(opened, hand, until, 57, 57)
    choose(opened, 1)
    track = opened.track
    track.objects.setCurrentIndex(1)
    track.last.setValue(3)
    press(track.run)
    finished(opened, until, "Propagated 1 object to 3 frames")
    assert [a > 0 for a in areas(opened, 2)] == [f < 4 for f in range(FRAMES)]
    assert areas(opened, 1)[1:] == [0] * 5


def test_one_plane_has_no_track_panel(opened, until):
    layer = opened.viewer.add_image(movie()[0], name="plane")
    opened.controller.open(layer)
    assert opened.controller.annotator.timeline is None
    assert not opened.track.isVisibleTo(opened)


def dividing_movie():
    """A bar whose middle goes dark on frame 3: two daughters, which move apart."""
    pixels = np.full((FRAMES, 60, 60), 20, np.uint8)
    for frame in range(FRAMES):
        apart = max(frame - 2, 0)
        pixels[frame, 24:34, 16 - apart : 28 - apart] = 200
        pixels[frame, 24:34, 28 + apart : 40 + apart] = 200
    return pixels


def test_a_proposed_division_is_split_by_its_key(opened, hand, until):
    opened.viewer.layers["cells"].data = dividing_movie()
    QTest.qWait(300)
    hand = hand(opened.viewer)
    commit(opened, hand, until, 28, 24)
    press(opened.track.run)
    finished(opened, until, "Propagated")
    until(lambda: opened.track.list.count() > 0)
    assert "divides?" in opened.track.list.item(0).text()
    proposed = opened.controller.annotator.review.queue[0].at
    hand.press("D", shift=True)
    assert opened.viewer.dims.point[0] == proposed.frame
    hand.press("Y", shift=True)
    finished(opened, until, "Object 1 divides into")
    session = opened.controller.annotator.session
    until(lambda: not opened.controller.annotator.running)
    daughters = [edge.target for edge in session.state.edges if edge.source == 1]
    assert len(daughters) == 2
    last = np.asarray(session.labels)[-1]
    assert set(np.unique(last)) == {0, *daughters}


@pytest.mark.parametrize(("height", "rows"), [(700, 0), (860, 6), (1080, 7)])
def test_an_open_track_has_height_and_the_table_keeps_some(many, until, height, rows):
    table, delete = many.objects.table, many.objects.delete
    many.viewer.window.resize(1400, height)
    until(lambda: seen(many.track.strip_area) >= 19 * rows)
    until(lambda: seen(table) == table.height() >= 100)
    assert seen(delete) == delete.height()
    kept = table.height()
    many.track.title.setChecked(False)
    until(lambda: table.height() > kept)


def test_what_is_propagated_is_scrolled_to(many, until):
    many.viewer.window.resize(1400, 700)
    strip = many.track.strip_area
    until(lambda: seen(strip) < strip.height())
    many.track.run.click()
    until(lambda: seen(strip) == strip.height())
