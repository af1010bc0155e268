"""A folder is labelled, reviewed, corrected and exported in napari, from end to end."""

from threading import Event

import numpy as np
import pytest
import tifffile
from napari.layers import Image
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

import napari_sam as sam
from napari_sam.apps.dock.reader import add_image
from napari_sam.apps.dock.review_widget import ReviewWidget
from napari_sam.apps.dock.widget import SegmentWidget
from napari_sam.core.address import Address
from napari_sam.datasets import read_labelled_images
from napari_sam.labelling.label_folder import LabelRun
from napari_sam.testing import ColourConcepts, InstanceThresholdBackend

from .buttons import press
from .folder_review import labelled, rested


def scene(shift):
    """Return four red squares, and three blue bars; two of the squares touch."""
    pixels = np.zeros((64, 64, 3), np.uint8)
    for row, col in ((4, 4), (4, 20), (4, 40), (4, 46)):
        pixels[row : row + 6, col + shift : col + shift + 6, 0] = 220
    for row in (20, 32, 44):
        pixels[row : row + 5, 4 + shift : 40 + shift, 2] = 220
    return pixels


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for k, name in enumerate("abc"):
        tifffile.imwrite(folder / f"{name}.tif", scene(k), photometric="rgb")
    return folder


@pytest.fixture
def dock(make_napari_viewer, until, threshold_model, images, monkeypatch):
    monkeypatch.setattr(
        "napari_sam.testing.threshold_backend.open_threshold",
        lambda *_, **__: InstanceThresholdBackend(50),
    )
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1200, 860)
    add_image(viewer, images / "a.tif")
    widget = SegmentWidget(viewer)
    viewer.window.add_dock_widget(widget, name="Segment Anything")
    until(lambda: widget.controller.annotator.has_model)
    return widget


def key(widget, letters):
    for letter in letters:
        QTest.keyClick(widget, getattr(Qt.Key, f"Key_{letter}"))


def named(dock, until):
    """Find all objects, and name one of each kind in the table."""
    annotator = dock.controller.annotator
    press(dock.everything.run)
    until(lambda: annotator.everything.masks)
    press(dock.everything.accept)
    until(lambda: len(annotator.session.objects) == 6)
    annotator.editing.set_info(1, category="square")
    annotator.editing.set_info(6, category="bar")
    dock.folder.title.setChecked(True)
    until(lambda: dock.folder.state.text().startswith("2 examples"))
    return annotator


def test_by_examples_from_the_folder_to_coco_and_yolo(dock, until, hand, tmp_path):
    annotator = named(dock, until)
    assert dock.folder.folder.text() == str(tmp_path / "images")
    assert dock.folder.target.text() == str(tmp_path / "images-labelled")
    assert dock.folder.state.text() == "2 examples: 1 bar, 1 square."
    assert dock.folder.target.toolTip() == dock.folder.target.text()
    review = labelled(dock, until, tmp_path / "out")
    assert len(dock.viewer.window._qt_window.findChildren(ReviewWidget)) == 1
    assert review.queue.page.counts == {
        "found": 16, "accepted": 2, "rejected": 0, "corrected": 0
    }  # fmt: skip
    assert review.queue.page.classes == ("bar", "square")

    # Two squares that touch were found as one: its image is opened and mended.
    key(review, "N" * 20)
    rested(review, until)
    while review.queue.current.item.row.area != 72:
        key(review, "N")
        rested(review, until)
    wrong = review.queue.current.item
    review.large.clicked.emit()
    until(lambda: review.edited.is_open)
    session = annotator.session
    until(lambda: annotator.has_model)
    number = wrong.row.object
    assert session.current == Address(0, number)
    assert session.objects[number].category == "square"
    shift = "abc".index(wrong.image.stem)
    shown = [str(one.name) for one in dock.viewer.layers if one.visible]
    assert any(name.startswith(wrong.image.stem) for name in shown)
    annotator.editing.split([(0, 45.5 + shift), (16, 45.5 + shift)])
    assert len(session.state.footprints.of_object(number)) == 1
    assert review.edited.has_changes
    key(review, "T")
    rested(review, until)
    until(lambda: not review.edited.has_changes)
    assert review.said.text() == "2 objects corrected."
    assert review.queue.page.counts["corrected"] == 1
    assert review.queue.page.counts["accepted"] == 3

    for _ in range(10):
        key(review, "A")
        rested(review, until)
    assert review.queue.page.text.startswith("14 of 19 reviewed")

    truth = {}
    for name, index in (("coco", 0), ("yolo", 1)):
        review.export.format.setCurrentIndex(index)
        review.dialogs.new_folder = lambda start, name=name: tmp_path / name
        press(review.export.run)
        until(lambda: "objects of 3 images" in review.export.said.text())
        review.export.said.setText("")
        found = read_labelled_images(tmp_path / name)
        truth[name] = sorted(
            category for one in found for category in one.truth.categories.values()
        )
    assert truth["coco"].count("square") == truth["yolo"].count("square") == 10
    assert truth["coco"].count("bar") == truth["yolo"].count("bar") == 9
    labels = tifffile.imread(tmp_path / "out" / "labels" / f"{wrong.image.stem}.tif")
    assert 0 < (labels == number).sum() < 72

    again = ReviewWidget()
    again.open(tmp_path / "out")
    until(lambda: again.queue.page.counts is not None)
    assert again.queue.page.counts["corrected"] == 1
    again.close()
    rested(again, until)
    review.close()
    annotator.session.mark_saved()


