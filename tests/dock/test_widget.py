"""The window in napari: opening, closing, saving, and several of everything."""

import json
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_sam.annotator.models import ModelPool
from napari_sam.apps.dock.panels.save import OPEN
from napari_sam.apps.dock.widget import LEAVE, OVERWRITE, SAVE, STAY, SegmentWidget
from napari_sam.core.geometry.region import Region
from napari_sam.core.prediction import Prediction
from napari_sam.core.prompts import Prompts
from napari_sam.io import read_image
from napari_sam.io.settings import SaveSettings
from napari_sam.session.persistence.record import read_record
from napari_sam.testing import ThresholdBackend


@pytest.fixture
def viewer(threshold_model):
    """A viewer without a window: most of what the widget does needs none."""
    return ViewerModel()


@pytest.fixture
def window(make_napari_viewer, threshold_model):
    """A viewer with a window."""
    return make_napari_viewer()


@pytest.fixture
def shown(qtbot):
    """Make the widget for a viewer; questions are answered from a list."""
    made = []

    def show(viewer):
        widget = SegmentWidget(viewer)
        widget.asked, widget.answers = [], []

        def choose(question, answers):
            widget.asked.append(question)
            return widget.answers.pop(0)

        widget.dialogs.choose = choose
        if hasattr(viewer, "window"):
            viewer.window.add_dock_widget(widget, name="Segment Anything")
        else:
            made.append(widget)
        return widget

    yield show
    for widget in made:
        widget.end()
        widget.deleteLater()


@pytest.fixture
def docked(shown, until):
    """Like `shown`, and wait until the image can be asked."""

    def dock(viewer):
        widget = shown(viewer)
        until(lambda: widget.controller.annotator.has_model)
        return widget

    return dock


def committed(widget, row, col):
    """Click on an object, and commit its mask."""
    session = widget.controller.annotator.session
    session.add_point(row, col)
    session.predict()
    widget.controller.annotator.commits.commit()
    QApplication.processEvents()  # panels show it a turn later
    return session


def test_opening_loads_no_torch_and_asks_nothing(run_alone):
    assert run_alone("""
        import sys
        from napari_sam.apps.dock.widget import SegmentWidget
        print(sorted({"torch", "zarr"} & set(sys.modules)))
    """) in ("[]", "['zarr']")


