"""Real events on a real window: mouse and keys in, masks and labels out."""

import re
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest

import napari_sam
from napari_sam.apps.dock.layer_style import HOVERED
from napari_sam.apps.dock.prompt_layer import PromptLayer
from napari_sam.apps.dock.widget import SegmentWidget
from napari_sam.core.address import Address
from napari_sam.core.prompts import Prompts
from napari_sam.testing import ThresholdBackend


@pytest.fixture
def opened(make_napari_viewer, until, threshold_model, blobs):
    """A viewer with an image, and the widget ready to be clicked at."""
    viewer = make_napari_viewer(show=True)
    viewer.add_image(blobs, name="blobs")
    return _docked(viewer, until)


def _docked(viewer, until):
    widget = SegmentWidget(viewer)
    widget.answers = []
    widget.dialogs.choose = lambda question, _: widget.answers.pop(0)
    viewer.window.add_dock_widget(widget, name="Segment Anything")
    until(lambda: widget.controller.annotator.has_model)
    return widget


def previewed(widget, until):
    """Wait for a mask, and return how many pixels it has."""
    session = widget.controller.annotator.session
    until(lambda: session.preview is not None)
    return session.preview.area


def test_click_keep_next_undo_redo(opened, hand, until):
    session, hand = opened.controller.annotator.session, hand(opened.viewer)
    hand.click(15, 25)
    assert previewed(opened, until) == 400
    hand.press("K")
    assert int((session.labels == 1).sum()) == 400
    assert session.current == Address(0, 2)

    hand.click(55, 8)
    assert previewed(opened, until) == 100
    QTest.keyClick(opened.objects.table, Qt.Key.Key_K)  # letters are the viewer's there
    assert np.unique(session.labels).tolist() == [0, 1, 2]
    assert opened.objects.model.rowCount() == 2

    hand.press("Z", ctrl=True)
    assert np.unique(session.labels).tolist() == [0, 1]
    hand.press("Z", ctrl=True)
    assert not session.open_prompts
    hand.press("Z", ctrl=True, shift=True)
    hand.press("Z", ctrl=True, shift=True)
    assert np.unique(session.labels).tolist() == [0, 1, 2]


def _noting(calls, method):
    def noted(*given, **how):
        calls.append(method.__name__)
        return method(*given, **how)

    return noted


def test_one_click_reads_and_writes_the_layer_once(opened, hand, until, monkeypatch):
    session, hand = opened.controller.annotator.session, hand(opened.viewer)
    others = {Address(0, 5 + i): Prompts.point(2 + i, 60) for i in range(20)}
    session.replace_prompts(others)
    calls = []
    for name in ("read", "_write_some", "_write_all", "_read_all"):
        noted = _noting(calls, getattr(PromptLayer, name))
        monkeypatch.setattr(PromptLayer, name, noted)
    hand.click(15, 25)
    previewed(opened, until)
    hand.press("K")
    assert calls == ["read", "_write_some"]
    assert int((session.labels > 0).sum()) == 400
    assert dict(session.open_prompts) == others


def _walk():
    """Files and functions of a click, as the page on the architecture lists them."""
    page = (Path(__file__).parents[2] / "docs/architecture.md").read_text()
    section = page.partition("## How a click travels")[2].partition("\n## ")[0]
    return re.findall(r"`(\w[\w/]*\.py)`\s+`([\w.]+)`", section)


def test_a_click_travels_as_the_page_on_the_architecture_says(opened, hand, until):
    walk, called = _walk(), []
    home = Path(napari_sam.__file__).parent

    def note(frame, event, _):
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(f"{home}"):
            file = Path(code.co_filename).relative_to(home).as_posix()
            called.append((file, code.co_qualname))

    hand = hand(opened.viewer)
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        hand.click(15, 25)
        previewed(opened, until)
        hand.press("K")
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    rest = iter(called)
    assert [step for step in walk if step not in rest] == []
    assert len(walk) > 15


def test_left_is_positive_right_and_shift_are_negative_and_a_key_turns_it(
    opened, hand, until
):
    session, hand = opened.controller.annotator.session, hand(opened.viewer)
    hand.click(15, 25)
    hand.click(40, 45, right=True)
    hand.click(45, 50, shift=True)
    hand.press("Q")
    assert opened.prompts.polarity.checkedId() == 1
    hand.click(60, 30)
    hand.click(20, 36, right=True)
    opened.prompts.polarity.button(0).click()
    hand.click(26, 30)
    said = session.current_prompts.items
    assert [(round(p.row), round(p.col), p.positive) for p in said] == [
        (15, 25, True),
        (40, 45, False),
        (45, 50, False),
        (60, 30, False),
        (20, 36, True),
        (26, 30, True),
    ]


@pytest.mark.parametrize("right", [False, True])
def test_a_clicked_point_is_styled_as_it_comes_and_not_once_more(
    opened, hand, until, right
):
    hand = hand(opened.viewer)
    hand.click(15, 25)
    layer, again = opened.viewer.layers["SAM points"], []
    for event in (layer.events.face_color, layer.events.symbol):
        event.connect(again.append)
    hand.click(20, 30, right=right)
    assert again == []
    assert str(layer.symbol[-1]) == ("cross" if right else "disc")
    same = np.allclose(layer.face_color[-1], layer.face_color[0])
    assert same is not right