def test_by_words_and_the_classifier(dock, until, tmp_path):
    annotator = dock.controller.annotator
    assert "huggingface.co" in dock.words.model.text()
    assert not dock.words.run.isEnabled()
    dock.words.offered.aboutToShow.emit()
    owl, *_, folder = (one for one in dock.words.offered.actions() if one.text())
    assert owl.text() == (
        "owlv2: everyday things, boxes of each word (Apache-2.0; 622 MB to download)"
    )
    assert folder.text() == "A folder …"
    owl.trigger()
    assert dock.words.model.text() == "Model of words: owlv2."
    annotator.words.models.use(ColourConcepts())
    assert dock.words.model.text() == "Model of words: colours."
    dock.words.title.setChecked(True)
    QTest.keyClicks(dock.words.line, "red, blue; not: green")
    QTest.keyClick(dock.words.line, Qt.Key.Key_Return)
    until(lambda: annotator.words.found_by)
    assert dock.words.state.text().startswith("3 blue, 3 red; words by colours, masks")
    layer = dock.controller.found.layer
    assert sorted(set(layer.features["word"])) == ["blue", "red"]
    dock.words.threshold.setValue(100)
    dock.words.threshold.setValue(20)
    assert annotator.words.counts == {"blue": 3, "red": 3}
    press(dock.words.accept)
    until(lambda: len(annotator.session.objects) == 6)
    until(lambda: annotator.session.objects[1].category == "red")
    annotator.editing.set_info(1, category="square")
    annotator.editing.set_info(6, category="bar")
    press(dock.objects.classify)
    until(lambda: annotator.session.objects[2].category == "square")

    dock.folder.by.setCurrentIndex(dock.folder.by.findData("words"))
    dock.folder.words.setText("red; not: blue")
    review = labelled(dock, until, tmp_path / "out")
    assert review.queue.page.classes == ("red",)
    assert sum(review.queue.page.counts.values()) == 9
    key(review, "AARZ")
    rested(review, until)
    assert review.queue.page.counts["accepted"] == 2
    review.close()
    annotator.session.mark_saved()


def test_stopped_and_gone_on(dock, until, tmp_path, monkeypatch):
    named(dock, until)
    told = []
    annotator = dock.controller.annotator
    annotator.events.message.connect(lambda *message: told.append(message))
    dock.folder.title.setChecked(True)
    dock.folder.target.setText(str(tmp_path / "out"))
    press(dock.folder.run)
    annotator.cancel()
    assert any("Stopped" in text for _, text in told)
    review = labelled(dock, until, tmp_path / "out")
    until(lambda: any("images labelled" in text for _, text in told))
    assert len(sam.LabelledDataset(tmp_path / "out").images) == 3
    review.close()
    annotator.session.mark_saved()


def test_what_was_stopped_writes_no_more_when_the_same_goes_on(
    dock, until, tmp_path, monkeypatch
):
    named(dock, until)
    write, at_work, begun = LabelRun.write_objects, [], []

    def slow(run, *found):
        at_work.append(run)
        begun.append(len(at_work))
        released.wait(30)
        write(run, *found)
        at_work.remove(run)

    released = Event()
    monkeypatch.setattr(LabelRun, "write_objects", slow)
    dock.folder.title.setChecked(True)
    dock.folder.target.setText(str(tmp_path / "out"))
    press(dock.folder.run)
    until(lambda: begun)
    annotator = dock.controller.annotator
    annotator.cancel()
    press(dock.folder.run)
    until(lambda: "waiting" in str(annotator.running))
    assert begun == [1]
    released.set()
    until(lambda: not annotator.running)
    assert set(begun) == {1}
    assert len(sam.LabelledDataset(tmp_path / "out").images) == 3
    annotator.session.mark_saved()


