"""A data set is reviewed behind a face: decisions in their order, none lost."""

import numpy as np
import pytest
import tifffile

import napari_sam as sam
from napari_sam.annotator.review_queue import ReviewQueue
from napari_sam.annotator.scripted_view import ImmediateExecutor
from napari_sam.testing import InstanceThresholdBackend


class LateExecutor(ImmediateExecutor):
    """Does work when it is told to, as a thread that is slow."""

    def __init__(self):
        self.work = []

    def iterate(self, *given):
        self.work.append(given)

    def finish(self):
        while self.work:
            super().iterate(*self.work.pop(0))


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


def made(executor, folder):
    queue = ReviewQueue(executor)
    queue.told = []
    queue.message.connect(lambda *message: queue.told.append(message))
    queue.open(folder)
    return queue


def test_answers_are_taken_one_after_another(folder):
    queue = made(ImmediateExecutor(), folder)
    assert len(queue.page.objects) == 6
    assert queue.current.picture.shape == (96, 96, 3)
    queue.set_class("cell")
    queue.reject()
    queue.accept()
    assert queue.page.text == "3 of 6 reviewed: 3 found, 2 accepted, 1 rejected."
    assert queue.page.classes == ("cell",)
    queue.undo()
    assert queue.page.counts["accepted"] == 1
    queue.close()
    assert "cell" in (folder / "labels" / "a.csv").read_text()
    assert queue.page.text == "No data set is open."


def test_answers_faster_than_the_disk_are_about_what_was_seen(folder):
    late = LateExecutor()
    queue = made(late, folder)
    late.finish()
    seen = [one.item.key for one in queue.page.objects]
    for _ in range(3):
        queue.reject()
    assert [one.item.key for one in queue.page.objects] == seen[3:], "shown at once"
    assert len(late.work) == 1, "one after another"
    late.finish()
    rejected = [
        item.key
        for item in sam.LabelledDataset(folder).items()
        if item.row.status == "rejected"
    ]
    assert sorted(rejected) == sorted(seen[:3])


def test_what_is_left_for_later_comes_last(folder):
    queue = made(ImmediateExecutor(), folder)
    first = queue.current.item.key
    queue.skip()
    assert queue.current.item.key != first
    assert queue.page.objects[-1].item.key == first
    for _ in range(6):
        queue.accept()
    assert queue.current is None
    queue.accept()
    assert queue.told == [("info", "There is nothing left to review.")]


def test_one_class_is_shown_alone(folder):
    queue = made(ImmediateExecutor(), folder)
    queue.set_class("cell")
    queue.set_class("dust")
    queue.show("cell")
    assert {one.item.category for one in queue.page.objects} == {"cell"}
    queue.show(image="a.tif")
    assert len(queue.page.objects) == 4
    queue.show("of nothing")
    assert (queue.page.category, len(queue.page.objects)) == (None, 4)


def test_what_goes_wrong_is_said_and_nothing_is_lost(folder, tmp_path):
    queue = made(ImmediateExecutor(), tmp_path / "nothing")
    ((kind, words),) = queue.told
    assert kind == "error"
    assert "dataset.json" in words
    queue.open(folder)
    assert len(queue.page.objects) == 6
    queue.undo()
    assert queue.told[-1] == ("error", "There is nothing to undo.")
    assert len(queue.page.objects) == 6


def test_an_image_that_is_gone_is_said_once_and_its_objects_stay(folder, tmp_path):
    queue = made(ImmediateExecutor(), folder)
    (tmp_path / "images" / "a.tif").rename(tmp_path / "away.tif")
    queue.accept()
    assert [kind for kind, _ in queue.told] == ["error"]
    (tmp_path / "away.tif").rename(tmp_path / "images" / "a.tif")
    queue.open(folder)
    assert queue.page.counts["accepted"] == 1
