"""What goes wrong in JupyterLab, and what a finger and a trackpad do."""

import time

import pytest

from napari_sam.session.persistence.recovery import read_lines

BEGIN = """
import os
import numpy as np
import napari_sam as sam
from napari_sam.testing import InstanceThresholdBackend
pixels = np.zeros((300, 400), np.uint8)
pixels[40:120, 60:180] = 200
annotation = sam.annotate(pixels, model=InstanceThresholdBackend(), view="notebook")
annotation
"""
CHANGE = """
pixels[180:260, 200:320] = 240
annotation.pixels_changed()
"""
OTHER = """
pixels = np.zeros((50, 60), np.uint8)
pixels[10:20, 10:30] = 200
annotation = sam.annotate(pixels, model=InstanceThresholdBackend(), view="notebook")
annotation
"""
SEEN = "Number(el.dataset.preview) === {}"
LOST = "el.querySelector('.ns-status .ns-warning')?.textContent.includes('not answer')"


@pytest.fixture(scope="module")
def notebook(jupyter):
    opened = jupyter("bad", BEGIN, CHANGE, OTHER, "os._exit(1)")
    opened.start(0)
    yield opened
    assert opened.errors == []
    opened.page.close()


@pytest.fixture
def widget(notebook):
    found = notebook.widget()
    found.wait("el.dataset.ready === 'true' && !el.dataset.busy")
    return found


def test_a_tap_is_a_click_and_two_fingers_zoom_and_move(widget):
    touch = widget.page.context.new_cdp_session(widget.page)
    box = widget.canvas.bounding_box()

    def send(kind, *places):
        points = [
            {"x": box["x"] + x, "y": box["y"] + y, "id": i}
            for i, (x, y) in enumerate(places)
        ]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    before = widget.value("app.view.scale")
    send("touchStart", (150, 200))
    send("touchStart", (150, 200), (250, 200))
    for i in range(1, 6):
        send("touchMove", (150 - 10 * i, 200), (250 + 10 * i, 200))
    send("touchEnd")
    widget.wait(f"Math.abs(app.view.scale / {before} - 2) < 0.1")
    assert widget.value("app.state.prompts.items.length") == 0
    widget.press("0")
    at = widget.place(80, 100)
    send("touchStart", (at["x"], at["y"]))
    send("touchMove", (at["x"] + 5, at["y"] + 4))
    send("touchEnd")
    widget.wait(SEEN.format(80 * 120))
    widget.press("Control+z")
    widget.wait("!app.masks.preview")


def test_a_trackpad_pinches_and_swipes(widget):
    page = widget.page
    widget.canvas.focus()
    widget.canvas.hover(position=widget.place(150, 200))
    before = widget.value("[app.view.scale, app.view.x]")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -40)
    page.keyboard.up("Control")
    widget.wait(f"app.view.scale > {before[0]} * 1.3")
    at = widget.value("[app.view.scale, app.view.x]")
    page.mouse.wheel(60, 5)
    widget.wait(f"app.view.x > {at[1]} && app.view.scale === {at[0]}")
    widget.press("0")


def test_pixels_that_were_changed_in_place_are_shown_and_predicted(notebook, widget):
    widget.click(220, 260)
    widget.wait("app.state.prompts.items.length === 1 && el.dataset.busy === ''")
    notebook.run(1)
    widget.wait(SEEN.format(80 * 120))
    lit = """(() => {
        const [x, y] = app.view.toScreen(210, 190);
        return app.canvas.getContext('2d').getImageData(x, y, 1, 1).data[0] > 100;
    })()"""
    widget.wait(lit)
    widget.press("Control+z")
    widget.wait("!app.masks.preview")


def test_another_tab_shows_the_same_and_stays_in_step(notebook, widget):
    notebook.save(notebook.path)
    other = notebook.in_another_tab()
    there = other.widget()
    widget.click(80, 100)
    there.wait(SEEN.format(80 * 120))
    other.page.bring_to_front()
    there.press("k")
    notebook.page.bring_to_front()
    widget.wait("el.dataset.committed === '1'")
    other.page.close()
    widget.press("Control+z")
    widget.wait("el.dataset.committed === '0'")


def test_another_image_takes_the_place_of_one(notebook, widget):
    notebook.start(2)
    other = notebook.widget(1)
    other.wait("el.dataset.ready === 'true'")
    other.click(15, 20)
    other.wait(SEEN.format(10 * 20))
    assert widget.value("app.facts.shape") == [300, 400]
    widget.click(80, 100)
    widget.wait(SEEN.format(80 * 120))
    assert other.value("Number(el.dataset.preview)") == 10 * 20


def test_a_kernel_that_died_is_said_and_work_is_restored(
    notebook, widget, jupyter_server
):
    journals = jupyter_server.home / "journals"
    before = _end_with_a_commit(journals)
    widget.press("k")
    widget.wait("el.dataset.committed === '1'")
    _wait_until(lambda: _end_with_a_commit(journals) - before)
    widget.value("app.link.lostAfter = 2000")
    notebook.start(3)
    notebook.page.get_by_role("button", name="Ok").click()
    widget.click(220, 260)
    widget.wait(LOST)
    notebook.wait_idle()
    notebook.start(0)
    notebook.page.get_by_role("button", name="Restore").click()
    notebook.widget().wait("el.dataset.committed === '1'")


def _end_with_a_commit(folder):
    """Return the journals whose last step is a commit that was not undone."""
    return {path for path in folder.glob("*.jsonl") if _last_action(path) == "commit"}


def _last_action(journal):
    """Return what was done last; undoing is no action."""
    steps = [line for line in read_lines(journal) if line.get("op", "at") != "at"]
    return steps[-1].get("action", {}).get("do") if steps else None


def _wait_until(condition, patience=60):
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "The commit did not come to the journal."
        time.sleep(0.05)
