"""A folder labelled by hand in the dock, in one go: examples, words, review, files."""

from __future__ import annotations

from pathlib import Path
from shutil import copy

import numpy as np
import pytest
import tifffile
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLineEdit

import napari_sam as sam
from napari_sam.apps.dock.panels.object_model import CLASS
from napari_sam.apps.dock.reader import add_image
from napari_sam.apps.dock.review_widget import ReviewWidget
from napari_sam.apps.dock.widget import SegmentWidget
from napari_sam.datasets import read_labelled_images
from napari_sam.testing import ColourConcepts, InstanceThresholdBackend

from .buttons import press
from .folder_review import labelled, rested

DATA = Path(__file__).parents[3] / "shared" / "data" / "nuclei2d" / "images"
#: Nuclei of many sizes, which the classifier tells apart.
NUCLEI = ("dsb_036.png", "dsb_043.png")
FOLDERS = ["drawn", *(["nuclei"] if DATA.is_dir() else [])]
REVIEWED = 10


def draw(folder):
    """Write images of six small squares and six long bars."""
    for name, shift in (("a", 0), ("b", 2)):
        pixels = np.zeros((96, 96, 3), np.uint8)
        for k in range(6):
            top, left = 4 + 14 * k, 4 + shift
            pixels[top : top + 7, left : left + 7] = (200, 70, 70)
            pixels[top : top + 8, left + 30 : left + 70] = (90, 90, 210)
        tifffile.imwrite(folder / f"{name}.tif", pixels, photometric="rgb")


class GreyConcepts(ColourConcepts):
    """Knows what is bright as blue; grey pictures have no other colour."""

    def find_concepts(self, picture, words):
        grey = (picture[..., 0] == picture[..., 2]).all()
        tinted = picture * np.array((0.6, 0.6, 1)) if grey else picture
        return super().find_concepts(tinted.astype(np.uint8), words)


@pytest.fixture(params=FOLDERS)
def dock(request, make_napari_viewer, until, tmp_path, monkeypatch):
    folder = tmp_path / "images"
    folder.mkdir()
    if request.param == "drawn":
        request.getfixturevalue("threshold_model")
        monkeypatch.setattr(
            "napari_sam.testing.threshold_backend.open_threshold",
            lambda *_, **__: InstanceThresholdBackend(50),
        )
        draw(folder)
    else:
        for name in NUCLEI:
            copy(DATA / name, folder)
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1200, 860)
    add_image(viewer, min(folder.iterdir()))
    widget = SegmentWidget(viewer)
    viewer.window.add_dock_widget(widget, name="Segment Anything")
    until(lambda: widget.controller.annotator.has_model)
    yield widget
    widget.controller.annotator.session.mark_saved()


def write_class(dock, until, number, name):
    """Write into the column *Class* of the table, by a double click and keys."""
    table = dock.objects.table
    rows = table.model()
    row = next(
        i for i in range(rows.rowCount()) if rows.index(i, 0).data() == str(number)
        or rows.index(i, 0).data() == number
    )  # fmt: skip
    cell = rows.index(row, CLASS)
    table.scrollTo(cell)
    place = table.visualRect(cell).center()
    left = Qt.MouseButton.LeftButton
    QTest.mouseClick(table.viewport(), left, pos=place)
    QTest.mouseDClick(table.viewport(), left, pos=place)
    until(lambda: table.viewport().findChildren(QLineEdit))
    (editor,) = table.viewport().findChildren(QLineEdit)
    QTest.keyClicks(editor, name)
    QTest.keyClick(editor, Qt.Key.Key_Return)
    objects = dock.controller.annotator.session.objects
    until(lambda: objects[number].category == name)
    QApplication.sendPostedEvents(None, 0)
    until(lambda: not table.viewport().findChildren(QLineEdit))


def by_size(session):
    """Return the numbers of objects, the smallest first."""
    numbers, areas = np.unique(session.labels[session.labels > 0], return_counts=True)
    return [int(number) for number in numbers[np.argsort(areas, kind="stable")]]


def name_two(dock, until):
    """Find all objects, and name the smallest and the largest."""
    annotator = dock.controller.annotator
    press(dock.everything.run)
    until(lambda: annotator.everything.masks)
    press(dock.everything.accept)
    until(lambda: annotator.session.objects)
    order = by_size(annotator.session)
    until(lambda: dock.objects.table.model().rowCount() == len(order))
    write_class(dock, until, order[0], "small")
    write_class(dock, until, order[-1], "large")
    return order


