"""What a browser sends is done, and what is done is sent: without a browser."""

import json

import numpy as np
import pytest
import tifffile

import napari_sam as sam
from napari_sam import checkpoints
from napari_sam.api import improvement
from napari_sam.api.improvement import Accuracy, Improvement
from napari_sam.apps.notebook.annotation import NotebookAnnotation
from napari_sam.apps.notebook.cell_thread import CellThread
from napari_sam.apps.notebook.image_tiles import TileAddress
from napari_sam.apps.notebook.tile_server import TileRequest
from napari_sam.core.errors import SessionError
from napari_sam.core.progress import Progress
from napari_sam.io import Image, write_prompts
from napari_sam.testing import (
    ColourConcepts,
    InstanceThresholdBackend,
    ThresholdBackend,
)

POINT = {"kind": "point", "row": 15, "col": 25, "positive": True}


class Browser:
    """Remembers what a browser would be sent."""

    def __init__(self, annotation):
        self.annotation, self.messages = annotation, []
        self.controller = annotation._controller
        self.controller.displays.add(self)

    def send_message(self, content, buffers=()):
        self.messages.append((content, [bytes(b) for b in buffers]))

    def ask(self, kind, **message):
        self.controller.receive({"kind": kind, "n": 1, "who": "test", **message})
        self.annotation.wait(30)

    def last(self, kind, **has):
        found = [
            (content, buffers)
            for content, buffers in self.messages
            if content["kind"] == kind and has.items() <= content.items()
        ]
        assert found, f"no {kind} {has}"
        return found[-1]

    def state(self, part):
        parts = [
            c[part] for c, _ in self.messages if c["kind"] == "state" and part in c
        ]
        return parts[-1]

    def said(self):
        return [c["text"] for c, _ in self.messages if c["kind"] == "say"]


@pytest.fixture
def opened(request):
    """Return a function that annotates pixels in a notebook, and a browser of it."""
    made = []

    def open_image(pixels, model=None, **options):
        annotation = NotebookAnnotation(
            pixels, model=model or ThresholdBackend(), **options
        )
        made.append(annotation)
        browser = Browser(annotation)
        browser.ask("hello")
        return annotation, browser

    yield open_image
    for annotation in made:
        annotation.close()


def runs_of(buffer):
    return np.frombuffer(buffer, "<u4").tolist()


def test_a_click_becomes_a_preview_and_a_commit_becomes_labels(blobs, opened):
    annotation, browser = opened(blobs)
    browser.ask("prompt", item=POINT)
    mask, [runs] = browser.last("mask", which="preview")
    assert (mask["top"], mask["left"], mask["shape"]) == (10, 20, [20, 20])
    assert runs_of(runs) == [0, 400]
    assert browser.state("candidates")["scores"] == [1.0, 0.9, 0.81]
    browser.ask("command", id="commit")
    assert (annotation.labels == 1).sum() == 400
    assert annotation.table()["area"].tolist() == [400]
    assert browser.last("stale", layer="labels")[0]["region"] == [10, 20, 30, 40]
    assert annotation.prompts == {sam.Address(0, 1): sam.Prompts.point(15, 25)}
    assert annotation.widget.object_count == 1


def test_undo_and_redo_are_seen_by_every_browser(blobs, opened):
    annotation, browser = opened(blobs)
    other = Browser(annotation)
    browser.ask("prompt", item=POINT)
    browser.ask("command", id="commit")
    browser.ask("command", id="undo")
    assert not annotation.labels.any()
    assert other.last("objects")[0]["entries"][0]["status"] == "open"
    browser.ask("command", id="redo")
    assert other.last("objects")[0]["entries"][0]["area"] == 400


def test_what_a_cell_does_is_sent_to_the_browser(blobs, opened):
    annotation, browser = opened(blobs)
    annotation.session.add_box(8, 18, 32, 42)
    annotation.wait(30)
    assert browser.last("mask", which="preview")[0]["shape"] == [20, 20]
    assert [item["kind"] for item in browser.state("prompts")["items"]] == ["box"]


def test_a_browser_that_comes_late_is_told_everything(blobs, opened):
    annotation, browser = opened(blobs)
    browser.ask("prompt", item=POINT)
    browser.ask("command", id="commit")
    browser.ask("prompt", item={**POINT, "row": 55, "col": 10})
    late = Browser(annotation)
    late.ask("hello")
    assert late.last("image")[0]["shape"] == [64, 64]
    assert [e["id"] for e in late.last("objects", all=True)[0]["entries"]] == [1, 2]
    assert late.last("mask", which="preview")[0]["top"] == 50
    assert late.state("prompts")["object"] == 2


