"""How long the window does not react: with the dock, and with napari alone.

    python benchmarks/pauses.py [--rounds 5]

A real viewer whose window is hidden, so that nothing is drawn: what is left is what
the thread of the window computes. For each thing that a person does, the longest time
between two beats of a timer of 2 ms, in milliseconds, the median of some rounds. Beside
it, the same layers and the same changes of them in napari without the dock: an image,
two layers of labels and one of points are added; a point is added by the mouse, removed
and added again while labels are painted. What the dock adds is the difference. The
model is `ThresholdBackend` in a thread of this process.
"""

from __future__ import annotations

import argparse
import time
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from _window import Window, screen
from interaction import Pulse

from napari_sam.testing import ThresholdBackend

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds that are waited after each act.
_AFTER = 0.4
#: Squares that are clicked at, one each round.
_SIDE, _EVERY = 24, 60


class Bare(Window):
    """A viewer without the dock, and a mouse."""

    def __init__(self) -> None:
        import napari

        self.viewer = napari.Viewer(show=True)
        self.viewer.window.resize(1300, 900)
        self.canvas = self.viewer.window._qt_viewer.canvas
        self.viewer.window._qt_window.hide()


class Both:
    """A viewer with the dock, and one without; both hidden."""

    def __init__(self) -> None:
        self.window = Window(ThresholdBackend(working_size=1024))
        self.bare = Bare()
        self.alone = self.bare.viewer
        self.window.viewer.window._qt_window.hide()
        self.layers: list[Any] = []

    def open_in_dock(self, pixels: Any, axes: tuple[str, ...]) -> None:
        """Add an image that the dock opens, in place of the one before."""
        viewer = self.window.viewer
        for layer in [one for one in viewer.layers if one.name.startswith("pixels")]:
            viewer.layers.remove(layer)
        layer = viewer.add_image(
            pixels, name="pixels", axis_labels=axes, contrast_limits=(0, 255)
        )
        controller = self.window.controller
        self.window.wait(lambda: controller.layer is layer)
        self.window.wait(lambda: self.window.annotator.has_model)

    def open_alone(self, pixels: Any, axes: tuple[str, ...]) -> None:
        """Add an image and the layers that the dock would add."""
        viewer = self.alone
        viewer.layers.clear()
        window = np.zeros([min(n, 4096) for n in pixels.shape], np.uint32)
        viewer.add_image(pixels, axis_labels=axes, contrast_limits=(0, 255))
        painted = viewer.add_labels(window)
        viewer.add_labels(np.zeros((512, 512), np.uint8))
        points = viewer.add_points(np.zeros((0, pixels.ndim)), ndim=pixels.ndim)
        points.mode = "add"
        self.layers = [painted, points]

    def click_in_dock(self, row: float, col: float) -> None:
        """Click at a square, and wait for its mask."""
        session = self.window.annotator.session
        self.window.press(row, col)
        self.window.wait(lambda: session.preview is not None)

    def point_alone(self, row: float, col: float) -> None:
        """Click, so that napari adds a point."""
        self.bare.press(row, col)

    def paint_alone(self, row: float, col: float) -> None:
        """Take the point away, and paint a square into the labels."""
        labels, points = self.layers
        points.selected_data = {0}
        points.remove_selected()
        rows, cols = np.mgrid[int(row) : int(row) + 20, int(col) : int(col) + 20]
        first = [np.zeros_like(rows)] * (labels.ndim - 2)
        labels.data_setitem((*first, rows, cols), 5)

    def unpaint_alone(self, row: float, col: float) -> None:
        """Add the point again, and paint the square away."""
        self.layers[0].undo()
        self.point_alone(row, col)


def longest(window: Window, act: Callable[[], object]) -> float:
    """Return the longest pause while something is done, and shortly after, in ms."""
    pulse = Pulse()
    pulse.reset()
    act()
    end = time.perf_counter() + _AFTER
    while time.perf_counter() < end:
        window.turn()
    return 1000 * pulse.longest


def squares(side: int) -> Any:
    pixels = np.zeros((side, side), np.uint8)
    for row in range(20, side - _SIDE, _EVERY):
        for col in range(20, side - _SIDE, _EVERY):
            pixels[row : row + _SIDE, col : col + _SIDE] = 200
    return pixels


def images() -> dict[str, tuple[Any, tuple[str, ...]]]:
    import dask.array as da

    plane = squares(512)
    frames = np.broadcast_to(plane, (200, 512, 512)).copy()
    lazy = da.tile(da.from_array(squares(1000), chunks=1000), (20, 20))
    return {
        "512 x 512": (plane, ("y", "x")),
        "200 frames of 512 x 512": (frames, ("t", "y", "x")),
        "Dask, 20,000 x 20,000": (lazy, ("y", "x")),
    }


def measure(both: Both, name: str, given: tuple[Any, tuple[str, ...]], n: int) -> None:
    """Print a line for each act on an image."""
    window, places = both.window, [(30.0, 30.0 + _EVERY * k) for k in range(n)]
    undo = window.annotator.undo
    found: dict[str, list[tuple[float, float]]] = {}

    def add(act: str, dock: Callable[[], object], alone: Callable[[], object]) -> None:
        pair = longest(window, dock), longest(window, alone)
        found.setdefault(act, []).append(pair)

    for _ in range(min(n, 3)):
        add("open", lambda: both.open_in_dock(*given), lambda: both.open_alone(*given))
    for at in places:
        click = lambda at=at: both.click_in_dock(*at)  # noqa: E731
        add("click", click, lambda at=at: both.point_alone(*at))
        add("commit", lambda: window.key("K"), lambda at=at: both.paint_alone(*at))
        add("undo", undo, lambda at=at: both.unpaint_alone(*at))
        window.annotator.redo()
        both.paint_alone(*at)
    for act, pairs in found.items():
        dock, alone = (median(part) for part in zip(*pairs, strict=True))
        print(f"{name:26} {act:8} {dock:7.0f} {alone:7.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with screen():
        both = Both()
        print(f"{'image':26} {'act':8} {'dock':>7} {'napari':>7}", flush=True)
        for name, image in images().items():
            measure(both, name, image, given.rounds)
        both.alone.close()
        both.window.close()


if __name__ == "__main__":
    main()
