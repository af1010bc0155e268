"""A labelled data set is reviewed in a notebook: what a browser sends and is told."""

import threading

import numpy as np
import pytest

import napari_sam as sam
from napari_sam.api import improvement
from napari_sam.core.progress import Progress
from napari_sam.testing import InstanceThresholdBackend


class Browser:
    """Sends what a browser would, and remembers what it would be sent."""

    def __init__(self, review):
        self.review, self.messages = review, []
        review._displays.add(self)
        self.ask("hello")

    def send_message(self, content, buffers=()):
        self.messages.append((content, [bytes(b) for b in buffers]))

    def ask(self, kind, **message):
        self.review.receive({"kind": kind, "n": 1, "who": "test", **message})
        self.review.wait(30)

    def annotate(self, kind, **message):
        self.ask("annotation", message={"kind": kind, **message})

    def until(self, holds):
        assert self.review._cells.wait_until(holds, 30)

    def improving(self):
        return self.last("improving")[0]

    def last(self, kind):
        return next(m for m in reversed(self.messages) if m[0]["kind"] == kind)


@pytest.fixture
def review(labelled_folder):
    made = sam.review(labelled_folder, model=InstanceThresholdBackend()).wait()
    yield made
    made.close()


def test_answers_are_taken_and_pictures_are_sent_once(review, labelled_folder):
    browser = Browser(review)
    page, pictures = browser.last("page")
    assert len(page["objects"]) == len(page["fresh"]) == len(pictures) == 6
    assert len(pictures[0]) == 96 * 96 * 3
    browser.ask("class", category="cell")
    browser.ask("answer", action="reject")
    browser.ask("answer", action="skip")
    page, pictures = browser.last("page")
    assert page["text"] == "2 of 6 reviewed: 4 found, 1 accepted, 1 rejected."
    assert page["classes"] == ["cell"]
    assert pictures == []
    browser.ask("answer", action="undo")
    assert browser.last("page")[0]["text"].startswith("1 of 6 reviewed")
    browser.ask("show", category="cell", image=None)
    assert browser.last("page")[0]["only"] == ["cell", None]
    browser.ask("show", category=None, image="a.tif")
    page, _ = browser.last("page")
    assert (page["only"], page["images"]) == ([None, "a.tif"], ["a.tif"])
    review.save()
    assert "cell" in (labelled_folder / "labels" / "a.csv").read_text()


def test_a_wrong_mask_is_clicked_anew(review, labelled_folder):
    browser = Browser(review)
    first = review.queue.current.item
    with sam.LabelledDataset(labelled_folder) as dataset:
        region = dataset.mask(first).region
    browser.ask("answer", action="correct")
    browser.annotate("hello")
    assert browser.last("correcting")[0]["on"]
    browser.ask("answer", action="accept")
    assert review.queue.current.item.key == first.key, "while it is corrected"
    box = {"top": region.top, "left": region.left, "bottom": region.bottom}
    box["right"] = region.right - 4
    browser.annotate("prompt", item={"kind": "box", **box})
    browser.ask("correction", action="use")
    assert not browser.last("correcting")[0]["on"]
    with sam.LabelledDataset(labelled_folder) as dataset:
        (item,) = [i for i in dataset.items() if i.key == first.key]
        assert item.row.status == "corrected"
        assert dataset.mask(item).region.shape == (8, 4)
    browser.ask("answer", action="undo")
    assert review.queue.page.counts["corrected"] == 0


def test_a_correction_is_left_without_a_trace(review):
    browser = Browser(review)
    browser.ask("answer", action="correct")
    browser.annotate("hello")
    told = {m["message"]["kind"] for m, _ in browser.messages if "message" in m}
    assert {"image", "state", "mask"} <= told
    browser.ask("correction", action="back")
    assert review.queue.page.counts["found"] == 6


@pytest.mark.parametrize(
    "message",
    [
        {"kind": "nonsense"},
        {"kind": "answer"},
        {"kind": "answer", "action": "guess"},
        {"kind": "class"},
        {"kind": "show", "category": "cell"},
        {"kind": "correction", "action": []},
    ],
)
def test_what_cannot_be_asked_for_is_said(message, review):
    browser = Browser(review)
    before = len(browser.messages)
    browser.ask(**message)
    said = [m for m, _ in browser.messages[before:] if m["kind"] == "say"]
    assert all(m["level"] == "error" for m in said)
    browser.ask("answer", action="accept")
    assert review.queue.page.counts["accepted"] == 1


def test_a_folder_that_is_none_is_said(tmp_path):
    review = sam.review(tmp_path, model=InstanceThresholdBackend())
    browser = Browser(review)
    assert "dataset.json" in browser.last("say")[0]["text"]
    assert browser.last("page")[0]["text"] == "No data set is open."
    review.close()


def test_a_model_learns_from_the_review_at_a_button(review, monkeypatch):
    """The same once more stops it; the review goes on meanwhile, and is saved."""
    browser, goes_on = Browser(review), threading.Event()

    def trained(folder, *_):
        yield Progress(1, 2, "learning")
        while not goes_on.wait(0.01):
            yield Progress(1, 2, "learning")
        (folder / "improved.safetensors").touch()
        return {"before": [0.5] * 3, "after": [0.4] * 3, "objects": 2}

    monkeypatch.setattr(improvement, "_iter_train", trained)
    browser.ask("improve")
    browser.until(lambda: "0 masks of yours" in browser.improving()["words"])
    monkeypatch.setattr(improvement, "_FEWEST", 4)
    for _ in range(4):
        browser.ask("answer", action="accept")
    browser.ask("improve")
    browser.until(lambda: browser.improving()["words"].startswith("Learning, 1 of 2"))
    assert browser.improving()["on"]
    browser.ask("answer", action="accept")
    assert review.queue.page.counts["accepted"] == 5
    browser.ask("improve")
    assert not browser.improving()["on"]
    assert browser.improving()["words"] == "Stopped; the same once more goes on."
    goes_on.set()
    browser.ask("improve")
    browser.until(lambda: "so it was dropped" in browser.improving()["words"])
    assert not browser.improving()["on"]


def test_pictures_have_the_outline(review):
    browser = Browser(review)
    _, pictures = browser.last("page")
    shown = np.frombuffer(pictures[0], np.uint8).reshape(96, 96, 3)
    assert (shown == (255, 200, 0)).all(-1).any()