def test_tiles_are_of_what_is_asked_for_and_no_more(opened):
    pixels = np.arange(600, dtype=np.uint16)[:, None] + np.zeros((1, 500), np.uint16)
    annotation, browser = opened(pixels)
    annotation.session.paint(
        0, sam.Region(300, 300, 400, 400), np.zeros((100, 100)), np.full((100, 100), 3)
    )
    answer = browser.controller.tiles.answer

    def tile(layer, *at):
        message, [data] = answer(TileRequest(layer, TileAddress(*at), "t"))
        return message["shape"], data

    shape, data = tile("image", 0, 0, 2, 1)
    assert shape == [88, 244]
    assert len(data) == 88 * 244
    shape, data = tile("image", 0, 2, 0, 0)
    assert (shape, len(data)) == ([150, 125], 150 * 125)
    whole = np.frombuffer(data, np.uint8).reshape(shape)
    assert (np.diff(whole[:, 0].astype(int)) >= 0).all()
    assert tile("labels", 0, 0, 0, 0)[1] == b""
    shape, data = tile("labels", 0, 2, 0, 0)
    values, lengths = np.frombuffer(data, "<u4").reshape(-1, 2).T
    assert lengths[values == 3].sum() == 25 * 25
    with pytest.raises(ValueError, match="outside"):
        tile("image", 0, 0, 9, 9)


def test_a_tile_of_a_large_array_reads_a_part_of_it(opened):
    pixels = np.broadcast_to(np.uint8(7), (40_000, 40_000))
    _, browser = opened(pixels)
    assert browser.last("image")[0]["levels"] == 9
    assert browser.last("image")[0]["overview"]


@pytest.mark.parametrize(
    "pixels", [np.zeros((1, 1)), np.full((20, 30), np.nan), np.zeros((3, 5), bool)]
)
def test_odd_images_are_shown(pixels, opened):
    _, browser = opened(pixels)
    request = TileRequest("image", TileAddress(0, 0, 0, 0), "t")
    message, [data] = browser.controller.tiles.answer(request)
    assert message["shape"] == list(pixels.shape)
    assert set(data) == {0}


@pytest.mark.parametrize(
    "message",
    [
        {"kind": "nonsense"},
        {"kind": ["prompt"]},
        {"kind": "prompt"},
        {"kind": "prompt", "item": {"kind": "point", "row": "a", "col": 1}},
        {"kind": "command", "id": "nonsense"},
        {"kind": "tiles", "wants": [["image", [0, 0, -1, 0], "t"]]},
        {"kind": "tiles"},
        {"kind": "frame", "frame": "last"},
        {"kind": "object", "action": "select", "ids": []},
        {"kind": "screen", "low": "dark"},
    ],
)
def test_what_cannot_be_asked_for_is_said(message, blobs, opened):
    annotation, browser = opened(blobs)
    browser.controller.receive(message)
    annotation.wait(30)
    assert len(browser.said()) == 1
    browser.ask("prompt", item=POINT)
    assert annotation.session.preview.area == 400


def test_frames_are_gone_through_with_one_object(opened):
    pixels = np.zeros((3, 2, 32, 32), np.uint8)
    pixels[:, :, 5:15, 5:15] = 200
    annotation, browser = opened(pixels, axes="tzyx")
    browser.ask("frame", where={"t": 2, "z": 1})
    assert browser.state("frame") == {"frame": 5, "where": {"t": 2, "z": 1}}
    browser.ask("prompt", item={**POINT, "row": 8, "col": 8})
    browser.ask("command", id="commit")
    assert (annotation.labels[2, 1] == 1).sum() == 100
    assert annotation.widget.frame == 5


def test_objects_are_propagated_to_other_frames(opened):
    pixels = np.zeros((4, 32, 32), np.uint8)
    pixels[:, 5:15, 5:15] = 200
    annotation, browser = opened(pixels, axes="tyx")
    browser.ask("prompt", item={**POINT, "row": 8, "col": 8})
    browser.ask("propagate", direction="forward")
    assert [(plane == 1).sum() for plane in annotation.labels] == [100] * 4
    browser.ask("command", id="undo")
    assert not annotation.labels[1:].any()


