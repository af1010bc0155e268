"""A person annotates a movie in JupyterLab: frames, Everything, propagation, themes."""

import pytest

MOVIE = """
import time
import numpy as np
import napari_sam as sam
from napari_sam.api import improvement
from napari_sam.core.progress import Progress
from napari_sam.testing import InstanceThresholdBackend

def iter_improve(session, name, *, model):
    for i in range(20):
        yield Progress(i, 20, "learning")
        time.sleep(0.05)
    before = improvement.Accuracy(0.5, 0.6, 0.7)
    return improvement.Improvement(None, before, before, 4)

improvement.iter_improve = iter_improve

class SlowBackend(InstanceThresholdBackend):
    def encode(self, planes):
        time.sleep(0.2 * len(planes))
        return super().encode(planes)

movie = np.zeros((12, 120, 160), np.uint8)
for t in range(12):
    movie[t, 20:50, 20 + t : 60 + t] = 200
    movie[t, 70:100, 100 - t : 140 - t] = 230
annotation = sam.annotate(movie, axes="tyx", model=SlowBackend(), view="notebook")
annotation
"""
LABELS = """
areas = [int((frame == 1).sum()) for frame in annotation.result()]
print(len(areas), min(areas) > 1000, max(areas))
"""
FRAME = "app.state.frame.where.t === {} && el.dataset.tiles === 'ready'"
COMMITTED = "el.dataset.committed === '{}' && el.dataset.tiles === 'ready'"
#: How many times of the strip have a mark.
MARKED = "app.state.strip.runs.reduce((n, [m, k]) => n + (m === {} ? k : 0), 0)"
PROMPTED, PROPAGATED = 3, 4
#: Texts with too little contrast with what is behind them, by WCAG 2.
FAINT = """(() => {
    const parse = (c) => [...c.match(/[\\d.]+/g).map(Number), 1].slice(0, 4);
    const light = (rgb) => rgb.slice(0, 3).map((c) => c / 255)
        .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (one) => {
        for (; one; one = one.parentElement) {
            const colour = parse(getComputedStyle(one).backgroundColor);
            if (colour[3] > 0.9) return colour;
        }
        return [255, 255, 255];
    };
    const found = [];
    for (const one of el.querySelectorAll('*')) {
        const own = [...one.childNodes].filter((n) => n.nodeType === 3);
        const off = one.closest(':disabled, option') || !one.checkVisibility();
        if (off || !own.some((n) => n.data.trim())) continue;
        const [a, b] = [light(parse(getComputedStyle(one).color)), light(behind(one))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) found.push([one.outerHTML.slice(0, 90), ratio]);
    }
    return found;
})()"""


@pytest.fixture(scope="module")
def notebook(jupyter):
    """Open a notebook with a movie, and a cell that reads its labels."""
    opened = jupyter("movie", MOVIE, LABELS)
    opened.start(0)
    yield opened
    assert opened.errors == []
    opened.page.close()


@pytest.fixture
def widget(notebook):
    found = notebook.widget()
    found.wait("el.dataset.ready === 'true' && !el.dataset.busy")
    return found


def test_a_slider_goes_to_frames_by_mouse_and_keys(widget):
    slider = widget.root.get_by_label("t", exact=True)
    slider.focus()
    slider.press("ArrowRight")
    widget.wait(FRAME.format(1))
    slider.press("End")
    widget.wait(FRAME.format(11))
    box = slider.bounding_box()
    slider.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    widget.wait("[5, 6].includes(app.state.frame.where.t)")
    slider.press("Home")
    widget.wait(FRAME.format(0))


def test_frames_play_until_they_are_stopped(widget):
    widget.button("Play along t").click()
    widget.wait("app.state.frame.where.t >= 3")
    assert widget.button("Play along t").get_attribute("aria-pressed") == "true"
    widget.button("Play along t").click()
    assert widget.button("Play along t").get_attribute("aria-pressed") == "false"
    widget.wait("!app.link.soon.get('frame') && el.dataset.tiles === 'ready'")
    stopped = widget.value("app.state.frame.where.t")
    widget.page.wait_for_timeout(400)
    assert widget.value("app.state.frame.where.t") == stopped
    slider = widget.root.get_by_label("t", exact=True)
    slider.press("Home")
    widget.wait(FRAME.format(0))


