"""The dock in motion: clicks, masks, and a movie; makes docs/images/moving.webp.

    python scripts/moving_picture.py [PICTURE]

Cells of a drawn time-lapse are clicked on, committed by K, and propagated, all by
events in a real window. Needs a screen, as scripts/screenshots.py does. The README has
the same with fewer and smaller frames, docs/images/moving-small.webp.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

sys.path.append(str(Path(__file__).parent))

from screenshots import Newcomer
from track_a_movie import Tracking, middle

from napari_sam.synthetic import draw_timelapse

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "moving.webp"
#: No cell divides so early: that takes a person (docs/tracking.md).
SEED, FRAMES = 7, 8
#: Columns of the pictures, and milliseconds of a short step, a look and the end.
WIDE, NARROW, STEP, LOOK, END = 880, 640, 60, 500, 2500
#: The outline of a mouse pointer, (x, y).
ARROW = [(0, 0), (0, 21), (5, 16), (9, 24), (13, 22), (9, 15), (16, 15)]


class Film(Newcomer):
    """A newcomer who is filmed: pictures of the window, and a pointer on them."""

    def __init__(self, folder: Path, into: Path):
        super().__init__(folder, into)
        self.frames: list[tuple[Image.Image, int]] = []
        self.pointer = (500, 700)

    def until(self, true, what, patience=900):
        """Wait: the machine may be busy, and the film is not."""
        super().until(true, what, patience)

    def look(self, duration=LOOK):
        """Take a picture of the window as it is."""
        self.rest(0.1)
        picture = self.viewer.screenshot(canvas_only=False, flash=False)
        self.window = Image.fromarray(picture[..., :3])
        self.show(duration)

    def show(self, duration):
        """Add what was last taken, with the pointer where it is now."""
        frame = self.window.copy()
        x, y = self.pointer
        outline = [(x + dx, y + dy) for dx, dy in ARROW]
        ImageDraw.Draw(frame).polygon(outline, fill="white", outline="black")
        self.frames.append((frame, duration))

    def glide(self, x, y, steps=5):
        """Move the pointer to a place in the window."""
        start = np.array(self.pointer)
        for part in np.linspace(0, 1, steps + 1)[1:]:
            eased = 3 * part**2 - 2 * part**3
            self.pointer = tuple(start + eased * (np.array([x, y]) - start))
            self.show(STEP)

    def in_window(self, row, col):
        """Return the place in the window of a place in the image."""
        from qtpy.QtCore import QPoint

        camera = self.viewer.scene.camera
        shift = (np.array((row, col)) - camera.center[-2:]) * camera.zoom
        centre = self.canvas.height() / 2, self.canvas.width() / 2
        down, right = shift + np.array(centre)
        window = self.viewer.window._qt_window
        place = self.canvas.mapTo(window, QPoint(round(right), round(down)))
        return place.x(), place.y()

    def save(self, path: Path, *, wide: int, every: int = 1):
        """Save the film; of long runs of short steps, some may be left out."""
        kept = [f for k, f in enumerate(self.frames) if f[1] >= LOOK or k % every == 0]
        high = round(wide * kept[0][0].height / kept[0][0].width)
        small = [f.resize((wide, high), Image.Resampling.LANCZOS) for f, _ in kept]
        durations = [t if t >= LOOK else t * every for _, t in kept]
        small[0].save(
            path, save_all=True, append_images=small[1:], duration=durations,
            loop=0, quality=62, method=4, kmin=9, kmax=17,
        )  # fmt: skip
        print(path, len(small), "frames,", path.stat().st_size // 1000, "kB")


def film(me: Film):
    """Click on cells of the first frame, propagate them, and play the movie."""
    drawn = draw_timelapse(SEED, frames=FRAMES)
    me.viewer.add_image(
        drawn.image, name="cells", axis_labels=("t", "y", "x"), colormap="gray"
    )
    hand = Tracking(me)
    for panel in (me.dock.prompts, me.dock.everything):
        panel.title.click()
    me.until(lambda: hand.annotator.has_model, "the model")
    hand.go(0)
    me.viewer.window._qt_viewer.dockLayerControls.setVisible(False)
    me.rest()
    me.viewer.scene.camera.zoom *= 1.45
    me.look()
    first = drawn.labels[0]
    for number in range(1, 6):
        place = middle(first == number)
        me.glide(*me.in_window(*place))
        me.click(*place)
        me.masked()
        me.look()
        me.press("K")
        me.look(STEP * 3)
    propagate(me, hand)
    frames = hand.annotator.timeline.length
    for frame in range(frames):
        me.viewer.dims.set_point(0, frame * me.viewer.dims.range[0].step)
        me.look(STEP * 4)
    me.show(END)
    me.session.mark_saved()
    me.dock.end()
    me.viewer.close()


def propagate(me: Film, hand: Tracking):
    """Press Propagate, and look on while it runs."""
    from qtpy.QtCore import QPoint

    button = hand.panel.run
    window = me.viewer.window._qt_window
    place = button.mapTo(window, QPoint(button.width() // 2, button.height() // 2))
    me.glide(place.x(), place.y(), steps=8)
    hand.press(button)
    for share in (20, 50, 80):
        me.until(lambda s=share: hand.panel.bar.value() >= s or hand.said, "progress")
        me.look()
    hand.finished()
    me.look()


def main(picture: Path):
    """Film in a fresh home."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(
            NAPARI_CONFIG=f"{folder}/settings.yaml",
            NAPARI_SAM_HOME=f"{folder}/home",
            NAPARI_SAM_OFFLINE="1",
        )
        me = Film(Path(folder), picture.parent)
        film(me)
        me.save(picture, wide=WIDE)
        me.save(picture.with_name("moving-small.webp"), wide=NARROW, every=2)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE)