def test_the_next_line_splits_when_that_was_asked_for(blobs, opened):
    annotation, browser = opened(blobs)
    browser.ask("prompt", item=POINT)
    browser.ask("command", id="commit")
    browser.ask("edit", action="split")
    assert browser.last("tool")[0]["tool"] == "scribble"
    path = [[8, 30], [32, 30]]
    browser.ask("prompt", item={"kind": "scribble", "path": path, "positive": True})
    assert len(annotation.session.objects) == 2
    assert not annotation.session.open_prompts


def test_the_mask_under_the_cursor_comes_and_goes(blobs, opened):
    _, browser = opened(blobs)
    browser.ask("prompt", item=POINT)
    browser.ask("command", id="undo")
    browser.ask("command", id="hover")
    browser.controller.receive({"kind": "hover", "frame": 0, "row": 55, "col": 8})
    cells = browser.controller.cells
    assert cells.wait_until(lambda: browser.controller.view.hovered is not None, 30)
    assert browser.last("mask", which="hover")[0]["shape"] == [10, 10]
    browser.ask("hover")
    assert "shape" not in browser.last("mask", which="hover")[0]


def test_all_objects_are_found_filtered_rejected_and_accepted(blobs, opened):
    annotation, browser = opened(blobs, InstanceThresholdBackend())
    browser.ask("everything", action="find", instances={"split": 0.2})
    assert browser.state("everything")["shown"] == 2
    browser.ask("everything", action="reject", row=55, col=8)
    assert browser.state("everything")["rejected"] == 1
    browser.ask("everything", action="accept")
    assert np.unique(annotation.labels).tolist() == [0, 1]
    assert (annotation.labels > 0).sum() == 400


def test_objects_are_found_inside_a_shape_and_their_settings_are_checked(blobs, opened):
    _, browser = opened(blobs, InstanceThresholdBackend())
    browser.ask("everything", action="find", where="drawn")
    assert browser.last("tool")[0]["tool"] == "polygon"
    around = [[45, 0], [45, 20], [63, 20], [63, 0]]
    browser.ask(
        "prompt", item={"kind": "polygon", "vertices": around, "positive": True}
    )
    assert browser.state("everything")["shown"] == 1
    browser.ask("everything", action="filter", filters={"smallest": 200})
    assert browser.state("everything")["shown"] == 0
    browser.ask("everything", action="find", instances={"split": 3})
    assert "split=3" in browser.said()[-1]


def test_sizes_are_asked_for_in_the_unit_of_the_image(blobs, opened):
    pixels = Image(data=blobs, axes="yx", scale={"y": 0.5, "x": 0.5}, units={
        "y": "um", "x": "um"})  # fmt: skip
    _, browser = opened(pixels, InstanceThresholdBackend())
    filters = browser.last("image")[0]["forms"]["filters"]
    (smallest,) = (f for f in filters if f["name"] == "smallest")
    assert (smallest["unit"], smallest["value"], smallest["step"]) == ("µm²", 2.5, None)
    browser.ask("everything", action="find")
    browser.ask("everything", action="filter", filters={"smallest": 30})
    assert browser.state("everything")["shown"] == 1
    browser.ask("everything", action="filter", filters={"smallest": 20})
    assert browser.state("everything")["shown"] == 2


def test_automatic_masks_are_merged_and_split_by_lines(blobs, opened):
    _, browser = opened(blobs, InstanceThresholdBackend())
    browser.ask("everything", action="find")
    browser.ask("everything", action="split")
    line = [[20, 15], [20, 45]]
    browser.ask("prompt", item={"kind": "scribble", "path": line, "positive": True})
    assert browser.state("everything")["shown"] == 3
    browser.ask("everything", action="merge")
    line = [[12, 30], [28, 30]]
    browser.ask("prompt", item={"kind": "scribble", "path": line, "positive": True})
    assert browser.state("everything")["shown"] == 2


@pytest.fixture
def colours():
    """64 x 64, RGB: two red squares, one of which is pale, and a green one."""
    pixels = np.zeros((64, 64, 3), np.uint8)
    for row, col, channel in ((4, 4, 0), (4, 24, 0), (24, 4, 1)):
        pixels[row : row + 10, col : col + 10, channel] = 250
    pixels[4:14, 24:34, 1] = 120
    return pixels


