"""The review in napari, by keys and buttons as a person presses them."""

import numpy as np
import pytest
import tifffile
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QStyle, QStyleOptionComboBox

import napari_sam as sam
from napari_sam import checkpoints
from napari_sam.annotator.scripted_view import ImmediateExecutor
from napari_sam.api import improvement
from napari_sam.apps.dock.review_widget import ReviewWidget, review_of
from napari_sam.apps.dock.widget import SegmentWidget
from napari_sam.core.progress import Progress
from napari_sam.synthetic import draw_scene
from napari_sam.testing import InstanceThresholdBackend

from .buttons import press as click


@pytest.fixture
def folder(tmp_path):
    """Six squares on an image, none of which has a class."""
    pixels = np.zeros((64, 64), np.uint8)
    for k in range(6):
        pixels[4 + 20 * (k // 3) : 12 + 20 * (k // 3), 4 + 20 * (k % 3) :][:, :8] = 200
    (tmp_path / "images").mkdir()
    tifffile.imwrite(tmp_path / "images" / "a.tif", pixels)
    sam.label(tmp_path / "images", tmp_path / "out", model=InstanceThresholdBackend())
    return tmp_path / "out"


@pytest.fixture
def widget(qtbot, folder):
    made = ReviewWidget(executor=ImmediateExecutor())
    qtbot.addWidget(made)
    made.show()
    made.open(folder)
    return made


def press(widget, keys):
    for key in keys:
        QTest.keyClick(widget, getattr(Qt.Key, f"Key_{key}"))


def test_keys_answer(widget, folder):
    assert widget.counts.text() == "0 of 6 reviewed: 6 found."
    assert not widget.large.pixmap().isNull()
    assert widget.next.count() == 5
    press(widget, "ARN")
    assert widget.counts.text() == "2 of 6 reviewed: 4 found, 1 accepted, 1 rejected."
    press(widget, "Z")
    assert widget.counts.text() == "1 of 6 reviewed: 5 found, 1 accepted."
    assert sam.LabelledDataset(folder).counts["accepted"] == 1, "on the disk at once"


def test_classes_are_given_by_name_and_by_number(widget):
    QTest.keyClicks(widget.category, "cell")
    QTest.keyClick(widget.category, Qt.Key.Key_Return)
    assert widget.queue.page.classes == ("cell",)
    assert widget.category.text() == ""
    assert widget.numbers.text() == "Keys of classes: 1 cell"
    press(widget, "1")
    assert widget.queue.page.counts["accepted"] == 2
    assert [widget.only.itemText(i) for i in range(2)] == ["all classes", "cell"]
    press(widget, "7")
    assert widget.queue.page.counts["accepted"] == 2, "there is no seventh class"


def test_buttons_do_the_same_and_rest_when_all_is_reviewed(widget):
    for one in (widget.accept, widget.reject, widget.accept, widget.undo):
        one.click()
    assert widget.counts.text() == "2 of 6 reviewed: 4 found, 1 accepted, 1 rejected."
    press(widget, "AAAA")
    assert not widget.accept.isEnabled()
    assert widget.about.text() == ""


def test_closing_writes_the_tables(widget, folder):
    QTest.keyClicks(widget.category, "cell")
    QTest.keyClick(widget.category, Qt.Key.Key_Return)
    widget.close()
    assert "cell" in (folder / "labels" / "a.csv").read_text()


def test_a_folder_that_is_none_is_said(widget, tmp_path):
    widget.open(tmp_path)
    assert "dataset.json" in widget.said.text()


def choose(box, words, qtbot):
    """Choose one of a list by keys, as a person who does not use the mouse."""
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Home)
    for _ in range(box.findText(words)):
        QTest.keyClick(box, Qt.Key.Key_Down)
    assert box.currentText() == words


def test_all_letters_of_what_is_shown_can_be_read(widget, qtbot):
    """At the width that napari gives it."""
    widget.resize(260, 900)
    for box in (widget.only, widget.where):
        option = QStyleOptionComboBox()
        box.initStyleOption(option)
        part = QStyle.SubControl.SC_ComboBoxEditField
        complex_ = QStyle.ComplexControl.CC_ComboBox
        room = box.style().subControlRect(complex_, option, part, box)
        words = box.fontMetrics().horizontalAdvance(box.currentText())
        assert room.width() > words + 2


def test_one_image_or_one_class_is_reviewed(widget, qtbot, folder):
    (folder.parent / "images" / "b.tif").write_bytes(
        (folder.parent / "images" / "a.tif").read_bytes()
    )
    sam.label(folder.parent / "images", folder, model=InstanceThresholdBackend())
    widget.open(folder)
    assert widget.next.count() == 11
    choose(widget.where, "b.tif", qtbot)
    assert widget.next.count() == 5
    assert {one.item.image.name for one in widget.queue.page.objects} == {"b.tif"}
    QTest.keyClicks(widget.category, "cell")
    QTest.keyClick(widget.category, Qt.Key.Key_Return)
    assert "b.tif" in widget.about.text()
    choose(widget.where, "all images", qtbot)
    assert widget.next.count() == 10
    press(widget, "Z")
    assert (widget.where.currentText(), widget.queue.image) == ("all images", None)
    choose(widget.where, "a.tif", qtbot)
    widget.open(folder)
    assert widget.where.currentText() == "all images"
    assert widget.next.count() == 11


def test_a_class_that_is_gone_is_shown_no_longer(widget, qtbot):
    QTest.keyClicks(widget.category, "cell")
    QTest.keyClick(widget.category, Qt.Key.Key_Return)
    choose(widget.only, "cell", qtbot)
    assert {one.item.category for one in widget.queue.page.objects} <= {"cell"}
    press(widget, "Z")
    assert widget.only.currentText() == "all classes"
    assert widget.next.count() == 5


@pytest.mark.parametrize("width", [300, 620])
def test_thumbnails_fill_the_width(widget, qtbot, width):
    widget.resize(width, 900)
    qtbot.waitUntil(lambda: widget.width() == width)
    across = widget.next.across
    rects = [widget.next.visualItemRect(widget.next.item(i)) for i in range(5)]
    first = [one for one in rects if one.top() == rects[0].top()]
    assert len(first) == min(across, 5)
    cell = widget.next.viewport().width() / across
    assert 70 < cell < 150
    assert rects[0].width() > cell - 4
    icon = widget.next.item(0).icon().availableSizes()[0]
    assert icon.width() == widget.next.iconSize().width() > cell - 12


def test_what_was_decided_is_written_when_the_window_is_gone(qtbot, folder):
    gone = ReviewWidget()
    gone.open(folder)
    qtbot.waitUntil(lambda: gone.queue.current is not None)
    press(gone, "AAR")
    with qtbot.waitSignal(gone.destroyed):
        gone.deleteLater()
    counts = sam.LabelledDataset(folder).counts
    assert (counts["accepted"], counts["rejected"]) == (2, 1)


@pytest.fixture
def reviewed(tmp_path):
    """Two drawn images whose objects were all accepted."""
    (tmp_path / "scenes").mkdir()
    for seed in (5000, 5001):
        pixels = draw_scene(seed, size=160, kind="nuclei").image
        tifffile.imwrite(tmp_path / "scenes" / f"{seed}.tif", pixels)
    dataset = sam.label(tmp_path / "scenes", tmp_path / "mine", model="pocket")
    for item in dataset.items():
        dataset.accept(item)
    return dataset.path


def trained(folder, weights, settings):
    """Stand in for a training: it says how far it is, and that the model rose."""
    assert weights == checkpoints.path("pocket")
    assert (folder / "learnt" / "images").is_dir()
    for done in range(3):
        yield Progress(done, 2, "learning")
    improved = folder / "improved.safetensors"
    improved.write_bytes(weights.read_bytes())
    return {"before": [0.5, 0.6, 0.7], "after": [0.6, 0.7, 0.8], "objects": 4}


def test_a_model_learns_from_the_review_at_a_button(
    widget, reviewed, monkeypatch, qtbot
):
    monkeypatch.setattr(improvement, "_iter_train", trained)
    click(widget.improve.run)
    assert "0 masks of yours" in widget.improve.said.text()
    widget.open(reviewed)
    shown = []
    said = widget.improve.improvement.changed
    said.connect(lambda *_: shown.append((widget.improve.run.text(), _words(widget))))
    click(widget.improve.run)
    assert ("Stop", "Learning, 1 of 2 …") in shown
    assert "one click 0.50 → 0.60" in _words(widget)
    assert "It is pocket-mine" in _words(widget)
    assert widget.improve.run.text() == "Improve with my corrections"
    assert checkpoints.find("pocket-mine").own


def test_the_same_button_stops_a_training(reviewed, monkeypatch, qtbot):
    """In threads, as in napari."""
    ended = []

    def patient(folder, *_):
        try:
            while True:
                yield Progress(1, 9, "learning")
        finally:
            ended.append(folder)

    monkeypatch.setattr(improvement, "_iter_train", patient)
    widget = ReviewWidget()
    qtbot.addWidget(widget)
    widget.show()
    widget.open(reviewed)
    qtbot.waitUntil(widget.improve.run.isEnabled)
    click(widget.improve.run)
    qtbot.waitUntil(lambda: "Learning, 1 of 9" in _words(widget), timeout=20_000)
    click(widget.improve.run)
    qtbot.waitUntil(lambda: bool(ended))
    assert _words(widget) == "Stopped; the same once more goes on."
    assert widget.improve.run.text() == "Improve with my corrections"
    assert "pocket-mine" not in {one.name for one in checkpoints.models()}


def _words(widget):
    return widget.improve.said.text()


def test_a_model_that_has_learnt_is_listed_in_the_dock(
    make_napari_viewer, threshold_model, until
):
    viewer = make_napari_viewer()
    dock = SegmentWidget(viewer)
    viewer.window.add_dock_widget(dock)
    until(lambda: not dock.controller.annotator.running)
    review = review_of(viewer)
    file = checkpoints.path("pocket")
    checkpoints.add(file, "pocket-mine", architecture="pocket")
    assert dock.model.models.findData("pocket-mine") < 0
    review.improve.improvement.events.model_changed.emit()
    assert dock.model.models.findData("pocket-mine") > 0
    dock.end()