def test_points_are_dragged_boxes_and_lines_are_drawn(opened, hand, until):
    session, hand = opened.controller.annotator.session, hand(opened.viewer)
    hand.click(15, 25)
    previewed(opened, until)
    steps = len(session.history.done)
    hand.drag([(15, 25), (30, 20), (45, 12), (55, 8)])
    (point,) = session.current_prompts.items
    assert (round(point.row), round(point.col)) == (55, 8)
    assert len(session.history.done) == steps + 1
    assert previewed(opened, until) == 100

    hand.press("N")
    opened.prompts.tools.button(1).click()
    hand.drag([(45, 2), (50, 8), (62, 18)])
    (box,) = session.current_prompts.items
    assert type(box).__name__ == "Box"
    assert previewed(opened, until) == 100

    hand.press("N")
    opened.prompts.tools.button(4).click()
    hand.drag([(15, 25), (17, 27), (20, 30), (25, 35)])
    (line,) = session.current_prompts.items
    assert type(line).__name__ == "Scribble"
    assert previewed(opened, until) == 400
    # The first was committed by N; all of the second's mask lies on it.
    assert {at.object_id for at in session.open_prompts} == {2, 3}


def test_candidates_are_chosen_and_the_mask_under_the_mouse_is_never_kept(
    opened, hand, until
):
    panel, session = opened.prompts.candidates, opened.controller.annotator.session
    hand = hand(opened.viewer)
    hand.click(15, 25)
    whole = previewed(opened, until)
    assert [choice.isEnabled() for choice in panel.buttons] == [True] * 3
    assert panel.buttons[0].isChecked()
    hand.press("J")
    assert previewed(opened, until) != whole
    until(lambda: panel.buttons[1].isChecked())
    panel.buttons[0].click()
    assert previewed(opened, until) == whole

    hand.press("N")
    hand.press("H")
    assert opened.prompts.hover.isChecked()
    steps = len(session.history.done)
    hand.hover(55, 8)
    shown = opened.viewer.layers["SAM preview"].data
    outline = 100 - 8 * 8  # one pixel wide, for the mask is small
    until(lambda: int((shown == HOVERED).sum()) == outline)
    assert session.preview is None
    assert len(session.history.done) == steps
    hand.press("H")
    assert not opened.prompts.hover.isChecked()
    assert not (shown == HOVERED).any()


class Slow(ThresholdBackend):
    """Waits for its gates, and writes down where it ran."""

    def __init__(self):
        super().__init__()
        self.gates = {name: threading.Semaphore(0) for name in ("encode", "decode")}
        self.ran = []

    def encode(self, planes):
        self._wait("encode")
        return super().encode(planes)

    def decode(self, embedding, prompts):
        self._wait("decode")
        return super().decode(embedding, prompts)

    def _wait(self, what):
        self.ran.append((what, threading.current_thread()))
        self.gates[what].acquire()


@pytest.fixture
def slow(monkeypatch):
    """The model "pocket" is as slow as the test wants it to be."""
    made = Slow()
    monkeypatch.setattr(
        "napari_sam.annotator.models.ModelPool.open", lambda *_, **__: made
    )
    yield made
    for gate in made.gates.values():
        gate.release(1000)


def test_the_window_goes_on_while_a_slow_model_looks_and_answers(
    make_napari_viewer, until, slow, blobs, hand
):
    """Goes on: other events are handled between the click and its answer."""
    viewer = make_napari_viewer(show=True)
    viewer.add_image(blobs)
    widget, hand = _docked(viewer, until), hand(viewer)
    session, order = widget.controller.annotator.session, []
    session.preview_changed.connect(lambda p: order.append("mask" if p else "none"))
    hand.click(15, 25)
    for what in ("encode", "decode"):
        until(lambda what=what: slow.ran and slow.ran[-1][0] == what)
        QTimer.singleShot(0, lambda what=what: order.append(f"alive in {what}"))
        until(lambda what=what: f"alive in {what}" in order)
        assert session.preview is None
        slow.gates[what].release()
    until(lambda: "mask" in order)
    assert order == ["alive in encode", "alive in decode", "mask"]
    assert all(on is not threading.main_thread() for _, on in slow.ran)


def test_an_answer_that_comes_too_late_is_dropped(
    make_napari_viewer, until, slow, blobs, hand
):
    viewer = make_napari_viewer(show=True)
    viewer.add_image(blobs)
    widget, hand = _docked(viewer, until), hand(viewer)
    session = widget.controller.annotator.session
    hand.click(15, 25)
    until(lambda: bool(slow.ran))
    hand.press("Z", ctrl=True)
    hand.click(55, 8)
    for gate in slow.gates.values():
        gate.release(1000)
    assert previewed(widget, until) == 100
    assert {at.object_id for at in session.open_prompts} == {1}


def test_the_window_closes_while_a_slow_model_looks(
    make_napari_viewer, until, slow, blobs, hand
):
    before = set(threading.enumerate())
    viewer = make_napari_viewer(show=True)
    viewer.add_image(blobs)
    widget, hand = _docked(viewer, until), hand(viewer)
    hand.click(15, 25)
    until(lambda: bool(slow.ran))
    viewer.close()
    assert widget.controller.annotator.session is None
    for gate in slow.gates.values():
        gate.release(1000)
    ours = [t for t in threading.enumerate() if t.name.startswith("napari-sam")]
    for thread in set(ours) - before:
        thread.join(30)
        assert not thread.is_alive()


def test_with_the_model_in_the_package(make_napari_viewer, until, hand):
    """The whole way with `pocket`: a coin of scikit-image, clicked at and kept."""
    from skimage.data import coins

    viewer = make_napari_viewer(show=True)
    viewer.add_image(coins(), name="coins")
    widget, hand = _docked(viewer, until), hand(viewer)
    hand.click(130, 48)
    session = widget.controller.annotator.session
    until(lambda: session.preview is not None)
    hand.press("K")
    assert 500 < int((session.labels == 1).sum()) < 8000
    assert session.image.backend.fingerprint.startswith("pocket")