def test_words_become_classes(colours, opened):
    annotation, browser = opened(colours, InstanceThresholdBackend(40), axes="yxc")
    assert not browser.state("words")["ready"]
    assert "huggingface.co" in browser.state("words")["model"]
    annotation.annotator.words.models.use(ColourConcepts())
    annotation.wait(30)
    assert browser.state("words")["ready"]
    settings = {"threshold": 0.1}
    asked = {"words": "red, green", "where": "plane", "settings": settings}
    browser.ask("words", action="find", **asked)
    assert browser.state("words")["counts"] == {"green": 1, "red": 2}
    browser.ask("words", action="trust", settings={"threshold": 0.9})
    assert browser.state("words")["counts"] == {"green": 1, "red": 1}
    browser.ask("words", action="trust", settings=settings)
    browser.ask("everything", action="accept")
    assert sorted(annotation.table()["class"]) == ["green", "red", "red"]
    browser.ask("words", action="use", folder="nowhere")
    assert "config.json" in browser.said()[-1]


def test_a_folder_is_labelled_by_examples(blobs, opened, tmp_path):
    (tmp_path / "images").mkdir()
    tifffile.imwrite(tmp_path / "images" / "a.tif", blobs)
    path = tmp_path / "images" / "a.tif"
    annotation, browser = opened(path, InstanceThresholdBackend())
    to = {"images": str(path.parent), "output": str(tmp_path / "out"), "words": ""}
    browser.ask("label", by="named", ids=[], **to)
    assert "No object here has a class" in browser.said()[-1]
    browser.ask("label", by="selected", ids=[], **to)
    assert "Select objects" in browser.said()[-1]
    asked = []
    annotation.annotator.folder.label = asked.append
    browser.ask("prompt", item=POINT)
    browser.ask("command", id="commit")
    browser.ask("describe", id=1, category="cell")
    browser.ask("label", by="named", ids=[], similar={"similarity": 0.4}, **to)
    browser.ask("label", by="words", ids=[], **(to | {"words": "red; not: car"}))
    named, words = asked
    assert (named.examples, named.similar.similarity, named.on) == ((1,), 0.4, path)
    assert words.words.wanted == ("red",)
    annotation.annotator.events.folder_labelled.emit(tmp_path / "out")
    annotation.wait(30)
    assert browser.state("words")["labelled"] == str(tmp_path / "out")


def test_forms_have_what_the_settings_say(blobs, opened):
    _, browser = opened(blobs)
    forms = browser.last("image")[0]["forms"]
    split = next(f for f in forms["instances"] if f["name"] == "split")
    assert (split["minimum"], split["maximum"], split["value"]) == (0.01, 0.9, 0.15)
    overlap = forms["batch"][0]
    assert overlap["choices"][0] == [None, "as for clicks"]
    json.dumps(forms)


def test_prompts_of_a_file_become_objects_in_one_step(blobs, opened, tmp_path):
    annotation, browser = opened(blobs)
    found = {
        sam.Address(0, 1): sam.Prompts.point(15, 25),
        sam.Address(0, 2): sam.Prompts.point(55, 8),
    }
    write_prompts(tmp_path / "prompts.csv", found)
    browser.ask("batch", path=str(tmp_path / "prompts.csv"), settings={"overlap": None})
    assert np.unique(annotation.labels).tolist() == [0, 1, 2]
    browser.ask("command", id="undo")
    assert not annotation.labels.any()
    browser.ask("batch", path=str(tmp_path / "none.csv"))
    assert "does not exist" in browser.said()[-1]


def test_the_view_is_embedded_ahead(blobs, opened):
    annotation, browser = opened(blobs)
    browser.ask("embed", settings={"batch": None, "background": 10})
    image = annotation.session.image
    assert image.is_embedded(0, image.tiles[0])
    assert "embedded" in browser.said()[-1]


