"""From a click in napari to the mask on the screen.

    python benchmarks/interaction.py [--clicks 30] [--beside]

A real viewer with our dock widget, on the screen there is, or on one that nobody sees
(Xvfb; drawing is then done by the CPU). The mouse is Qt's own events on the canvas.
An image of 1024 x 1024 pixels; "first click" is on an image that the model has not
looked at, "next clicks" on one that it has. From the press of the button to the first
drawing of the canvas that has the mask. "Hover": how many masks a second follow the
mouse, and how many do in a hidden window, as where a graphics card does the drawing.
"Longest pause": how long the window did not react, while a model that sleeps for five
seconds encodes and then decodes, while `pocket` encodes, and between clicks. "Beside":
how long the window's thread takes for a click and for a commit (K) beside so many open
prompts of other objects, without the model and without drawing; `--beside`, only that.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass, field, replace
from itertools import product
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from _window import Window, screen

from napari_sam.annotator.models import ModelPool

if TYPE_CHECKING:
    from collections.abc import Sequence

SIDE = 1024
#: What is drawn: see `napari_sam.synthetic`.
KIND = "nuclei"


@dataclass
class Slow:
    """Sleeps before it does what another model does."""

    backend: Any
    seconds: float
    name: str = field(default="slow")

    @property
    def fingerprint(self) -> str:
        return "slow"

    @property
    def working_size(self) -> int:
        return int(self.backend.working_size)

    def encode(self, planes: Sequence[Any]) -> Any:
        time.sleep(self.seconds)
        return self.backend.encode(planes)

    def decode(self, embedding: Any, prompts: Sequence[Any]) -> Any:
        time.sleep(self.seconds)
        return self.backend.decode(embedding, prompts)


@dataclass
class AboutHalf:
    """A model of random weights whose masks are not empty: above the median."""

    backend: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.backend, name)

    def decode(self, embedding: Any, prompts: Sequence[Any]) -> Any:
        found = self.backend.decode(embedding, prompts)
        return [replace(p, logits=p.logits - np.median(p.logits)) for p in found]


class Pulse:
    """Beats on the thread of the window; between two beats, it did not react."""

    def __init__(self) -> None:
        from qtpy.QtCore import QTimer

        self.longest, self._last = 0.0, time.perf_counter()
        self._timer = QTimer()
        self._timer.timeout.connect(self._beat)
        self._timer.start(2)

    def reset(self) -> None:
        self.longest, self._last = 0.0, time.perf_counter()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.longest, self._last = max(self.longest, now - self._last), now


class HoverCount:
    """How many masks follow the mouse over a window."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self._shown: list[float] = []

    def per_second(self, seconds: float) -> float:
        """Return how many masks a second are shown while the mouse moves."""
        window, binding = self.window, self.window.controller.binding
        window.annotator.session.next_object()
        show = binding.show_hover

        def counted(mask: Any) -> None:
            if mask is not None:
                self._shown.append(time.perf_counter())
            show(mask)

        binding.show_hover = counted
        window.annotator.hover.on = True
        window.mouse("MouseMove", 500, 500)
        window.wait(self._warm)
        self._shown.clear()
        self._circle(time.perf_counter() + seconds)
        window.annotator.hover.on = False
        del binding.show_hover
        return len(self._shown) / seconds

    def _circle(self, end: float) -> None:
        angle = 0.0
        while time.perf_counter() < end:
            angle += 0.05
            row, col = 512 + 300 * np.sin(angle), 512 + 300 * np.cos(angle)
            self.window.mouse("MouseMove", row, col)
            pause = time.perf_counter() + 1 / 60
            while time.perf_counter() < pause:
                self.window.turn()

    def _warm(self) -> bool:
        self.window.mouse("MouseMove", 500 + np.random.default_rng().random(), 500)
        return bool(self._shown)


def image(seed: int) -> Any:
    from napari_sam.synthetic import draw_scene

    scene = draw_scene(seed, size=SIDE, kind=KIND)
    return scene.image.mean(-1).astype(np.float32)


def times(name: str, found: Sequence[float | None]) -> None:
    seconds = [s for s in found if s is not None]
    middle, most = np.percentile(np.array(seconds) * 1000, (50, 95))
    print(f"{name:<44} {middle:7.0f} ms {most:7.0f} ms  ({len(seconds)})", flush=True)


