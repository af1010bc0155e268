"""How smoothly a movie plays in napari while objects are propagated in it.

    python benchmarks/playing.py [--objects 10] [--interval 50] [--bare]

A real viewer with the dock, and `pocket` in a process of its own; a movie of 60 frames
of 512 x 512 pixels with discs. A timer moves napari's slider on by a frame, and the
window is drawn. What is told is the time between two frames that were drawn, in
milliseconds, and what the thread of the window has computed in it: as the movie plays
before objects are propagated, while they are, and when all frames have labels.
With ``--bare``, in napari without the dock.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from _window import Window, screen
from track import Discs

from napari_sam import Address
from napari_sam.annotator.models import ModelPool
from napari_sam.core.mask import Mask

if TYPE_CHECKING:
    from collections.abc import Callable

FRAMES, SIDE = 60, 512
#: Seconds that the movie plays before and after; 2 s before that are not counted.
_ALONE = 6.0


class Player:
    """Moves the slider of a viewer on, and notes when frames are drawn."""

    def __init__(self, viewer: Any, interval: int) -> None:
        from qtpy.QtCore import QTimer

        self._viewer, self._drawn = viewer, []
        self._is_due = False
        viewer.window._qt_viewer.canvas.events.draw.connect(self._on_draw)
        self._timer = QTimer()
        self._timer.timeout.connect(self._step)
        self._timer.start(interval)

    def between(self, turn: Callable[[], object], goes_on: Callable[[], bool]) -> Any:
        """Play while something goes on; return ms between frames, and computing."""
        self._drawn.clear()
        while goes_on():
            turn()
        return 1000 * np.diff(self._drawn, axis=0)

    def stop(self) -> None:
        self._timer.stop()

    def _step(self) -> None:
        at = self._viewer.dims.current_step[0]
        self._is_due = True
        self._viewer.dims.set_current_step(0, (at + 1) % FRAMES)

    def _on_draw(self, _: Any) -> None:
        if self._is_due:
            self._drawn.append((time.perf_counter(), time.thread_time()))
            self._is_due = False


def lasting(seconds: float) -> Callable[[], bool]:
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() < end


def report(what: str, between: Any) -> None:
    print(f"{what:12} {len(between):5} frames", end="")
    for name, times in zip(("between", "computing"), between.T, strict=True):
        median, late = np.percentile(times, (50, 95))
        print(f", {name} {median:.0f} / {late:.0f} / {times.max():.0f} ms", end="")
    print(flush=True)


def with_dock(window: Window, movie: Discs, pixels: Any, interval: int) -> None:
    annotator, count = window.annotator, len(movie.places)
    layer = window.viewer.add_image(pixels, axis_labels=("t", "y", "x"))
    window.wait(lambda: window.controller.layer is layer)
    window.wait(lambda: annotator.has_model)
    labels = movie.labels(0)
    masks = {Address(0, i + 1): Mask.from_label(labels, i + 1) for i in range(count)}
    annotator.session.add_masks(masks)
    window.viewer.dims.set_current_step(0, 0)
    player = Player(window.viewer, interval)
    print("median / 95 % are below / longest")
    player.between(window.turn, lasting(2))
    report("before", player.between(window.turn, lasting(_ALONE)))
    began = time.perf_counter()
    annotator.propagation.propagate()
    running = lambda: annotator.propagation.is_running  # noqa: E731
    report("propagating", player.between(window.turn, running))
    print(f"{count} objects in {time.perf_counter() - began:.1f} s")
    player.between(window.turn, lasting(1))
    report("after", player.between(window.turn, lasting(_ALONE)))
    player.stop()


def bare(pixels: Any, interval: int) -> None:
    import napari
    from qtpy.QtWidgets import QApplication

    viewer = napari.Viewer(show=True)
    viewer.window.resize(1300, 900)
    viewer.add_image(pixels, axis_labels=("t", "y", "x"))
    viewer.add_labels(np.zeros(pixels.shape, np.uint32))
    player = Player(viewer, interval)

    def turn() -> None:
        QApplication.processEvents()
        time.sleep(0.0005)

    player.between(turn, lasting(2))
    report("napari alone", player.between(turn, lasting(_ALONE)))
    player.stop()
    viewer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--objects", type=int, default=10)
    parser.add_argument("--interval", type=int, default=50, help="milliseconds")
    parser.add_argument("--bare", action="store_true")
    given = parser.parse_args()
    movie = Discs(given.objects, FRAMES, SIDE)
    pixels = np.stack([movie[(frame,)] for frame in range(FRAMES)])
    with screen():
        if given.bare:
            bare(pixels, given.interval)
            return
        window = Window(ModelPool().open("pocket"))
        with_dock(window, movie, pixels, given.interval)
        window.close()


if __name__ == "__main__":
    main()