def test_doubtful_frames_are_reviewed_the_worst_first(opened):
    pixels = np.zeros((4, 32, 32), np.uint8)
    pixels[:, 5:15, 5:15] = 200
    _, browser = opened(pixels, axes="tyx")
    browser.ask("prompt", item={**POINT, "row": 8, "col": 8})
    browser.ask("propagate", direction="forward", settings={"flag_below": 1.0})
    queue = browser.state("tracks")["queue"]
    confidences = [one["confidence"] for one in queue]
    assert len(queue) == 3
    assert confidences == sorted(confidences)
    browser.ask("command", id="review_next")
    assert browser.state("tracks")["current"] == [queue[0]["frame"], 1]
    assert browser.state("frame")["frame"] == queue[0]["frame"]
    browser.ask("command", id="review_accept")
    assert queue[0] not in browser.state("tracks")["queue"]
    browser.ask("review", frame=queue[2]["frame"], object=1)
    assert browser.state("frame")["frame"] == queue[2]["frame"]
    browser.ask("command", id="review_correct")
    browser.ask("prompt", item={**POINT, "row": 8, "col": 8})
    browser.ask("command", id="commit")
    left = [one["frame"] for one in browser.state("tracks")["queue"]]
    assert left == [queue[1]["frame"]]


def test_a_model_that_learnt_is_listed_with_what_it_brought(blobs, opened, monkeypatch):
    def iter_improve(session, name, *, model):
        yield Progress(1, 2, "learning")
        checkpoints.add(checkpoints.path("pocket"), name, architecture="pocket")
        worse, better = Accuracy(0.5, 0.6, 0.7), Accuracy(0.6, 0.7, 0.8)
        return Improvement(name, worse, better, 7)

    monkeypatch.setattr(improvement, "iter_improve", iter_improve)
    _, browser = opened(blobs, InstanceThresholdBackend())
    browser.ask("improve")
    told = browser.state("models")
    (name,) = [m["name"] for m in told["known"] if "mine" in m["name"]]
    assert name in told["improved"]["words"]
    assert told["improved"]["rows"][0] == ["one click", 0.5, 0.6]


def test_pixels_that_were_changed_in_place_are_predicted_anew(blobs, opened):
    annotation, browser = opened(blobs)
    browser.ask("prompt", item={**POINT, "row": 35, "col": 50})
    assert not annotation.session.preview.area
    blobs[33:40, 45:60] = 220
    annotation.pixels_changed()
    annotation.wait(30)
    assert annotation.session.preview.area == 7 * 15
    assert browser.last("stale", layer="image")


def test_contrast_of_the_screen_is_nothing_to_the_model(blobs, opened):
    annotation, browser = opened(blobs)
    browser.ask("screen", channels=None, low=0.5, high=1.0, gamma=2.0)
    assert browser.last("stale", layer="image")
    browser.ask("prompt", item=POINT)
    assert annotation.session.preview.area == 400


def test_work_is_offered_again_and_restored(blobs, opened):
    annotation, browser = opened(blobs)
    browser.ask("prompt", item=POINT)
    browser.ask("command", id="commit")
    assert annotation.annotator.persistence.is_in_journal()
    annotation.close()
    again, later = opened(blobs)
    assert "1 object" in later.last("journal")[0]["text"]
    later.ask("journal", answer="restore")
    assert (again.labels == 1).sum() == 400
    assert later.last("journal")[0]["text"] == ""


def test_labels_that_are_given_are_written_to(blobs, opened):
    labels = np.zeros((64, 64), np.uint8)
    labels[:5, :5] = 4
    annotation, browser = opened(blobs, labels=labels)
    assert browser.last("objects", all=True)[0]["entries"][0]["id"] == 4
    browser.ask("prompt", item=POINT)
    browser.ask("command", id="commit")
    assert (labels == 5).sum() == 400
    assert annotation.labels is labels


def test_labels_are_saved(blobs, opened, tmp_path):
    annotation, browser = opened(blobs)
    browser.ask("prompt", item=POINT)
    browser.ask("command", id="commit")
    annotation.save(tmp_path / "labels.tif")
    assert sam.read_image(tmp_path / "labels.tif").frames[0].sum() == 400


def test_it_shows_a_picture_where_no_widget_can_run(blobs, opened):
    annotation, _ = opened(blobs)
    bundle, _ = annotation._repr_mimebundle_()
    assert bundle["image/png"].startswith("iVBOR")
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_a_closed_annotation_says_so(blobs, opened):
    annotation, _ = opened(blobs)
    annotation.close()
    with pytest.raises(SessionError, match="closed"):
        _ = annotation.labels


def test_a_call_that_fails_keeps_no_other_from_its_turn(caplog):
    cells, done = CellThread(), []
    cells.send(lambda: 1 / 0)
    cells.send(lambda: done.append(1))
    assert cells.wait_until(lambda: bool(done), 5)
    assert "ZeroDivisionError" in caplog.text
