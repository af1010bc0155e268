"""From a click in napari to the mask on the screen.

    python benchmarks/interaction.py [--clicks 30]

A real viewer with our dock widget, on the screen there is, or on one that nobody sees
(Xvfb; drawing is then done by the CPU). The mouse is Qt's own events on the canvas.
An image of 1024 x 1024 pixels; "first click" is on an image that the model has not
looked at, "next clicks" on one that it has. From the press of the button to the first
drawing of the canvas that has the mask. "Hover": how many masks a second follow the
mouse, and how many do in a hidden window, as where a graphics card does the drawing.
"Longest pause": how long the window did not react, while a model that sleeps for five
seconds encodes and then decodes, while `pocket` encodes, and between clicks.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

os.environ.setdefault("QT_API", "pyside6")
os.environ.setdefault("LIBGL_ALWAYS_SOFTWARE", "1")
os.environ["NAPARI_SAM_HOME"] = tempfile.mkdtemp()

import numpy as np

from napari_sam.annotator import models as loading

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SIDE = 1024
PATIENCE = 60.0
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


class Window:
    """A viewer with our widget, and a mouse."""

    def __init__(self, backend: Any) -> None:
        import napari

        from napari_sam.apps.dock.widget import SegmentWidget

        loading.open_model = lambda *_, **__: backend
        self.viewer = napari.Viewer(show=True)
        self.widget = SegmentWidget(self.viewer)
        self.viewer.window.add_dock_widget(self.widget, area="right")
        self.viewer.window.resize(1300, 900)
        self.controller = self.widget.controller
        self.canvas = self.viewer.window._qt_viewer.canvas
        self.drawn_at, self._is_due = 0.0, False
        self.canvas.events.draw.connect(self._on_draw)

    def show(self, pixels: Any) -> None:
        layer = self.viewer.add_image(pixels)
        self.controller.open(layer)
        self.wait(lambda: self.controller.annotator.has_model)
        for _ in range(20):
            self.turn()

    def click(self, row: float, col: float) -> float | None:
        """Return the seconds until the mask of a new object is drawn; None if empty."""
        session = self.controller.annotator.session
        session.next_object()
        self.turn()
        session.preview_changed.connect(self._on_preview)
        start = time.perf_counter()
        self._mouse("MouseButtonPress", row, col, pressed=True)
        self._mouse("MouseButtonRelease", row, col)
        self.wait(lambda: session.preview is not None)
        drawn = bool(session.preview.area)
        self.wait(lambda: self.drawn_at > start or not drawn)
        session.preview_changed.disconnect(self._on_preview)
        return self.drawn_at - start if drawn else None

    def hover(self, seconds: float) -> float:
        """Return how many masks a second are shown while the mouse moves."""
        self.controller.annotator.session.next_object()
        shown: list[float] = []
        binding = self.controller.binding
        show = binding.show_hover

        def counted(mask: Any) -> None:
            if mask is not None:
                shown.append(time.perf_counter())
            show(mask)

        binding.show_hover = counted
        self.controller.annotator.hover.on = True
        self._mouse("MouseMove", 500, 500)
        self.wait(lambda: self._warm(shown))
        shown.clear()
        end = time.perf_counter() + seconds
        angle = 0.0
        while time.perf_counter() < end:
            angle += 0.05
            self._mouse(
                "MouseMove", 512 + 300 * np.sin(angle), 512 + 300 * np.cos(angle)
            )
            pause = time.perf_counter() + 1 / 60
            while time.perf_counter() < pause:
                self.turn()
        self.controller.annotator.hover.on = False
        binding.show_hover = show
        return len(shown) / seconds

    def _warm(self, shown: list[float]) -> bool:
        self._mouse("MouseMove", 500 + np.random.default_rng().random(), 500)
        return bool(shown)

    def wait(self, done: Callable[[], bool]) -> None:
        end = time.perf_counter() + PATIENCE
        while not done():
            if time.perf_counter() > end:
                raise TimeoutError("Nothing came.")
            self.turn()

    def turn(self) -> None:
        from qtpy.QtWidgets import QApplication

        QApplication.processEvents()
        time.sleep(0.0005)

    def close(self) -> None:
        self.widget.end()
        self.viewer.close()
        for _ in range(20):
            self.turn()

    def _on_preview(self, preview: Any) -> None:
        self._is_due = preview is not None

    def _on_draw(self, _: Any) -> None:
        if self._is_due:
            self.drawn_at, self._is_due = time.perf_counter(), False

    def _mouse(
        self, kind: str, row: float, col: float, *, pressed: bool = False
    ) -> None:
        from qtpy.QtCore import QEvent, QPointF, Qt
        from qtpy.QtGui import QMouseEvent
        from qtpy.QtWidgets import QApplication

        native, camera = self.canvas.native, self.viewer.scene.camera
        shift = (np.array((row, col)) - camera.center[-2:]) * camera.zoom
        down, right = shift + np.array((native.height(), native.width())) / 2
        here, none = QPointF(float(right), float(down)), Qt.MouseButton.NoButton
        button = none if kind == "MouseMove" else Qt.MouseButton.LeftButton
        event = QMouseEvent(
            getattr(QEvent.Type, kind),
            here,
            native.mapToGlobal(here),
            button,
            button if pressed else none,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(native, event)


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
    print(f"{name}, hover: {window.hover(4):.0f} masks a second", flush=True)
    print(f"{name}, longest pause while hovering: {1000 * pulse.longest:.0f} ms")
    window.viewer.window._qt_window.hide()
    window.turn()
    pulse.reset()
    print(f"{name}, hover, window hidden: {window.hover(4):.0f} masks a second")
    print(f"{name}, longest pause, window hidden: {1000 * pulse.longest:.0f} ms")
    window.close()


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


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    given.add_argument("--clicks", type=int, default=30)
    clicks = given.parse_args().clicks
    with ExitStack() as stack:
        if not os.environ.get("DISPLAY") and os.name == "posix":
            from pyvirtualdisplay import Display

            stack.enter_context(Display(size=(1600, 1200)))
        measure("pocket", pocket(), clicks=clicks, cold=5)
        measure("ViT-B, random weights", AboutHalf(vit_b()), clicks=clicks, cold=1)
        pauses()


_OPEN = loading.open_model


def pocket() -> Any:
    return _OPEN("pocket", checkpoint=None, device="cpu", precision="auto")


def vit_b() -> Any:
    import torch

    from napari_sam.models.config import SamConfig
    from napari_sam.models.sam import build_sam

    with tempfile.TemporaryDirectory() as here:
        path = f"{here}/vit_b.pth"
        torch.save(build_sam(SamConfig.vit_b()).state_dict(), path)
        return _OPEN("vit_b", checkpoint=path, device="cpu", precision="auto")


if __name__ == "__main__":
    main()
