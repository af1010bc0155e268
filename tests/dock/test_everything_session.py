"""Everything, as a person works: find, move sliders, reject, accept, correct, export.

On three images of the data beside the repository where that is there, else on drawn
ones, with the model that ships. ``NAPARI_SAM_PICTURES=FOLDER`` keeps pictures of it.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from imageio.v3 import imread
from qtpy.QtWidgets import QScrollArea

from napari_sam.apps.dock.widget import SegmentWidget
from napari_sam.evaluation.instance_accuracy import instance_accuracy
from napari_sam.io import read_label_image
from napari_sam.synthetic import draw_scene

from .buttons import press

DATA = Path(__file__).parents[3] / "shared" / "data" / "nuclei2d"
#: Fluorescent nuclei, few and many, and stained tissue.
NAMES = ("dsb_083", "dsb_037", "dsb_026")


def image_of(name):
    """Pixels and true labels."""
    if (DATA / "images").is_dir():
        labels = imread(DATA / "labels" / f"{name}.png")
        return imread(DATA / "images" / f"{name}.png"), labels
    rng = np.random.default_rng(NAMES.index(name))
    scene = draw_scene(rng, size=256, kind="nuclei")
    return scene.image, scene.labels


def picture(viewer, widget, name):
    folder = os.environ.get("NAPARI_SAM_PICTURES")
    if folder:
        for area in widget.findChildren(QScrollArea):
            area.ensureWidgetVisible(widget.everything.accept)
        viewer.screenshot(str(Path(folder) / f"{name}.png"), canvas_only=False)


@pytest.mark.parametrize("name", NAMES)
def test_an_image_from_everything_to_labels_in_a_file(
    make_napari_viewer, hand, until, tmp_path, name
):
    pixels, true = image_of(name)
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1400, 900)
    viewer.add_image(pixels, rgb=pixels.ndim == 3, name=name)
    widget = SegmentWidget(viewer)
    viewer.window.add_dock_widget(widget, name="Segment Anything")
    viewer.reset_view()
    annotator = widget.controller.annotator
    until(lambda: annotator.has_model)
    everything, session = annotator.everything, annotator.session

    press(widget.everything.run)
    until(lambda: everything.frame is not None)
    found = everything.count
    assert found > 0.5 * len(np.unique(true)[1:])
    picture(viewer, widget, f"{name}-found")

    begun = []
    run = everything._workspace.tasks.run
    everything._workspace.tasks.run = lambda *a: (begun.append(a[0]), run(*a))
    widget.everything.score.setValue(80)
    fewer = everything.count
    widget.everything.filters.container["smallest"].value = 30
    widget.everything.score.setValue(30)
    assert fewer < everything.count <= found
    assert not begun  # sliders wait for nothing
    widget.everything.split.setValue(10)
    until(lambda: begun and everything.frame is not None)

    mouse = hand(viewer)
    press(widget.everything.reject)
    wrong = everything.masks[0]
    before = everything.count
    mouse.click(*wrong.point)
    until(lambda: everything.count == before - 1)
    press(widget.everything.accept)
    until(lambda: len(session.objects) == before - 1)
    accepted = np.array(session.labels)
    picture(viewer, widget, f"{name}-accepted")

    row, col = wrong.point  # what was rejected is segmented by a click after all
    widget.controller.binding.use_tool("point")
    mouse.click(row, col)
    until(lambda: session.preview is not None)
    annotator.commits.commit()
    until(lambda: len(session.objects) == before)
    annotator.undo()
    np.testing.assert_array_equal(np.asarray(session.labels), accepted)
    annotator.redo()
    picture(viewer, widget, f"{name}-corrected")

    path = tmp_path / "labels.tif"
    widget.dialogs.path_to_save = lambda start, formats: path
    press(widget.save.labels)
    until(lambda: not widget.save.unsaved and path.exists())
    written = np.asarray(read_label_image(path).data)
    np.testing.assert_array_equal(written, np.asarray(session.labels))
    assert instance_accuracy(written, np.asarray(true)).f1 > 0.35