def test_objects_are_cut_out(dock, until, tmp_path):
    annotator = named(dock, until)
    dock.cut_out.title.setChecked(True)
    dock.dialogs.new_folder = lambda start: tmp_path / start.name
    press(dock.cut_out.run)
    folder = tmp_path / "a-objects"
    until(lambda: "cut out" in dock.status.sentence.text())
    assert len(list(folder.glob("*.png"))) == 6
    assert "bar" in (folder / "cutouts.csv").read_text()
    dock.cut_out.kind.setCurrentIndex(1)
    dock.dialogs.path_to_save = lambda start, formats: tmp_path / start.name
    press(dock.cut_out.run)
    until(lambda: (tmp_path / "a-objects.png").exists())
    annotator.session.mark_saved()


def go_to(review, until, name, *, besides=()):
    """Skip until an object of an image is the current one."""
    for _ in range(40):
        item = review.queue.current.item
        if item.image.name == name and item.row.object not in besides:
            rested(review, until)
            if review.queue.current.item.key == item.key:
                return item.row.object
        key(review, "N")
    raise AssertionError(name)


def correct(review, until, number):
    key(review, "C")
    annotator = review.dock.controller.annotator
    at = Address(0, number)
    rested(review, until)
    until(lambda: review.edited.is_open and annotator.session.current == at)
    return annotator.session


def images_of(viewer):
    return [layer.name for layer in viewer.layers if isinstance(layer, Image)]


def test_an_image_that_is_open_is_corrected_where_it_is(dock, until, tmp_path):
    annotator = named(dock, until)
    mine, layer = annotator.session, dock.controller.layer
    review = labelled(dock, until, tmp_path / "out")
    review.dock = dock

    number = go_to(review, until, "a.tif")
    session = correct(review, until, number)
    assert images_of(dock.viewer) == ["a"]
    assert dock.controller.layer is layer
    assert session is not mine
    assert len(session.objects) > len(mine.objects) - 2
    assert not dock.recovery.isVisible(), "what is aside is not lost"
    assert mine.unsaved

    # Another object of it: the same session, where nothing else changed.
    other = go_to(review, until, "a.tif", besides=[number])
    assert correct(review, until, other) is session
    assert list(session.open_prompts) == [Address(0, other)]
    assert not session.unsaved, "to look is no change"
    key(review, "T")
    assert "Nothing was changed" in review.said.text()

    # What is decided meanwhile is in the labels; the layer is still the same one.
    key(review, "R")
    third = go_to(review, until, "a.tif", besides=[number, other])
    again = correct(review, until, third)
    assert again is not session
    assert not (again.labels == other).any()
    assert images_of(dock.viewer) == ["a"]
    assert dock.controller.layer is layer

    # The next image gets a layer, and the first one has its own work again.
    correct(review, until, go_to(review, until, "b.tif"))
    assert images_of(dock.viewer) == ["a", "b"]
    assert not layer.visible
    dock.controller.open(layer)
    assert annotator.session is mine
    review.close()
    assert layer.visible
    assert mine.objects[6].category == "bar"
    assert not dock.recovery.isVisible()
    mine.mark_saved()


def test_a_closed_review_gives_the_image_back(dock, until, tmp_path):
    annotator = named(dock, until)
    mine = annotator.session
    review = labelled(dock, until, tmp_path / "out")
    review.dock = dock
    assert correct(review, until, go_to(review, until, "a.tif")) is not mine
    review.close()
    rested(review, until)
    assert annotator.session is mine
    assert not dock.recovery.isVisible()
    assert {mine.objects[1].category, mine.objects[6].category} == {"bar", "square"}
    mine.mark_saved()


def test_boxes_are_examples_that_nobody_had_to_find(dock, until, hand, tmp_path):
    annotator, mouse = dock.controller.annotator, hand(dock.viewer)
    dock.folder.title.setChecked(True)
    for name, start, end in (
        ("square", (2, 2), (11, 12)),
        ("bar", (18, 2), (27, 42)),
    ):
        dock.folder.category.setText(name)
        press(dock.folder.draw)
        mouse.drag([start, end])
        until(lambda name=name: name in dock.folder.state.text())
    assert dock.folder.state.text() == "2 examples: 1 bar, 1 square."
    assert not annotator.session.labels.any()
    review = labelled(dock, until, tmp_path / "out")
    assert review.queue.page.classes == ("bar", "square")
    review.close()
    annotator.session.mark_saved()