def measure(name: str, backend: Any, *, clicks: int, cold: int) -> None:
    window = Window(backend)
    rng = np.random.default_rng(0)
    first = []
    for seed in range(cold):
        window.show(image(seed))
        first.append(window.click(*rng.uniform(150, 850, 2)))
    if cold > 1:
        times(f"{name}, first click", first)
    pulse = Pulse()
    later = [window.click(*rng.uniform(150, 850, 2)) for _ in range(clicks)]
    times(f"{name}, next clicks", later)
    print(f"{name}, longest pause between clicks: {1000 * pulse.longest:.0f} ms")
    pulse.reset()
    print(
        f"{name}, hover: {HoverCount(window).per_second(4):.0f} masks a second",
        flush=True,
    )
    print(f"{name}, longest pause while hovering: {1000 * pulse.longest:.0f} ms")
    window.viewer.window._qt_window.hide()
    window.turn()
    pulse.reset()
    hover(f"{name}, hover, window hidden", window)
    print(f"{name}, longest pause, window hidden: {1000 * pulse.longest:.0f} ms")
    window.close()


def hover(name: str, window: Window) -> None:
    masks = HoverCount(window).per_second(4)
    print(f"{name}: {masks:.0f} masks a second", flush=True)


def pauses() -> None:
    from napari_sam.testing import ThresholdBackend

    for name, backend in (
        ("a model that sleeps for 5 s", Slow(ThresholdBackend(working_size=SIDE), 5)),
        ("pocket", pocket()),
    ):
        window = Window(backend)
        window.show(image(50))
        pulse = Pulse()
        window.click(500, 500)
        print(
            f"longest pause while {name} encodes and decodes: "
            f"{1000 * pulse.longest:.0f} ms",
            flush=True,
        )
        window.close()


def beside() -> None:
    """Clicks beside open prompts of other objects, and commits."""
    from napari_sam import Address, Prompts
    from napari_sam.testing import ThresholdBackend

    window = Window(ThresholdBackend(working_size=SIDE))
    squares = np.zeros((SIDE, SIDE), np.uint8)
    for row, col in product(range(600, 960, 30), range(500, 900, 100)):
        squares[row - 6 : row + 6, col - 6 : col + 6] = 200
    window.show(squares)
    grid = list(product(range(4, 484, 8), range(4, 404, 8)))
    for k, count in enumerate((0, 200, 1000, 3000)):
        others = {Address(0, 1000 + i): Prompts.point(*grid[i]) for i in range(count)}
        window.annotator.session.replace_prompts(others)
        rows = range(600, 960, 30)
        found = [blocked(window, row, 500 + 100 * k) for row in rows][2:]
        clicked, committed = (1000 * median(some) for some in zip(*found, strict=True))
        print(
            f"beside {count} open prompts: click {clicked:.1f} ms, "
            f"commit {committed:.1f} ms; napari alone adds a point in "
            f"{1000 * napari_alone(count):.1f} ms",
            flush=True,
        )
    window.close()


def napari_alone(count: int) -> float:
    """Return the seconds in which napari adds a point to so many, without our dock."""
    import napari

    viewer, taken = napari.Viewer(show=False), []
    viewer.add_image(np.zeros((SIDE, SIDE), np.uint8))
    table = {name: np.zeros(count, np.int64) for name in ("object", "order")}
    points = np.random.default_rng(0).random((count, 2)) * SIDE
    layer = viewer.add_points(points, ndim=2, features=table, border_width=0.15)
    for row in range(15):
        start = time.perf_counter()
        layer.add([[row, row]])
        taken.append(time.perf_counter() - start)
    viewer.close()
    return median(taken)


def blocked(window: Window, row: float, col: float) -> tuple[float, float]:
    """Return the seconds in which the window's thread takes a click and a commit.

    Without what the model takes, and without drawing.
    """
    session = window.annotator.session
    session.next_object()
    window.turn()
    start = time.perf_counter()
    window.press(row, col)
    clicked = time.perf_counter() - start
    window.wait(lambda: session.preview is not None)
    for _ in range(5):
        window.turn()
    start = time.perf_counter()
    window.key("K")
    return clicked, time.perf_counter() - start


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    given.add_argument("--clicks", type=int, default=30)
    given.add_argument("--beside", action="store_true", help="only this part")
    options = given.parse_args()
    with screen():
        beside()
        if not options.beside:
            measure("pocket", pocket(), clicks=options.clicks, cold=5)
            vit = AboutHalf(vit_b())
            measure("ViT-B, random weights", vit, clicks=options.clicks, cold=1)
            pauses()


def pocket() -> Any:
    return ModelPool().open("pocket", checkpoint=None, device="cpu", precision="auto")


def vit_b() -> Any:
    import torch

    from napari_sam.models.config import SamConfig
    from napari_sam.models.sam import build_sam

    with tempfile.TemporaryDirectory() as here:
        path = f"{here}/vit_b.pth"
        torch.save(build_sam(SamConfig.vit_b()).state_dict(), path)
        return ModelPool().open(
            "vit_b", checkpoint=path, device="cpu", precision="auto"
        )


if __name__ == "__main__":
    main()
