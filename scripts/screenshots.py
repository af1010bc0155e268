"""A newcomer's first ten minutes in napari, done by events; makes docs/images/napari-*.

    python scripts/screenshots.py [--into FOLDER]

Needs a screen, e.g. ``xvfb-run -s "-screen 0 1600x1200x24"``. It fails if something
does not work as docs/napari.md says. In between, the process is really killed.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SIZE = (1200, 860)
#: What is clicked at in the coins of scikit-image, in pixels.
COIN, BESIDE, SECOND, BOX = (60, 110), (60, 145), (60, 170), (165, 76, 212, 126)
MORE = [(62, 222), (58, 274), (60, 330), (120, 110), (118, 160), (120, 216)]


class Newcomer:
    """Somebody who clicks, presses keys, and waits until what is promised is there."""

    def __init__(self, folder: Path, into: Path):
        import napari

        self.folder, self.into = folder, into
        self.viewer = napari.Viewer(title="napari")
        self.viewer.window.resize(*SIZE)
        _, self.dock = self.viewer.window.add_plugin_dock_widget(
            "napari-sam", "Segment Anything"
        )
        self.dock.dialogs.path_to_save = lambda start, formats: self.folder / start.name
        self.canvas = self.viewer.window._qt_viewer.canvas.native
        self.rest()

    @property
    def session(self):
        return self.dock.controller.annotator.session

    def rest(self, seconds=0.3):
        from qtpy.QtTest import QTest

        QTest.qWait(int(1000 * seconds))

    def until(self, true, what, patience=60):
        end = time.monotonic() + patience
        while not true():
            if time.monotonic() > end:
                self.shot("failed")
                raise SystemExit(f"waited for {what} in vain")
            self.rest(0.02)

    def click(self, row, col, **how):
        self.drag((row, col), **how)

    def drag(self, *path, right=False):
        from qtpy.QtCore import QEvent, Qt

        none, left = Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton
        button = Qt.MouseButton.RightButton if right else left
        self.hover(*path[0])
        self._send(QEvent.Type.MouseButtonPress, path[0], button, button)
        for position in path[1:]:
            self._send(QEvent.Type.MouseMove, position, none, button)
            self.rest(0.02)
        self._send(QEvent.Type.MouseButtonRelease, path[-1], button, none)

    def hover(self, row, col):
        from qtpy.QtCore import QEvent, Qt

        none = Qt.MouseButton.NoButton
        self._send(QEvent.Type.MouseMove, (row, col), none, none)
        self.rest(0.02)

    def press(self, key, *, ctrl=False, shift=False):
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        held = Qt.KeyboardModifier.NoModifier
        if ctrl:
            held |= Qt.KeyboardModifier.ControlModifier
        if shift:
            held |= Qt.KeyboardModifier.ShiftModifier
        QTest.keyClick(self.canvas, getattr(Qt.Key, f"Key_{key}"), held)

    def masked(self):
        """Wait for a mask."""
        self.until(lambda: self.session.preview is not None, "a mask")
        self.rest()

    def shot(self, name):
        from PIL import Image

        self.rest()
        picture = self.viewer.screenshot(canvas_only=False, flash=False)
        self.into.mkdir(parents=True, exist_ok=True)
        small = in_few_colours(Image.fromarray(picture[..., :3]))
        small.save(self.into / f"napari-{name}.png", optimize=True)

    def _send(self, kind, position, button, buttons):
        from qtpy.QtCore import QPointF, Qt
        from qtpy.QtGui import QMouseEvent
        from qtpy.QtWidgets import QApplication

        camera = self.viewer.scene.camera
        shift = (np.array(position) - camera.center[-2:]) * camera.zoom
        middle = self.canvas.height() / 2, self.canvas.width() / 2
        down, right = np.rint(shift + middle)
        place = QPointF(right, down)
        where = self.canvas.mapToGlobal(place)
        none = Qt.KeyboardModifier.NoModifier
        event = QMouseEvent(kind, place, where, button, buttons, none)
        QApplication.sendEvent(self.canvas, event)


def in_few_colours(picture):
    """Return a picture of 160 colours, in which the rare ones are true as well."""
    from PIL import Image

    pixels = np.asarray(picture).reshape(-1, 3)
    grey = np.ptp(pixels.astype(int), axis=1) < 40
    palette = []
    for some, count in ((pixels[grey], 96), (pixels[~grey], 64)):
        strip = Image.fromarray(some[None]).quantize(count)
        palette += strip.getpalette()[: 3 * count]
    chosen = Image.new("P", (1, 1))
    chosen.putpalette(palette)
    return picture.quantize(palette=chosen, dither=Image.Dither.NONE)


def work(me: Newcomer):
    """Do everything up to the crash."""
    me.shot("start")
    me.viewer.open_sample("napari-sam", "coins")
    me.until(lambda: me.dock.controller.annotator.has_model, "the model")
    me.click(*COIN)
    me.masked()
    me.shot("click")
    before = me.session.preview.area
    me.click(*BESIDE, right=True)
    me.masked()
    print("a click:", before, "pixels; corrected:", me.session.preview.area)
    me.shot("correct")
    me.press("K")
    assert np.unique(me.session.labels).tolist() == [0, 1]

    me.click(*SECOND)
    me.masked()
    me.press("J")
    me.masked()
    me.shot("candidates")
    me.press("J")
    me.press("J")
    me.masked()
    me.press("K")
    kept = me.session.labels.copy()
    me.press("Z", ctrl=True)
    assert np.unique(me.session.labels).tolist() == [0, 1]
    me.press("Z", ctrl=True, shift=True)
    assert np.array_equal(me.session.labels, kept)

    me.dock.prompts.tools.button(1).click()
    top, left, bottom, right = BOX
    me.drag((top, left), ((top + bottom) / 2, (left + right) / 2), (bottom, right))
    me.masked()
    me.shot("box")
    me.press("K")
    many(me)


def many(me: Newcomer):
    """Take points that are there already; name, save, and go on without saving."""
    me.viewer.add_points(MORE, name="my points", size=5, face_color="#f0e442")
    me.dock.batch.title.click()
    me.dock.batch.run.click()
    me.until(lambda: len(me.session.objects) >= 3 + len(MORE), "the batch")
    me.viewer.layers["my points"].visible = False
    controller = me.dock.controller
    controller.annotator.editing.set_info(1, name="first", category="large")
    controller.annotator.editing.set_info(2, category="large")
    controller.annotator.editing.approve(1)
    me.dock.batch.title.click()
    me.dock.prompts.title.click()
    me.rest(0.5)
    me.shot("objects")
    me.dock.prompts.title.click()
    me.dock.save.labels.click()
    me.until(lambda: not me.dock.save.unsaved, "the file")
    assert len(list(me.folder.glob("*.tif"))) == 1

    controller.binding.use_tool("point")
    me.click(120, 270)
    me.masked()
    me.press("K")
    assert controller.annotator.persistence.journal.flush()
    np.save(me.folder / "expected.npy", me.session.labels)
    print("READY", flush=True)
    time.sleep(600)


def restore(me: Newcomer):
    """Come back after the crash."""
    me.viewer.open_sample("napari-sam", "coins")
    me.until(me.dock.recovery.isVisible, "the offer to restore")
    me.until(lambda: me.dock.controller.annotator.has_model, "the model")
    me.shot("restore")
    me.dock.recovery.restore.click()
    expected = np.load(me.folder / "expected.npy")
    me.until(lambda: len(me.session.objects) > 3, "the work of before")
    assert np.array_equal(me.session.labels, expected)
    me.press("Z", ctrl=True)
    assert not np.array_equal(me.session.labels, expected)
    me.press("Z", ctrl=True, shift=True)
    assert np.array_equal(me.session.labels, expected)
    print("restored to the pixel, undo included")
    me.session.mark_saved()
    me.viewer.close()


def measure(me: Newcomer):
    """Measure cells that are drawn, and select one by its point in the plot."""
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest

    from napari_sam.core.address import Address
    from napari_sam.core.mask import Mask
    from napari_sam.synthetic import draw_timelapse

    movie = draw_timelapse(seed=3, frames=16, size=192, cells=4)
    units = ("minute", "micrometer", "micrometer")
    me.viewer.add_image(
        movie.image, scale=(10, 0.65, 0.65), units=units, axis_labels=("t", "y", "x")
    )
    me.until(lambda: me.dock.controller.annotator.has_model, "the model")
    cells = {
        Address(t, int(n)): Mask.from_array(plane == n)
        for t, plane in enumerate(movie.labels)
        for n in np.unique(plane)[1:]
    }
    me.session.add_masks(cells)
    panel, measurements = me.dock.measure, me.dock.controller.annotator.measurements
    for other in (me.dock.prompts, me.dock.everything, panel):
        other.title.click()
    panel.run.click()
    me.until(lambda: panel.plot is not None, "the plot")
    me.rest()
    scrolled = panel.parentWidget().parentWidget().parentWidget()
    scrolled.ensureWidgetVisible(panel.plot)
    row = int(np.flatnonzero(measurements.table["object"] == 2)[5])
    panel.plot.canvas.draw()
    point = measurements.table[["time", "area"]].to_numpy()[row]
    x, y = panel.plot.axes.transData.transform(point)
    place = QPoint(round(x), round(panel.plot.canvas.height() - y))
    QTest.mouseClick(panel.plot.canvas, Qt.MouseButton.LeftButton, pos=place)
    assert measurements.selected == 2
    assert me.viewer.dims.current_step[0] == 5
    scrolled.ensureWidgetVisible(panel.plot)
    me.shot("measure")
    me.session.mark_saved()
    me.viewer.close()


def everything(me: Newcomer):
    """Find all coins at once; nothing is accepted."""
    me.viewer.open_sample("napari-sam", "coins")
    annotator, panel = me.dock.controller.annotator, me.dock.everything
    me.until(lambda: annotator.has_model, "the model")
    me.dock.prompts.title.click()
    panel.run.click()
    me.until(lambda: annotator.everything.masks, "all coins")
    me.rest()
    panel.parentWidget().parentWidget().parentWidget().ensureWidgetVisible(panel.count)
    me.shot("everything")
    annotator.everything.discard()
    me.session.mark_saved()
    me.viewer.close()


def main():
    """Run both halves, each in a process of its own; kill the first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=IMAGES)
    parser.add_argument("--part", choices=("work", "restore", *ALONE))
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.part:
        os.chdir(given.folder)
        parts = {"work": work, "restore": restore, **ALONE}
        parts[given.part](Newcomer(given.folder, given.into))
        return
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "NAPARI_CONFIG": f"{folder}/settings.yaml",
            "NAPARI_SAM_HOME": f"{folder}/home",
            "NAPARI_SAM_OFFLINE": "1",
        }
        command = [sys.executable, __file__, "--into", given.into.absolute()]
        command += ["--folder", folder, "--part"]
        with subprocess.Popen(
            [*command, "work"], env=environment, stdout=subprocess.PIPE, text=True
        ) as working:
            for line in working.stdout:
                print(line, end="")
                if line == "READY\n":
                    working.send_signal(signal.SIGKILL)
        if working.returncode != -signal.SIGKILL:
            raise SystemExit("the work did not come to its crash")
        for part in ("restore", *ALONE):
            subprocess.run([*command, part], env=environment, check=True)


#: Parts that need no other.
ALONE = {"measure": measure, "everything": everything}


if __name__ == "__main__":
    main()
