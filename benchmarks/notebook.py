"""From a click in a notebook to the mask in the browser, and bytes over the wire.

    python benchmarks/notebook.py [--clicks 20]

A real JupyterLab with a real kernel, seen by a headless Chromium that draws by the CPU,
on this machine: the way from a laptop to a server and back comes on top. `pocket`
predicts. From the release of the button to the drawing that has an outline ("outline")
and the mask ("mask"), for first clicks in the middle of objects, on tiles that are
embedded. Objects are about 110 pixels wide, or 20: a click on a small one waits for its
close-up to be encoded, if nothing near was clicked, and is outlined before. "kB" are of
the kernel's WebSocket, both ways, until the mask, or the tiles after a drag of 300
pixels, are drawn. "Hover": how many masks a second follow the mouse.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from itertools import count, islice
from pathlib import Path
from statistics import median, quantiles

import numpy as np
from _jupyter import Notebook, browser, lab
from skimage.measure import regionprops

from napari_sam.core.mask import Mask
from napari_sam.synthetic import draw_scene

CELL = """
import numpy as np
import napari_sam as sam
from napari_sam.synthetic import draw_scene

class Repeated:
    dtype = np.dtype(np.uint8)
    def __init__(self, pattern, side):
        self.pattern, self.shape = pattern, (side, side)
    def __getitem__(self, index):
        rows, cols = (np.arange(*s.indices(n)) for s, n in zip(index, self.shape))
        return self.pattern[np.ix_(rows % 1024, cols % 1024)]

scene = draw_scene({seed}, size=1024, kind="nuclei")
pixels, labels = scene.image[..., 1], None
"""
#: Seeds of scenes of large and of small objects.
LARGE, SMALL = 5, 2
CASES = {
    "1,024": "",
    "1,024, small objects": "",
    "1,024, 200 objects": """
