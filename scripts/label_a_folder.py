"""A folder labelled, reviewed and exported in napari by events; makes pictures.

    python scripts/label_a_folder.py [--into FOLDER] [--folder IMAGES]

Makes docs/images/napari-label.png, napari-review.png and napari-label-result.png of
three images of coins, and prints the seconds that each step took. With ``--folder`` it
does the same with images of yours: the largest objects of the first one are called
large and the smallest ones small; nothing is written beside them. Needs a screen, as
scripts/screenshots.py does, and fails if something does not work as docs/label.md says.
"""

import argparse
import os
import platform
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

IMAGES = Path(__file__).parents[1] / "docs" / "images"
#: Objects of each class that are named, and objects that are reviewed.
NAMED, REVIEWED = 2, 10


def draw_coins(folder):
    """Write three images: the coins of scikit-image, mirrored, and upside down."""
    from skimage.data import coins
    from skimage.io import imsave

    folder.mkdir()
    plane = coins()
    turned = {"coins": plane, "mirrored": plane[:, ::-1], "turned": plane[::-1]}
    for name, pixels in turned.items():
        imsave(folder / f"{name}.png", pixels, check_contrast=False)
    return folder


class Labelling:
    """What a person does in *Label a folder* and in the review."""

    def __init__(self, me, output):
        self.me, self.dock, self.output = me, me.dock, output
        self.annotator = me.dock.controller.annotator
        self.seconds = {}

    @contextmanager
    def step(self, name):
        """Measure a step."""
        began = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - began
        print(f"{name}: {self.seconds[name]:.1f} s", flush=True)

    def press(self, button):
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        self.me.until(button.isEnabled, button.text())
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def key(self, letter):
        """Press a key in the review, and wait for its answer."""
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        QTest.keyClick(self.review, getattr(Qt.Key, f"Key_{letter}"))
        self.rested()

    def rested(self):
        queue = self.review.queue
        self.me.until(lambda: not queue._is_busy and not queue._waiting, "the review")

    def begin(self, image):
        """Find all objects of an image, and name the class of a few."""
        everything = self.annotator.everything
        with self.step("open an image, with its model"):
            self.me.viewer.open(image)
            self.me.until(lambda: self.annotator.has_model, "the model")
        with self.step("find all of its objects, and accept them"):
            self.press(self.dock.everything.run)
            self.me.until(lambda: everything.masks, "all objects", patience=300)
            self.press(self.dock.everything.accept)
            self.me.until(lambda: self.me.session.objects, "the objects")
        self.me.rest()
        labels = self.me.session.labels
        numbers, areas = np.unique(labels[labels > 0], return_counts=True)
        order = [int(number) for number in numbers[np.argsort(areas)]]
        for name, some in (("small", order[:NAMED]), ("large", order[-NAMED:])):
            for number in some:
                self.annotator.editing.set_info(number, category=name)

    def label(self):
        """Label the folder; the review opens."""
        from napari_sam.apps.dock.review_widget import review_of

        panel = self.dock.folder
        for other in (self.dock.prompts, self.dock.everything):
            other.title.click()
        panel.title.click()
        assert panel.folder.text()
        panel.target.setText(str(self.output))
        self.me.rest()
        panel.parentWidget().parentWidget().parentWidget().ensureWidgetVisible(panel)
        self.me.shot("label")
        with self.step("label the folder"):
            self.press(panel.run)
            ready = self.output / "dataset.json"
            self.me.until(ready.exists, "the data set", patience=500)
            self.review = review_of(self.me.viewer)
            self.me.until(lambda: self.review.queue.current is not None, "the review")
        self.rested()

    def decide(self):
        """Accept objects, and open the image of the next one."""
        with self.step(f"{REVIEWED} objects reviewed"):
            for _ in range(REVIEWED):
                self.key("A")
        self.me.shot("review")
        with self.step("one opened in its image"):
            self.key("C")
            self.me.until(lambda: self.review.edited.is_open, "the image")
            self.me.until(lambda: self.annotator.has_model, "the model")
        self.dock.objects.by_class.setChecked(True)
        self.me.rest(1)
        self.me.shot("label-result")

    def export(self):
        """Write COCO and YOLO, and open the data set once more."""
        from napari_sam.datasets import read_labelled_images

        panel = self.review.export
        for index, name in enumerate(("COCO", "YOLO")):
            panel.format.setCurrentIndex(index)
            target = self.output.with_name(f"{self.output.name}-{name.lower()}")
            self.review.dialogs.new_folder = lambda _, target=target: target
            with self.step(f"exported as {name}"):
                self.press(panel.run)
                self.me.until(lambda: "objects of" in panel.said.text(), name)
            print(panel.said.text())
            panel.said.setText("")
            found = read_labelled_images(target)
            print(f"{sum(len(one.truth.categories) for one in found)} read again")
        with self.step("opened again"):
            self.review.open(self.output)
            self.rested()
        print(self.review.queue.page.text)
        assert self.review.queue.page.counts["accepted"] >= REVIEWED

    def end(self):
        self.review.close()
        self.me.session.mark_saved()
        self.dock.end()
        self.me.viewer.close()


def run(me, folder, output):
    """Do everything that docs/label.md tells."""
    hand = Labelling(me, output)
    hand.begin(min(path for path in folder.iterdir() if path.is_file()))
    hand.label()
    hand.decide()
    hand.export()
    hand.end()
    print(f"{platform.machine()}, {os.cpu_count()} cores")
    print("| step | seconds |\n|---|---|")
    for name, seconds in hand.seconds.items():
        print(f"| {name} | {seconds:.1f} |")


def main():
    """Label in a fresh home."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, help="the folder of the pictures")
    parser.add_argument("--folder", type=Path, help="images of yours")
    given = parser.parse_args()
    if given.folder and not given.into:
        parser.error("--folder needs --into: its pictures are not those of docs/")
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(
            NAPARI_CONFIG=f"{home}/settings.yaml",
            NAPARI_SAM_HOME=f"{home}/home",
            NAPARI_SAM_OFFLINE="1",
        )
        from screenshots import Newcomer

        folder = given.folder or draw_coins(Path(home, "coins"))
        output = Path(home, f"{folder.name}-labelled")
        run(Newcomer(Path(home), given.into or IMAGES), folder, output)


if __name__ == "__main__":
    main()