def keys(review, until, letters):
    for letter in letters:
        QTest.keyClick(review, getattr(Qt.Key, f"Key_{letter}"))
        rested(review, until)


def exported(review, until, name, folder):
    """Write the data set in a format, and return its classes as they are read."""
    formats = review.export.format
    formats.setFocus()
    QTest.keyClick(formats, Qt.Key.Key_Home)
    for _ in range(formats.findText(name, Qt.MatchFlag.MatchStartsWith)):
        QTest.keyClick(formats, Qt.Key.Key_Down)
    assert formats.currentText().startswith(name)
    review.dialogs.new_folder = lambda start: folder
    review.export.said.setText("")
    press(review.export.run)
    until(lambda: "objects of 2 images" in review.export.said.text())
    found = read_labelled_images(folder)
    return sorted(name for one in found for name in one.truth.categories.values())


def of_data_set(folder):
    with sam.LabelledDataset(folder) as dataset:
        rows = [one.row for one in dataset.items() if one.row.status != "rejected"]
    return sorted(row.category for row in rows)


def opened_again(folder, until):
    """Open a data set in another review, and return how many were accepted."""
    again = ReviewWidget()
    again.open(folder)
    until(lambda: again.queue.page.counts is not None)
    counts = dict(again.queue.page.counts)
    again.close()
    rested(again, until)
    return counts


def test_by_examples_and_by_words_reviewed_classified_and_exported(
    dock, until, tmp_path
):
    annotator = dock.controller.annotator
    order = name_two(dock, until)

    # The classifier learns from these two, and one step of undo takes it back.
    press(dock.objects.classify)
    objects = annotator.session.objects
    until(lambda: all(objects[i].category for i in order))
    assert {objects[order[1]].category, objects[order[-2]].category} == {
        "small", "large"
    }  # fmt: skip
    annotator.undo()
    assert [i for i in order if objects[i].category] == sorted(
        (order[0], order[-1]), key=order.index
    )

    dock.folder.title.setChecked(True)
    until(lambda: dock.folder.state.text() == "2 examples: 1 large, 1 small.")
    review = labelled(dock, until, tmp_path / "by-examples")
    before = review.queue.page
    assert before.classes == ("large", "small")
    assert before.counts["accepted"] == 2
    total = sum(before.counts.values())

    # Ten reviewed: accepted, rejected, of another class, taken back, one image alone.
    keys(review, until, "AARNZR")
    QTest.keyClick(review, Qt.Key.Key_2)
    rested(review, until)
    review.where.setFocus()
    QTest.keyClick(review.where, Qt.Key.Key_End)
    rested(review, until)
    last = max(path.name for path in (tmp_path / "images").iterdir())
    assert {one.item.image.name for one in review.queue.page.objects} == {last}
    keys(review, until, "A" * (REVIEWED - 4))
    counts = dict(review.queue.page.counts)
    assert (counts["accepted"], counts["rejected"]) == (2 + REVIEWED - 1, 1)
    assert sum(counts.values()) == total

    for name in ("COCO", "YOLO"):
        found = exported(review, until, name, tmp_path / name)
        assert found == of_data_set(tmp_path / "by-examples")
        assert {"large", "small"} <= set(found)
    assert opened_again(tmp_path / "by-examples", until) == counts

    # The same folder by words of a fake model; the review goes over to that data set.
    annotator.words.models.use(GreyConcepts())
    dock.folder.by.setCurrentIndex(dock.folder.by.findData("words"))
    dock.folder.words.clear()
    QTest.keyClicks(dock.folder.words, "blue; not: red")
    review = labelled(dock, until, tmp_path / "by-words")
    until(lambda: review.queue.page.classes == ("blue",))
    assert sum(review.queue.page.counts.values()) >= REVIEWED
    assert review.where.currentText() == "all images"
    keys(review, until, "A" * REVIEWED)
    assert review.queue.page.counts["accepted"] == REVIEWED
    for name in ("COCO", "YOLO"):
        found = exported(review, until, name, tmp_path / f"{name}-words")
        assert set(found) == {"blue"}
        assert found == of_data_set(tmp_path / "by-words")
    assert opened_again(tmp_path / "by-words", until)["accepted"] == REVIEWED
    review.close()
