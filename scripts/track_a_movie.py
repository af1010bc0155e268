"""Cells of a movie, tracked in napari by events; makes docs/images/napari-track-*.

    python scripts/track_a_movie.py [--into FOLDER]

Three cells are prompted on the first frame and propagated; a frame on which one of them
has divided is corrected, the other daughter prompted, the division marked, frames are
approved. Needs a screen, as scripts/screenshots.py does, and fails if something does
not work as docs/tracking.md says.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np

IMAGES = Path(__file__).parents[1] / "docs" / "images"
#: The seed of the sample, by which its true labels are drawn again.
SEED = 3


def truth():
    """Return labels of the sample, and a cell of its first frame that divides."""
    from napari_sam.synthetic import draw_timelapse

    drawn = draw_timelapse(SEED)
    first = set(np.unique(drawn.labels[0]).tolist()) - {0}
    mother = min(p for p in drawn.parents.values() if p in first)
    return drawn, mother


def middle(mask):
    """Return the pixel of a mask that is deepest inside of it."""
    from scipy import ndimage

    depth = ndimage.distance_transform_edt(mask)
    return tuple(int(i) for i in np.unravel_index(depth.argmax(), mask.shape))


class Tracking:
    """What a person does in the panel *Track*, with the mouse and by keys."""

    def __init__(self, me):
        self.me, self.dock = me, me.dock
        self.annotator = me.dock.controller.annotator
        self.panel = me.dock.track
        self.said = []
        self.annotator.events.message.connect(lambda _, text: self.said.append(text))

    def press(self, button):
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        self.me.until(button.isEnabled, button.text())
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def choose(self, number, *, more=False):
        """Select the row of an object."""
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        table, keys = self.dock.objects.table, Qt.KeyboardModifier.NoModifier
        keys = Qt.KeyboardModifier.ControlModifier if more else keys
        rows = range(table.model().rowCount())
        index = [table.model().index(row, 0) for row in rows]
        (mine,) = [i for i in index if i.data() == str(number) or i.data() == number]
        table.scrollTo(mine)
        place = table.visualRect(mine).center()
        left = Qt.MouseButton.LeftButton
        QTest.mouseClick(table.viewport(), left, keys, place)
        self.me.rest()

    def go(self, frame):
        self.me.viewer.dims.set_point(0, frame * self.me.viewer.dims.range[0].step)
        self.me.rest()

    def commit(self, mask, beside=None):
        """Click into a mask, and on what is not part of it; press K."""
        self.me.click(*self.world(middle(mask)))
        self.me.masked()
        if beside is not None:
            self.me.click(*self.world(middle(beside)), right=True)
            self.me.masked()
        self.me.press("K")
        self.me.rest()

    def box(self, mask):
        """Draw a box around a mask; press K."""
        rows, cols = np.nonzero(mask)
        corners = [(rows.min(), cols.min()), (rows.max() + 1, cols.max() + 1)]
        middle = tuple(np.mean(corners, axis=0))
        self.dock.prompts.tools.button(1).click()
        path = [self.world(at) for at in (corners[0], middle, corners[1])]
        self.me.drag(*path)
        self.me.masked()
        self.me.press("K")
        self.me.rest()

    def world(self, place):
        return tuple(
            np.array(place) * self.me.viewer.layers["dividing cells"].scale[1:]
        )

    def finished(self):
        """Wait until what is being propagated is in the labels."""
        self.me.until(
            lambda: any(text.startswith("Propagated") for text in self.said),
            "the run",
            patience=300,
        )
        print(self.said[-1])
        self.said.clear()
        self.me.rest()

    def cell(self, number, time):
        return self.panel.strip.center_of(number, time).toPoint()


def overlap(found, true):
    """Return the IoU of two masks."""
    return (found & true).sum() / max((found | true).sum(), 1)


def track(me):
    """Do everything that docs/tracking.md tells."""
    drawn, mother = truth()
    labels, began = drawn.labels, time.monotonic()
    me.viewer.open_sample("napari-sam", "dividing")
    hand = Tracking(me)
    for panel in (me.dock.prompts, me.dock.everything):
        panel.title.click()
    me.until(lambda: hand.annotator.has_model, "the model")
    hand.go(0)
    others = [int(i) for i in np.unique(labels[0]) if i not in (0, mother)][:2]
    for number in (mother, *others):
        hand.commit(labels[0] == number)
    assert sorted(me.session.objects) == [1, 2, 3]
    hand.press(hand.panel.run)
    me.until(lambda: hand.panel.bar.value() > 8, "progress", patience=300)
    me.shot("track-running")
    hand.finished()
    me.press("D", shift=True)
    me.shot("track-review")
    divide(me, hand, drawn, mother)
    print(f"{time.monotonic() - began:.0f} s, with the waiting for the model")
    me.session.mark_saved()
    me.dock.end()
    me.viewer.close()


def divide(me, hand, drawn, mother):
    """Correct the frame on which a cell has divided, and say so."""
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    labels = drawn.labels
    daughters = [d for d, m in drawn.parents.items() if m == mother]
    born = [int(np.flatnonzero((labels == d).any((1, 2)))[0]) for d in daughters]
    start = max(born) + 1
    one, other = (labels[start] == d for d in daughters)
    QTest.mouseClick(
        hand.panel.strip, Qt.MouseButton.LeftButton, pos=hand.cell(1, start)
    )
    me.rest()
    before = me.session.labels[start] == 1
    me.press("C", shift=True)
    hand.box(one)
    hand.finished()
    after = me.session.labels[start] == 1
    print(f"frame {start}: IoU {overlap(before, one):.2f}, {overlap(after, one):.2f}")
    assert overlap(after, one) > max(0.8, overlap(before, one))
    me.shot("track-corrected")
    hand.box(other)
    new = max(me.session.objects)
    hand.choose(new)
    hand.panel.objects.setCurrentIndex(1)
    hand.panel.direction.setCurrentIndex(1)
    hand.press(hand.panel.run)
    hand.finished()
    finish(me, hand, start, new)


def finish(me, hand, start, new):
    """Mark the division, approve frames, and look at the paths."""
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    hand.choose(1)
    hand.choose(new, more=True)
    hand.press(hand.panel.divide)
    family = {e.target for e in me.session.state.edges if e.source == 1}
    assert len(family) == 2
    assert new in family
    strip, left = hand.panel.strip, Qt.MouseButton.LeftButton
    hand.panel.shown.setCurrentIndex(0)
    me.rest()
    QTest.mousePress(strip, left, pos=hand.cell(1, 1))
    for time_ in range(2, start):
        QTest.mouseMove(strip, hand.cell(1, time_))
    QTest.mouseRelease(strip, left, pos=hand.cell(1, start - 1))
    hand.press(hand.panel.approve)
    hand.panel.paths.setChecked(True)
    me.until(lambda: hand.dock.controller.tracks.layer is not None, "paths")
    hand.choose(1)
    hand.go(min(start + 2, hand.annotator.timeline.length - 1))
    me.shot("track-division")
    hand.panel.grab().save(str(me.into / "napari-track-panel.png"))
    files = hand.dock.track_files
    files.title.setChecked(True)
    layers = hand.dock.viewer.layers
    hand.press(files.link)
    me.until(lambda: any(one.name.endswith(": tracks") for one in layers), "linking")
    files.grab().save(str(me.into / "napari-track-link.png"))


def main():
    """Track in a fresh home."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=IMAGES)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(
            NAPARI_CONFIG=f"{folder}/settings.yaml",
            NAPARI_SAM_HOME=f"{folder}/home",
            NAPARI_SAM_OFFLINE="1",
        )
        from screenshots import Newcomer

        track(Newcomer(Path(folder), given.into))


if __name__ == "__main__":
    main()
