"""Every gesture on the canvas and in the dock, by real events of Qt."""

import imageio.v3 as iio
import numpy as np
import pytest
from napari.layers import Labels
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QPushButton,
    QScrollArea,
    QSlider,
)

from napari_sam.apps.dock.reader import add_image
from napari_sam.apps.dock.widget import LEAVE, SegmentWidget
from napari_sam.io import write_labels

from .buttons import press


@pytest.fixture
def opened(make_napari_viewer, until, threshold_model, blobs):
    """A viewer with an image, and the widget ready to be clicked at."""
    viewer = make_napari_viewer(show=True)
    viewer.add_image(blobs, name="blobs")
    return docked(viewer, until)


def docked(viewer, until):
    widget = SegmentWidget(viewer)
    widget.said, widget.answers = [], []
    events = widget.controller.annotator.events
    events.message.connect(lambda level, text: widget.said.append((level, text)))
    widget.dialogs.choose = lambda question, _: widget.answers.pop(0)
    viewer.window.add_dock_widget(widget, name="Segment Anything")
    until(lambda: widget.controller.annotator.has_model or not len(viewer.layers))
    return widget


def previewed(widget, until):
    session = widget.controller.annotator.session
    until(lambda: session.preview is not None)
    return session.preview.area


def choose_row(widget, row):
    table = widget.objects.table
    place = table.visualRect(table.model().index(row, 1)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QApplication.processEvents()


def commit(widget, hand, until, row, col):
    hand.click(row, col)
    area = previewed(widget, until)
    hand.press("K")
    return area


def test_a_row_is_split_by_a_dragged_line_and_drawing_goes_on(opened, hand, until):
    hand, session = hand(opened.viewer), opened.controller.annotator.session
    commit(opened, hand, until, 15, 25)
    choose_row(opened, 0)
    press(opened.objects.split)
    hand.drag([(5, 30), (12, 30), (20, 30), (28, 30), (35, 30)])
    until(lambda: len(session.objects) == 2)
    assert [int((session.labels == i).sum()) for i in (1, 2)] == [220, 180]
    assert len(opened.viewer.layers["SAM shapes"].data) == 0
    press(opened.prompts.tools.button(3))
    hand.drag([(48, 3), (48, 17), (62, 17), (62, 3), (50, 3)])
    assert previewed(opened, until)
    hand.press("K")
    assert len(session.objects) == 3


def test_a_row_is_split_by_clicks_and_drawing_goes_on(opened, hand, until):
    hand, session = hand(opened.viewer), opened.controller.annotator.session
    commit(opened, hand, until, 15, 25)
    choose_row(opened, 0)
    press(opened.objects.split)
    hand.click(5, 30)
    hand.hover(35, 30)
    hand.click(35, 30)
    hand.double_click(35, 30)
    until(lambda: len(session.objects) == 2)
    hand.press("Escape")
    press(opened.prompts.tools.button(1))
    hand.drag([(45, 2), (50, 8), (62, 18)])
    assert previewed(opened, until) == 100


def test_a_polygon_is_clicked_and_one_beside_the_image_is_refused(opened, hand, until):
    hand = hand(opened.viewer)
    press(opened.prompts.tools.button(2))
    for row, col in [(8, 18), (8, 42), (32, 42), (32, 18)]:
        hand.hover(row, col)
        hand.click(row, col)
    hand.double_click(32, 18)
    assert previewed(opened, until) == 400
    hand.press("K")
    hand.hover(-20, -20)
    for row, col in [(-20, -20), (-20, -10), (-10, -10)]:
        hand.hover(row, col)
        hand.click(row, col)
    hand.double_click(-10, -10)
    assert opened.said[-1][0] == "warning"
    assert len(opened.viewer.layers["SAM shapes"].data) == 0
    hand.press("Escape")
    press(opened.prompts.tools.button(3))
    hand.drag([(48, 3), (48, 17), (62, 17), (62, 3), (50, 3)])
    assert previewed(opened, until) == 100


def test_a_refused_lasso(opened, hand, until):
    hand = hand(opened.viewer)
    press(opened.prompts.tools.button(3))
    hand.drag([(-20, -20), (-20, -10), (-10, -10), (-10, -20), (-18, -20)])
    assert opened.said[-1][0] == "warning"
    assert len(opened.viewer.layers["SAM shapes"].data) == 0
    hand.drag([(48, 3), (48, 17), (62, 17), (62, 3), (50, 3)])
    assert previewed(opened, until) == 100


def test_to_look_at_a_row_changes_nothing_of_it(opened, hand, until):
    hand, session = hand(opened.viewer), opened.controller.annotator.session
    commit(opened, hand, until, 15, 25)
    choose_row(opened, 0)
    assert opened.activity.making.text() == "New object 2"
    commit(opened, hand, until, 55, 8)
    assert [int((session.labels == i).sum()) for i in (1, 2)] == [400, 100]
    choose_row(opened, 0)
    hand.press("K", shift=True)
    assert opened.activity.making.text() == "Correcting object 1"
    hand.click(12, 22)
    until(lambda: session.preview is not None)
    hand.press("K")
    assert len(session.objects) == 2
    assert opened.activity.making.text() == "New object 3"
    hand.press("Z", ctrl=True)  # of the correction
    hand.press("Z", ctrl=True, shift=True)
    assert opened.activity.making.text() == "New object 3"


def test_n_commits_what_there_is_and_a_new_object_begins_positive(opened, hand, until):
    hand, annotator = hand(opened.viewer), opened.controller.annotator
    session = annotator.session
    hand.click(15, 25)
    previewed(opened, until)
    assert opened.activity.hint.text().startswith("K commit")
    hand.press("Q")
    hand.click(40, 50)
    previewed(opened, until)
    hand.press("N")
    assert np.unique(session.labels).tolist() == [0, 1]
    assert opened.prompts.polarity.checkedId() == 0
    hand.press("Q")
    hand.press("N")
    assert annotator.preview.positive
    hand.click(55, 8)
    hand.press("N")  # the mask is still being predicted
    until(lambda: np.unique(session.labels).tolist() == [0, 1, 2])


def test_the_wheel_changes_no_value_without_focus_and_scrolls_the_panel(opened, qtbot):
    for section in (opened.model, opened.batch, opened.embed):
        press(section.title)
    kinds = {QComboBox: "currentIndex", QAbstractSpinBox: "text", QSlider: "value"}
    found = [(w, n) for kind, n in kinds.items() for w in opened.findChildren(kind)]
    tried = 0
    for one, name in found:
        before = getattr(one, name)()
        area = surrounding(one)
        if not one.isVisible() or area is None:
            continue
        for _ in range(3):
            area.ensureWidgetVisible(one)
            turn(one, -120)
            area.ensureWidgetVisible(one)
            turn(one, 120)
        tried += 1
        assert getattr(one, name)() == before, one.toolTip()
    assert tried > 6
    area = surrounding(opened.prompts.overlap)
    area.ensureWidgetVisible(opened.prompts.overlap)
    before = area.verticalScrollBar().value()
    turn(opened.prompts.overlap, -120)
    assert area.verticalScrollBar().value() > before


def surrounding(widget):
    """Return the area that a widget is scrolled in."""
    while widget is not None and not isinstance(widget, QScrollArea):
        widget = widget.parentWidget()
    return widget


def turn(widget, delta):
    """Turn the wheel over a widget, as far as one notch."""
    window = widget.window()
    place = QPointF(widget.mapTo(window, widget.rect().center()))
    QTest.wheelEvent(window.windowHandle(), place, QPoint(0, delta))
    QApplication.processEvents()


@pytest.mark.parametrize("first", [True, False])
def test_of_two_docks_on_one_image_either_may_close(opened, hand, until, first):
    other = docked(opened.viewer, until)
    hand, session = hand(opened.viewer), opened.controller.annotator.session
    closing, staying = (opened, other) if first else (other, opened)
    opened.viewer.window.remove_dock_widget(closing)
    until(lambda: closing.controller.annotator.session is None)
    commit(staying, hand, until, 15, 25)
    commit(staying, hand, until, 55, 8)
    assert np.unique(session.labels).tolist() == [0, 1, 2]
    assert staying.objects.model.rowCount() == 2


def listeners(viewer, session):
    """Return how many listen to a viewer, its image and a session."""
    signals = [
        session.prompts_changed, session.labels_changed, session.objects_changed,
        session.preview_changed, session.selection_changed, session.changed,
    ]  # fmt: skip
    layer, dims = viewer.layers["blobs"], viewer.dims
    emitters = [
        *viewer.layers.events.emitters.values(), layer.events.data, layer.events.name,
        layer.events.scale, dims.events.point, viewer.layers.selection.events.active,
    ]  # fmt: skip
    return [len(s) for s in signals] + [len(e.callbacks) for e in emitters]


def test_a_dock_that_opens_and_closes_twenty_times_leaves_no_listener(
    opened, hand, until
):
    viewer, session = opened.viewer, opened.controller.annotator.session
    found, layers = [], []
    for _ in range(20):
        other = docked(viewer, until)
        viewer.window.remove_dock_widget(other)
        until(lambda other=other: other.controller.annotator.session is None)
        found.append(listeners(viewer, session))
        layers.append(len(viewer.layers))
    assert found[-1] == found[0]
    assert layers[-1] == layers[0]
    opened.viewer.window.remove_dock_widget(opened)
    until(lambda: opened.controller.annotator.session is None)
    assert listeners(viewer, session)[:6] == [0] * 6
    again = docked(viewer, until)
    commit(again, hand(viewer), until, 15, 25)
    assert again.controller.annotator.session is session


def test_clicks_in_3d_and_in_other_planes_are_refused_in_a_sentence(
    make_napari_viewer, until, threshold_model, blobs, hand
):
    viewer = make_napari_viewer(show=True)
    viewer.add_image(np.stack([blobs] * 40), axis_labels=("z", "y", "x"))
    widget = docked(viewer, until)
    hand, session = hand(viewer), widget.controller.annotator.session
    viewer.dims.ndisplay = 3
    hand.click(15, 25)
    assert not session.open_prompts
    assert "2D" in widget.said[-1][1]
    viewer.dims.ndisplay = 2
    viewer.dims.order = (1, 0, 2)
    hand.click(15, 25)
    assert not session.open_prompts
    assert "Another plane" in widget.said[-1][1]
    viewer.dims.order = (0, 1, 2)
    viewer.dims.set_point(0, 7)
    hand.click(15, 25)
    assert previewed(widget, until) == 400
    assert session.current.frame == 7


def test_an_image_that_comes_after_one_that_was_removed_is_taken(
    opened, hand, until, blobs
):
    hand = hand(opened.viewer)
    commit(opened, hand, until, 15, 25)
    opened.viewer.layers.remove("blobs")
    assert len(opened.controller.annotator.session.objects) == 1
    opened.viewer.add_image(blobs[::-1].copy(), name="other")
    until(lambda: opened.controller.layer.name == "other")
    until(lambda: opened.controller.annotator.has_model)
    hand.click(8, 8)
    assert previewed(opened, until) == 100
    names = [layer.name for layer in opened.viewer.layers if layer.visible]
    assert sorted(names) == ["SAM labels", "SAM points", "SAM preview", "other"]


def test_work_without_a_journal_is_not_left_for_another_image(
    opened, hand, until, blobs, monkeypatch
):
    commit(opened, hand(opened.viewer), until, 15, 25)
    session = opened.controller.annotator.session
    kept = type(opened.controller.annotator.persistence)
    monkeypatch.setattr(kept, "is_in_journal", lambda *_: False)
    opened.viewer.layers.remove("blobs")
    opened.viewer.add_image(blobs, name="other")
    QTest.qWait(200)
    assert opened.controller.annotator.session is session
    assert "saved nowhere" in opened.said[-1][1]


def test_several_objects_are_approved_in_one_step(opened, hand, until):
    hand, session = hand(opened.viewer), opened.controller.annotator.session
    commit(opened, hand, until, 15, 25)
    commit(opened, hand, until, 55, 8)
    choose_row(opened, 0)
    hand.press("G")
    opened.objects.table.selectAll()
    press(opened.objects.approve)
    assert {info.status for info in session.objects.values()} == {"approved"}
    hand.press("Z", ctrl=True)
    assert [session.objects[i].status for i in (1, 2)] == ["approved", "committed"]


def test_a_class_shows_its_own_objects_only(opened, hand, until):
    hand, editing = hand(opened.viewer), opened.controller.annotator.editing
    commit(opened, hand, until, 15, 25)
    commit(opened, hand, until, 55, 8)
    editing.set_info(1, category="cell")
    editing.set_info(2, category="cell wall")
    QApplication.processEvents()
    classes = opened.objects.classes
    assert classes.isVisible()
    classes.setCurrentText("cell")
    opened.objects._on_class()
    assert opened.objects.table.model().rowCount() == 1


def test_saving_says_what_is_not_committed(opened, hand, until, tmp_path):
    hand = hand(opened.viewer)
    commit(opened, hand, until, 15, 25)
    hand.click(55, 8)
    previewed(opened, until)
    opened.dialogs.path_to_save = lambda *_: tmp_path / "some.tif"
    press(opened.save.labels)
    until((tmp_path / "some.tif").exists)
    until(lambda: "Saved" in opened.said[-1][1])
    level, text = opened.said[-1]
    assert level == "warning"
    assert "object 2 is not committed" in text
    assert opened.save.unsaved
    hand.press("K")
    opened.dialogs.path_to_save = lambda *_: tmp_path / "all.tif"
    press(opened.save.labels)
    until(lambda: not opened.save.unsaved)
    assert opened.save.state.text() == "Nothing to save"


def test_a_journal_that_cannot_be_written_is_seen_until_it_can(
    opened, hand, until, tmp_path, monkeypatch
):
    annotator = opened.controller.annotator
    journal = annotator.persistence.journal
    append = journal._append
    full = OSError(28, "No space left on device")

    def failing(_):
        raise full

    monkeypatch.setattr(journal, "_append", failing)
    commit(opened, hand(opened.viewer), until, 15, 25)
    until(opened.trouble.isVisible)
    assert "No space left" in opened.trouble.words.text()
    annotator.events.message.emit("info", "Something else.")
    assert opened.trouble.isVisible()
    asked = []
    opened.dialogs.choose = lambda question, answers: asked.append(question)
    assert not opened._may_close(True)
    assert "lost" in asked[0]
    monkeypatch.setattr(journal, "_append", append)
    until(lambda: not opened.trouble.isVisible())
    assert not opened._may_close(True)
    assert "restored" in asked[1]


def test_a_window_that_is_closed_over_unsaved_work_asks_once(
    opened, hand, until, monkeypatch
):
    commit(opened, hand(opened.viewer), until, 15, 25)
    asked, closed = [], []
    opened.dialogs.choose = lambda question, _: asked.append(question) or LEAVE
    kind = type(opened.viewer.window._qt_window)
    with monkeypatch.context() as patch:
        patch.setattr(kind, "close", lambda _: closed.append(True))
        assert not opened._may_close(True)  # napari's own question would come after it
        until(lambda: closed)
    assert opened._may_close(False)
    assert len(asked) == 1


def test_a_pressed_sample_says_so_at_once_and_can_be_clicked_at(
    make_napari_viewer, until, threshold_model, hand
):
    viewer = make_napari_viewer(show=True)
    widget = docked(viewer, until)
    coins = next(
        b for b in widget.welcome.findChildren(QPushButton) if b.text() == "Coins"
    )
    press(coins)
    assert widget.status.sentence.text() == "Opening the sample …"
    until(lambda: widget.controller.layer is not None)
    assert widget.controller.layer.name == "coins"
    assert not widget.welcome.isVisible()
    until(lambda: widget.controller.annotator.has_model)
    hand(viewer).click(60, 45)
    assert previewed(widget, until)


def test_esc_in_the_middle_of_a_polygon_leaves_what_is_there(opened, hand, until):
    hand, session = hand(opened.viewer), opened.controller.annotator.session
    press(opened.prompts.tools.button(2))
    for row, col in [(8, 18), (8, 42)]:
        hand.hover(row, col)
        hand.click(row, col)
    hand.press("Escape")
    assert len(opened.viewer.layers["SAM shapes"].data) == 0
    assert not session.open_prompts
    for row, col in [(8, 18), (8, 42), (32, 42), (32, 18)]:
        hand.hover(row, col)
        hand.click(row, col)
    hand.press("Escape")
    assert previewed(opened, until) == 400


def test_no_format_is_offered_that_a_stack_is_refused(
    make_napari_viewer, until, threshold_model, blobs
):
    viewer, offered = make_napari_viewer(), []
    viewer.add_image(np.stack([blobs] * 3), axis_labels=("t", "y", "x"), name="film")
    widget = docked(viewer, until)

    def path_to_save(start, formats):
        offered.append((start.name, set(formats.values())))

    widget.dialogs.path_to_save = path_to_save
    press(widget.save.labels)
    viewer.layers.clear()
    viewer.add_image(blobs, name="plane")
    until(lambda: widget.controller.layer.name == "plane")
    press(widget.save.labels)
    (film, of_film), (plane, of_plane) = offered
    assert (film, plane) == ("film-labels.tif", "plane-labels.tif")
    assert of_plane - of_film == {".png"}
    assert {".tif", ".zarr", ".geojson"} <= of_film


def test_saved_labels_open_as_labels_with_their_scale(
    opened, hand, until, tmp_path, blobs
):
    viewer, path = opened.viewer, tmp_path / "blobs-labels.tif"
    viewer.layers["blobs"].scale = (0.5, 0.25)
    viewer.layers["blobs"].units = ("micrometer", "micrometer")
    hand(viewer).click(15 * 0.5, 25 * 0.25)
    previewed(opened, until)
    hand(viewer).press("K")
    opened.dialogs.path_to_save = lambda *_: path
    press(opened.save.labels)
    until(lambda: not opened.save.unsaved)
    viewer.open(path)
    until(lambda: "shown as labels" in opened.said[-1][1])
    found = viewer.layers["blobs-labels"]
    assert isinstance(found, Labels)
    np.testing.assert_array_equal(
        found.data, opened.controller.annotator.session.labels
    )
    np.testing.assert_allclose(found.scale, (0.5, 0.25))
    assert opened.controller.layer.name == "blobs"


@pytest.fixture
def folder(tmp_path, blobs):
    """Three images; the second has labels, the third a session of them."""
    folder = tmp_path / "images"
    folder.mkdir()
    for k in (1, 2, 10):
        iio.imwrite(folder / f"blobs{k}.png", np.roll(blobs, k % 5, axis=0))
    labels = np.zeros((64, 64), np.uint8)
    labels[3:9, 4:8] = 5
    write_labels(folder / "blobs2-labels.tif", labels)
    return folder


@pytest.mark.parametrize("by_napari", [True, False])
def test_the_next_image_of_a_folder_comes_with_its_labels_and_session(
    make_napari_viewer, until, threshold_model, hand, folder, by_napari
):
    viewer = make_napari_viewer(show=True)
    if by_napari:
        viewer.open(folder / "blobs10.png")
    else:
        add_image(viewer, folder / "blobs10.png")
    widget = docked(viewer, until)
    hand = hand(viewer)
    commit(widget, hand, until, 15, 25)
    wanted = widget.controller.annotator.session.labels.copy()
    widget.dialogs.path_to_save = lambda start, _: start
    press(widget.save.session)
    until((folder / "blobs10.session.json").exists)
    until(lambda: not widget.save.unsaved)
    hand.press("N", shift=True)
    assert "blobs10.png is the last image" in widget.said[-1][1]

    viewer.layers.remove("blobs10")
    viewer.open(folder / "blobs1.png") if by_napari else add_image(
        viewer, folder / "blobs1.png"
    )
    until(lambda: widget.controller.layer.name == "blobs1")
    until(lambda: widget.controller.annotator.has_model)
    hand.press("N", shift=True)
    assert widget.controller.layer.name == "blobs2"
    assert "blobs1" not in [layer.name for layer in viewer.layers]
    session = widget.controller.annotator.session
    assert np.unique(session.labels).tolist() == [0, 5]
    assert int((session.labels == 5).sum()) == 24
    assert not widget.save.unsaved
    hand.press("N", shift=True)
    assert widget.controller.layer.name == "blobs10"
    until(lambda: len(widget.controller.annotator.session.objects) == 1)
    np.testing.assert_array_equal(widget.controller.annotator.session.labels, wanted)
    assert not widget.save.unsaved


def test_work_without_a_journal_is_not_left_for_the_next_image(
    make_napari_viewer, until, threshold_model, hand, folder, monkeypatch
):
    viewer = make_napari_viewer(show=True)
    viewer.open(folder / "blobs1.png")
    widget = docked(viewer, until)
    commit(widget, hand(viewer), until, 15, 25)
    kept = type(widget.controller.annotator.persistence)
    with monkeypatch.context() as patch:
        patch.setattr(kept, "is_in_journal", lambda *_: False)
        hand(viewer).press("N", shift=True)
    assert "saved nowhere" in widget.said[-1][1]
    assert widget.controller.layer.name == "blobs1"
    hand(viewer).press("N", shift=True)
    assert widget.controller.layer.name == "blobs2"


def test_an_image_that_is_of_no_file_has_no_next(opened, hand):
    hand(opened.viewer).press("N", shift=True)
    assert "of no file" in opened.said[-1][1]