def test_everything_is_found_one_is_rejected_the_rest_accepted_in_one_step(widget):
    widget.root.locator("summary", has_text="Everything").click()
    widget.button("Find all objects").click()
    widget.wait("app.state.everything.shown === 2 && el.dataset.tiles === 'ready'")
    widget.click(85, 120)
    widget.wait("app.state.everything.rejected === 1")
    widget.root.get_by_text("1 shown, 1 rejected").wait_for()
    widget.root.locator("button.ns-main", has_text="Accept").click()
    widget.wait(COMMITTED.format(1))
    assert widget.value("app.state.everything.frame") is None
    widget.press("Control+z")
    widget.wait(COMMITTED.format(0))
    widget.press("Control+Shift+Z")
    widget.wait(COMMITTED.format(1))


def test_propagation_tells_its_progress_and_keeps_what_is_done_when_stopped(widget):
    widget.root.get_by_role("button", name="Object 1", exact=True).click()
    widget.wait(f"{MARKED.format(PROMPTED)} === 1")
    widget.button("Forward").click()
    widget.wait("el.querySelector('progress').value > 0.1")
    widget.button("Cancel").click()
    widget.wait("!el.dataset.busy")
    done = widget.value(MARKED.format(PROPAGATED))
    assert 1 <= done < 11
    widget.button("Forward").click()
    widget.wait(f"{MARKED.format(PROPAGATED)} === 11 && !el.dataset.busy")


def test_the_strip_tells_of_the_object_and_a_click_on_it_goes_to_the_frame(widget):
    strip = widget.root.get_by_role("img", name="Object 1 along t")
    assert strip.get_attribute("aria-label") == (
        "Object 1 along t: 1 prompted or drawn, 11 propagated"
    )
    box = strip.bounding_box()
    strip.hover(position={"x": box["width"] * 0.62, "y": 5})
    assert strip.get_attribute("title") == "Object 1, frame 7: propagated"
    strip.click(position={"x": box["width"] * 0.62, "y": 5})
    widget.wait(FRAME.format(7))


def test_doubtful_frames_are_reviewed_the_worst_first_by_keys_and_buttons(widget):
    first, second, third, *_ = widget.value(
        "app.state.tracks.queue.map((d) => d.frame)"
    )
    gone = "!app.state.tracks.queue.some((d) => d.frame === {}) && !el.dataset.busy"
    widget.press("Shift+D")
    widget.wait(FRAME.format(first))
    here = widget.root.locator(".ns-queue [aria-current]")
    assert f"Object 1, frame {first}" in here.inner_text()
    widget.press("Shift+G")
    widget.wait(f"{gone.format(first)} && {FRAME.format(second)}")
    widget.button(f"Object 1, frame {third}").click()
    widget.wait(FRAME.format(third))
    widget.button("Correct here").click()
    widget.click(35, 40 + third)
    widget.wait("Number(el.dataset.preview) > 1000")
    widget.press("k")
    widget.wait(gone.format(third))


def test_the_model_learns_from_corrections_until_it_is_stopped(widget):
    widget.root.locator("summary", has_text="Model").click()
    widget.button("Improve with my corrections").click()
    widget.wait("el.querySelector('progress').value > 0.1")
    widget.button("Cancel").click()
    widget.wait("!el.dataset.busy && app.state.models.improved === null")
    widget.button("Improve with my corrections").click()
    rows = widget.root.locator(".ns-improved tbody tr")
    rows.first.wait_for()
    assert rows.all_inner_texts()[0].split() == ["one", "click", "0.50", "0.50"]
    widget.root.get_by_text("no better: it was dropped").wait_for()


def test_labels_of_all_frames_are_in_the_next_cell(notebook):
    assert notebook.run(1) == "12 True 1200"


def test_every_control_is_reached_by_the_keyboard(widget):
    controls = "button, input, select, summary, canvas.ns-canvas"
    skipped = widget.value(
        f"""[...el.querySelectorAll("{controls}")].filter((one) => one.tabIndex < 0)
        .map((one) => one.outerHTML)"""
    )
    assert skipped == []
    widget.canvas.focus()
    visited = set()
    for _ in range(6):
        widget.page.keyboard.press("Tab")
        visited.add(widget.value("document.activeElement.outerHTML.slice(0, 200)"))
        assert widget.value("el.contains(document.activeElement)")
    assert len(visited) == 6


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_text_can_be_read_in_both_themes(notebook, widget, theme):
    notebook.use_theme(theme)
    widget.value(
        "el.querySelectorAll('details').forEach((one) => { one.open = true; })"
    )
    dark = widget.value(
        "getComputedStyle(el).backgroundColor.match(/\\d+/g).every((c) => c < 60)"
    )
    assert dark == (theme == "JupyterLab Dark")
    assert widget.value(FAINT) == []