@pytest.fixture
def run_alone():
    import subprocess
    import sys
    from textwrap import dedent

    def run(code):
        return subprocess.run(
            [sys.executable, "-c", dedent(code)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    return run


def test_the_image_that_is_there_is_opened_without_a_question(viewer, blobs, docked):
    viewer.add_image(blobs, name="one")
    viewer.add_image(blobs, name="two")
    viewer.layers.selection.active = viewer.layers["one"]
    widget = docked(viewer)
    assert widget.controller.layer is viewer.layers["one"]
    assert not widget.welcome.isVisibleTo(widget)
    assert viewer.layers.selection.active.name == "SAM points"


def test_without_an_image_it_says_what_to_do_and_opens_the_first_that_comes(
    viewer, until, blobs, shown
):
    widget = shown(viewer)
    assert widget.welcome.isVisibleTo(widget)
    assert not widget.prompts.isVisibleTo(widget)
    viewer.add_image(blobs)
    until(lambda: widget.controller.layer is not None)
    assert widget.controller.layer is viewer.layers[0]
    assert not widget.welcome.isVisibleTo(widget)
    until(lambda: widget.controller.annotator.has_model)
    assert viewer.layers.selection.active.name == "SAM points"
    assert "click" in widget.status.sentence.text()


def test_axes_are_asked_for_where_they_are_not_said(viewer, shown, until):
    viewer.add_image(np.zeros((3, 32, 40), np.uint8), name="stack")
    widget = shown(viewer)
    until(lambda: widget.image._axes_row.isVisibleTo(widget))
    assert widget.controller.annotator.session is None
    assert "axes" in widget.status.sentence.text()
    index = widget.image.axes.findData("zyx")
    widget.image.axes.setCurrentIndex(index)
    widget.image.axes.activated.emit(index)
    assert widget.controller.annotator.session.frames.axes == "zyx"


def test_channels_are_offered_only_where_there_are_several(
    viewer, until, blobs, docked
):
    viewer.add_image(blobs, name="plain")
    widget = docked(viewer)
    assert not widget.image._channels_row.isVisibleTo(widget)
    many = np.stack([blobs] * 4)
    viewer.add_image(many, name="many", axis_labels=("c", "y", "x"))
    widget.image.layers.layer = viewer.layers["many"]
    widget.image.layers.activated.emit(0)
    assert widget.image._channels_row.isVisibleTo(widget)
    assert [c.currentData() for c in widget.image.channels] == [0, 1, 2]
    for one, index in zip(widget.image.channels, (3, 0, 0), strict=True):
        one.setCurrentIndex(index)
    widget.image.channels[0].activated.emit(3)
    until(lambda: widget.controller.annotator.has_model)
    session = widget.controller.annotator.session
    until(lambda: session.image.appearance.channels == (3,))


def test_objects_are_listed_and_gone_to_renamed_and_deleted(
    viewer, blobs, docked, qapp
):
    viewer.add_image(blobs)
    widget = docked(viewer)
    session = committed(widget, 15, 25)
    committed(widget, 55, 8)
    panel = widget.objects
    assert panel.model.rowCount() == 2
    panel.table.selectRow(0)
    assert widget.controller.annotator.objects.selected == 1
    assert session.current.object_id == 3
    panel.model.setData(panel.model.index(0, 1), "coin", 2)
    assert session.objects[1].name == "coin"
    panel.model.setData(panel.model.index(0, 2), "money", 2)
    qapp.processEvents()
    assert panel.classes.findText("money") > 0
    panel.classes.setCurrentText("money")
    panel._on_class()
    assert panel.table.model().rowCount() == 1
    panel.classes.setCurrentIndex(0)
    panel._on_class()
    panel.table.selectRow(1)
    panel.delete.click()
    assert np.unique(session.labels).tolist() == [0, 1]
    qapp.processEvents()
    assert panel.model.rowCount() == 1
    widget.prompts.undo.click()
    assert np.unique(session.labels).tolist() == [0, 1, 2]


def test_objects_are_merged_grown_and_judged_by_buttons(viewer, blobs, docked):
    viewer.add_image(blobs)
    widget = docked(viewer)
    session = committed(widget, 15, 25)
    committed(widget, 55, 8)
    panel = widget.objects
    panel.table.selectRow(0)
    panel.pixels.setValue(2)
    panel.grow.click()
    assert int((session.labels == 1).sum()) > 400
    panel.shrink.click()
    panel.approve.click()
    assert session.objects[1].status == "approved"
    panel.approve.click()
    panel.table.selectAll()
    assert panel.merge.isEnabled()
    panel.merge.click()
    assert np.unique(session.labels).tolist() == [0, 1]


def test_an_object_is_corrected_with_what_was_said_of_it(viewer, blobs, docked):
    viewer.add_image(blobs)
    widget = docked(viewer)
    session = committed(widget, 15, 25)
    widget.objects.table.selectRow(0)
    widget.objects.correct.click()
    assert session.current_prompts == Prompts.point(15, 25)
    assert session.current.object_id == 1


def test_a_layer_of_points_becomes_objects_in_one_step(viewer, until, blobs, docked):
    viewer.add_image(blobs)
    mine = viewer.add_points([[15, 25], [55, 8]], name="mine")
    widget = docked(viewer)
    panel = widget.batch
    assert panel.layers.layer is mine
    assert [panel.layers.itemText(i) for i in range(panel.layers.count())] == ["mine"]
    panel.run.click()
    session = widget.controller.annotator.session
    until(lambda: len(session.objects) == 2)
    assert np.unique(session.labels).tolist() == [0, 1, 2]
    widget.controller.annotator.undo()
    assert not np.any(session.labels)
    np.testing.assert_array_equal(mine.data, [[15, 25], [55, 8]])


def test_labels_of_a_layer_become_prompts_as_the_form_says(
    viewer, until, blobs, docked
):
    viewer.add_image(blobs)
    viewer.add_labels(np.pad(np.full((20, 20), 3), ((10, 34), (20, 24))), name="rough")
    widget = docked(viewer)
    session = widget.controller.annotator.session
    QTest.keyClick(widget.batch.form.container["form"].native, Qt.Key.Key_Down)
    widget.batch.run.click()
    until(lambda: len(session.objects) == 1)
    (prompts,) = session.committed_prompts.values()
    assert prompts == Prompts.rectangle(10, 20, 30, 40)


def test_a_batch_has_an_overlap_rule_of_its_own(viewer, until, blobs, docked):
    viewer.add_image(blobs)
    widget = docked(viewer)
    session = committed(widget, 15, 25)
    viewer.add_points([[20, 30]], name="mine")
    widget.batch.run.click()
    until(lambda: "lies on other objects" in widget.status.sentence.text())
    assert np.unique(session.labels).tolist() == [0, 1]
    rule = widget.batch.form.container["overlap"].native
    QTest.keyClick(rule, "o")
    assert rule.currentText() == "overwrite"
    widget.batch.run.click()
    until(lambda: 1 not in session.labels)
    assert int((session.labels > 0).sum()) == 400


def test_a_view_is_embedded_but_for_its_background(window, until, blobs, docked):
    window.add_image(blobs)
    widget = docked(window)
    QTest.keyClicks(widget.embed.form.container["background"].native, "254")
    widget.embed.run.click()
    until(lambda: "1 skipped" in widget.status.sentence.text())
    widget.embed.form.container["background"].native.clear()
    widget.embed.run.click()
    until(lambda: "1 encoded" in widget.status.sentence.text())


class Greedy(ThresholdBackend):
    """Answers a click with everything bright, as if it were one object."""

    def decode(self, embedding, prompts):
        bright = np.asarray(embedding["bright"])
        logits = np.where(bright, 6, -6).astype(np.float32)
        return [Prediction(logits, 0.9, Region(0, 0, *logits.shape)) for _ in prompts]


def test_with_connected_off_a_click_commits_all_that_the_model_predicts(
    make_napari_viewer, hand, until, blobs, docked, tmp_path, monkeypatch
):
    backend = Greedy()
    monkeypatch.setattr(ModelPool, "open", lambda *_, **__: backend)
    window = make_napari_viewer(show=True)
    window.add_image(blobs)
    widget = docked(window)
    session = widget.controller.annotator.session
    area = lambda: session.preview is not None and session.preview.area  # noqa: E731
    hand(window).click(15, 25)
    until(lambda: area() == 400)
    switch = widget.prompts.masks.container["connected"].native
    for expected in (500, 400, 500):
        left = QPoint(8, switch.height() // 2)
        QTest.mouseClick(switch, Qt.MouseButton.LeftButton, pos=left)
        until(lambda expected=expected: area() == expected)
    assert not switch.isChecked()
    assert backend.encoded == 1

    hand(window).press("K")
    assert int((session.labels == 1).sum()) == 500
    hand(window).press("Z", ctrl=True)
    assert not np.any(session.labels)
    hand(window).press("Z", ctrl=True, shift=True)
    path = tmp_path / "all.session.json"
    widget.dialogs.path_to_save = lambda start, formats: path
    widget.save.session.click()
    until(lambda: not widget.save.unsaved)
    (setup,) = read_record(path).setups.values()
    assert not setup.connected

    QTest.mouseClick(switch, Qt.MouseButton.LeftButton, pos=left)
    widget.dialogs.session_to_open = lambda start: path
    widget.save.open.click()
    until(lambda: widget.controller.annotator.session is not session)
    again = widget.controller.annotator.session
    assert int((again.labels == 1).sum()) == 500
    assert again.image.connected


def test_overlaps_are_asked_about_where_that_is_chosen(viewer, blobs, docked):
    viewer.add_image(blobs)
    widget = docked(viewer)
    committed(widget, 15, 25)
    widget.prompts.overlap.setCurrentIndex(2)
    widget.prompts.overlap.activated.emit(2)
    session = widget.controller.annotator.session
    widget.answers[:] = ["Cancel"]
    committed(widget, 20, 30)
    assert "100%" in widget.asked[0]
    assert np.unique(session.labels).tolist() == [0, 1]
    widget.answers[:] = [OVERWRITE]
    widget.controller.annotator.commits.commit()
    assert np.unique(session.labels).tolist() == [0, 2]


def test_labels_are_saved_where_it_was_said_and_then_nothing_is_unsaved(
    viewer, until, blobs, tmp_path, docked
):
    viewer.add_image(blobs)
    widget = docked(viewer)
    session = committed(widget, 15, 25)
    assert widget.save.unsaved
    assert "Not saved" in widget.save.state.text()
    path = tmp_path / "labels.tif"
    widget.dialogs.path_to_save = lambda start, formats: path
    widget.save.labels.click()
    until(lambda: not widget.save.unsaved)
    np.testing.assert_array_equal(read_image(path).frames[0], session.labels)
    until(lambda: "Not saved" not in widget.save.state.text())


def test_masks_of_a_coco_file_are_written_as_it_was_chosen(
    viewer, until, blobs, tmp_path, docked
):
    viewer.add_image(blobs)
    widget = docked(viewer)
    committed(widget, 15, 25)
    path, asked = tmp_path / "labels.json", []
    widget.dialogs.path_to_save = lambda start, formats: path

    def change(settings, title, names):
        asked.append((settings.coco, title, names))
        return answers.pop(0)

    widget.dialogs.change = change
    answers = [None, SaveSettings(coco="polygons")]
    assert not widget.save.save_labels()
    widget.save.labels.click()
    until(lambda: not widget.save.unsaved)
    (found,) = json.loads(path.read_text())["annotations"]
    assert isinstance(found["segmentation"], list)
    assert asked == [("rle", "Save as COCO", ["coco"])] * 2


def test_a_session_is_opened_by_its_button(viewer, until, blobs, tmp_path, docked):
    viewer.add_image(blobs)
    widget = docked(viewer)
    committed(widget, 15, 25)
    path = tmp_path / "a.session.json"
    widget.dialogs.path_to_save = lambda start, formats: path
    widget.save.session.click()
    until(path.exists)
    until(lambda: not widget.save.unsaved)
    committed(widget, 55, 10)
    widget.dialogs.session_to_open = lambda start: path
    widget.answers[:] = [STAY]
    widget.save.open.click()
    assert len(widget.controller.annotator.session.objects) == 2
    widget.answers[:] = [OPEN]
    widget.save.open.click()
    until(lambda: list(widget.controller.annotator.session.objects) == [1])
    assert not widget.save.unsaved


def test_the_window_asks_before_it_closes_over_unsaved_work(
    window, until, blobs, tmp_path, docked
):
    window.add_image(blobs)
    widget = docked(window)
    until(lambda: widget.close_watcher.window is not None)
    committed(widget, 15, 25)
    main = widget.close_watcher.window
    widget.answers[:] = [STAY]
    close, closed = main.close, []
    assert not close()
    assert len(widget.asked) == 1
    assert widget.controller.annotator.session is not None

    path = tmp_path / "labels.tif"
    widget.dialogs.path_to_save = lambda start, formats: path
    # The fixture closes it for good, and wants to be the first.
    widget.close_watcher.window = SimpleNamespace(
        close=lambda: closed.append(path.exists()),
        isVisible=main.isVisible,
        removeEventFilter=main.removeEventFilter,
    )
    widget.answers[:] = [SAVE]
    assert not close()
    until(lambda: bool(closed))
    assert closed == [True]
    assert len(widget.asked) == 2
    assert not widget.save.unsaved


def test_closing_the_dock_asks_and_docks_again_if_that_is_wanted(
    window, until, blobs, docked
):
    window.add_image(blobs, name="mine")
    widget = docked(window)
    until(lambda: widget.close_watcher.window is not None)
    committed(widget, 15, 25)
    widget.answers[:] = [STAY, LEAVE]
    window.window.remove_dock_widget(widget)
    until(lambda: len(widget.asked) == 1)
    until(lambda: widget.close_watcher.window is not None)
    assert widget.controller.annotator.session is not None
    window.window.remove_dock_widget(widget)
    until(lambda: len(widget.asked) == 2)
    assert widget.controller.annotator.session is None
    assert "mine" in window.layers


def test_two_viewers_have_nothing_to_do_with_each_other(
    make_napari_viewer, threshold_model, blobs, docked
):
    widgets = []
    for _ in range(2):
        viewer = make_napari_viewer()
        viewer.add_image(blobs)
        widgets.append(docked(viewer))
    one, other = (
        committed(widgets[0], 15, 25),
        widgets[1].controller.annotator.session,
    )
    assert not np.any(other.labels)
    committed(widgets[1], 55, 8)
    assert int((one.labels > 0).sum()) == 400
    widgets[0].viewer.close()
    committed(widgets[1], 15, 25)
    assert np.unique(other.labels).tolist() == [0, 1, 2]


def test_two_widgets_on_one_image_share_its_session(viewer, blobs, docked, shown):
    viewer.add_image(blobs)
    first = docked(viewer)
    second = docked(viewer)
    assert second.controller.annotator.session is first.controller.annotator.session
    committed(first, 15, 25)
    assert second.objects.model.rowCount() == 1
    assert sum(la.name.startswith("SAM labels") for la in viewer.layers) == 1
    second.end()
    committed(first, 55, 8)
    assert first.objects.model.rowCount() == 2


def test_the_image_may_go_and_nothing_is_lost(viewer, blobs, docked):
    image = viewer.add_image(blobs)
    widget = docked(viewer)
    session = committed(widget, 15, 25)
    viewer.layers.remove(image)
    assert int((session.labels == 1).sum()) == 400
    assert widget.status.sentence.text()


def test_the_dock_fits_a_narrow_column(viewer, blobs, docked):
    viewer.add_image(blobs, name="a name that is much longer than the dock is wide" * 3)
    widget = docked(viewer)
    assert widget.minimumSizeHint().width() <= 300
    widget.resize(280, 700)
    assert widget.width() == 280


def test_a_failure_is_a_sentence_with_what_to_do(viewer, blobs, docked):
    viewer.add_image(blobs)
    widget = docked(viewer)
    widget.prompts.commit.click()
    words = widget.status.sentence.text()
    assert "click on an object" in words
    assert "Error" not in words


def test_no_thread_stays_behind(window, blobs, docked):
    before = set(threading.enumerate())
    window.add_image(blobs)
    widget = docked(window)
    committed(widget, 15, 25)
    window.close()
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith("napari-sam"):
            thread.join(30)
            assert not thread.is_alive(), thread