labels = np.zeros((1024, 1024), np.uint32)
for i in range(200):
    labels[1000 - i // 50 * 6 :, :][:5, i % 50 * 20 :][:, :15] = i + 1
""",
    "1,024, 500 frames": "pixels = np.broadcast_to(pixels, (500, 1024, 1024))",
    "30,000 (virtual)": "pixels = Repeated(pixels, 30_000)",
}
OPEN = """
axes = "tyx" if len(pixels.shape) == 3 else "yx"
annotation = sam.annotate(pixels, axes=axes, labels=labels, view="notebook")
annotation
"""
#: Clicks that are not counted, in all tiles of the others, as shares of the canvas.
FIRST = ((0.3, 0.3), (0.65, 0.3), (0.3, 0.65), (0.65, 0.65))
WATCH = """(() => {
    const draw = app.draw.bind(app);
    app.times = [];
    app.outlined = [];
    app.hovered = new Set();
    app.canvas.addEventListener("pointerup", () => {
        app.began = performance.now();
        app.before = app.masks.preview;
        app.unseen = true;
    }, true);
    app.draw = () => {
        draw();
        const { hover, preview } = app.masks;
        if (hover) app.hovered.add(hover);
        if (app.unseen && (hover || (preview && preview !== app.before))) {
            app.outlined.push(performance.now() - app.began);
            app.unseen = false;
        }
        if (app.began && app.masks.preview && app.masks.preview !== app.before) {
            app.times.push(performance.now() - app.began);
            app.began = null;
        }
    };
})()"""


class Wire:
    """Counts the bytes of the WebSockets of a page."""

    def __init__(self, page):
        self.bytes = 0
        page.on("websocket", self._watch)

    def _watch(self, socket) -> None:
        socket.on("framereceived", self._count)
        socket.on("framesent", self._count)

    def _count(self, payload) -> None:
        self.bytes += len(payload)

    def during(self, work) -> int:
        before = self.bytes
        work()
        return self.bytes - before


def middles(seed: int) -> list[tuple[int, int]]:
    """Return the most central pixel of each object of a scene."""
    labels = draw_scene(seed, size=1024, kind="nuclei").labels
    return [
        Mask.from_array(one.image, top=one.bbox[0], left=one.bbox[1]).deepest
        for one in regionprops(labels)
    ]


def spots(widget, seed: int, clicks: int) -> list[dict[str, float]]:
    """Return places of the canvas that are on objects, other ones first."""
    top, left, bottom, right = widget.value("app.view.region()")
    found = [
        (row + 1024 * i, col + 1024 * j)
        for row, col in middles(seed)
        for i in range(top // 1024, bottom // 1024 + 1)
        for j in range(left // 1024, right // 1024 + 1)
        if top + 40 < row + 1024 * i < bottom - 40
        and left + 40 < col + 1024 * j < right - 40
    ]
    order = np.random.default_rng(0).permutation(len(found))
    places = ((found[i], 2 * again) for again in count() for i in order)
    return [widget.place(r + by, c + by) for (r, c), by in islice(places, clicks)]


def click(widget, position: dict[str, float], count: int) -> None:
    """Click at a place of the canvas, and wait for the mask."""
    widget.canvas.click(position=position)
    widget.wait(f"app.times.length === {count} && el.dataset.tiles === 'ready'")
    widget.press("Control+z")
    widget.wait("!app.masks.preview && el.dataset.busy === ''")


def measure(page, notebook, wire: Wire, clicks: int, seed: int) -> list[str]:
    widget = notebook.widget()
    widget.wait("el.dataset.ready === 'true'")
    widget.value(WATCH)
    widget.value("app.zoom(Math.max(1, 0.5 / app.view.scale))")
    widget.wait("el.dataset.tiles === 'ready'")
    box = widget.canvas.bounding_box()
    for i, (x, y) in enumerate(FIRST):
        click(widget, {"x": x * box["width"], "y": y * box["height"]}, i + 1)
    wire_of_clicks = []
    for i, place in enumerate(spots(widget, seed, clicks)):
        n = i + 1 + len(FIRST)
        wire_of_clicks.append(wire.during(lambda p=place, n=n: click(widget, p, n)))
    outlined, times = widget.value("[app.outlined, app.times]")
    times = times[len(FIRST) :]
    followed = hover(page, widget)
    moved = wire.during(lambda: pan(page, widget))
    return [
        f"{median(outlined[len(FIRST) :]):.0f}",
        f"{median(times):.0f}",
        f"{quantiles(times, n=20)[-1]:.0f}",
        f"{median(wire_of_clicks) / 1000:.1f}",
        f"{moved / 1000:.0f}",
        f"{followed:.0f}",
    ]


def pan(page, widget) -> None:
    """Zoom in, so that there is something beside, and drag the image."""
    box = widget.canvas.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down(button="middle")
    page.mouse.move(x - 300, y, steps=10)
    page.mouse.up(button="middle")
    page.wait_for_timeout(200)
    widget.wait("el.dataset.tiles === 'ready'")


def hover(page, widget, seconds: float = 3.0) -> float:
    widget.press("h")
    widget.wait("app.state.candidates.hover")
    box = widget.canvas.bounding_box()
    end, i = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        i += 1
        x, y = 0.4 + 0.2 * (i % 50) / 50, 0.5 + 0.1 * (i % 7) / 7
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
    shown = widget.value("app.hovered.size")
    widget.press("h")
    return shown / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clicks", type=int, default=20)
    clicks = parser.parse_args().clicks
    print(
        "| image | outline, median ms | mask, median ms | mask, 95 % | kB a click "
        "| kB a drag | hover, a second |"
    )
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        home = {"NAPARI_SAM_HOME": f"{folder}/home", "OMP_NUM_THREADS": "1"}
        with lab(Path(folder) / "lab", home) as server, browser() as context:
            for i, (name, code) in enumerate(CASES.items()):
                page = context.new_page()
                wire = Wire(page)
                seed = SMALL if "small" in name else LARGE
                cell = CELL.replace("{seed}", str(seed)) + code + OPEN
                notebook = Notebook(page, server.write(f"case{i}", cell))
                notebook.run_all()
                found = measure(page, notebook, wire, clicks, seed)
                print(f"| {name} | {' | '.join(found)} |")
                sys.stdout.flush()
                page.close()


if __name__ == "__main__":
    main()
