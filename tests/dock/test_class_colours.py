"""Classes in the dock: a button names the rest, and objects take their colour."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.utils.colormaps.standardize_color import transform_color
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_sam import Address
from napari_sam.annotator.colours import HOVER, OBJECT_COLOURS, PREVIEW, lab
from napari_sam.annotator.commands import COMMANDS
from napari_sam.annotator.scripted_view import ImmediateExecutor
from napari_sam.apps.dock.class_colours import colormap_of
from napari_sam.apps.dock.controller import DockController
from napari_sam.apps.dock.panels.command_buttons import CommandButtons
from napari_sam.apps.dock.panels.object_model import CLASS
from napari_sam.apps.dock.panels.objects import ObjectsPanel
from napari_sam.core.mask import Mask
from napari_sam.testing import ThresholdBackend

from .buttons import press


@pytest.fixture
def panel(monkeypatch, qtbot):
    """Four squares and four bars in the labels of an image in a viewer."""
    monkeypatch.setattr(
        "napari_sam.annotator.models.ModelPool.open",
        lambda *_, **__: ThresholdBackend(),
    )
    controller = DockController(ViewerModel(), ImmediateExecutor())
    keys = {command.id: command.key for command in COMMANDS}
    made = ObjectsPanel(controller, CommandButtons(controller.annotator, keys))
    qtbot.addWidget(made)
    controller.annotator.models.use("pocket")
    pixels, masks = np.zeros((48, 64), np.uint8), {}
    for k in range(8):
        shape, left = ((4, 4), 2) if k < 4 else ((3, 30), 20)
        masks[Address(0, k + 1)] = Mask.from_array(
            np.ones(shape, bool), top=10 * (k % 4), left=left
        )
        pixels[masks[Address(0, k + 1)].region.slices] = 200
    controller.open(controller.viewer.add_image(pixels))
    controller.annotator.session.add_masks(masks)
    QApplication.processEvents()
    yield made
    controller.close()


def colours(panel):
    layer = panel._controller.binding.labels
    return [tuple(np.round(layer.get_color(i), 3)) for i in range(1, 9)]


def name_two(panel):
    editing = panel._controller.annotator.editing
    editing.set_info(1, category="square")
    editing.set_info(5, category="bar")
    QApplication.processEvents()


def test_the_button_names_the_rest_and_a_guess_leans(panel):
    name_two(panel)
    press(panel.classify)
    index = [panel.model.index(i, CLASS) for i in range(8)]
    assert [i.data() for i in index] == ["square"] * 4 + ["bar"] * 4
    leaning = [i.data(Qt.ItemDataRole.FontRole).italic() for i in index]
    assert leaning == [False, True, True, True] * 2
    assert "square by its looks" in index[1].data(Qt.ItemDataRole.ToolTipRole)
    for i, name in ((1, "round"), (2, "square")):
        panel.model.setData(index[i], name, Qt.ItemDataRole.EditRole)
        QApplication.processEvents()
        assert not index[i].data(Qt.ItemDataRole.FontRole).italic()


def test_objects_of_a_class_have_one_colour_as_long_as_that_is_wanted(panel):
    before = colours(panel)
    assert panel.by_class.isHidden()
    name_two(panel)
    assert not panel.by_class.isHidden()
    panel.by_class.setChecked(True)
    assert len(set(colours(panel))) == 3, "two classes, and grey"
    press(panel.classify)
    now = colours(panel)
    assert len(set(now[:4])) == len(set(now[4:])) == 1
    assert now[0] != now[4]
    panel.by_class.setChecked(False)
    assert colours(panel) == before


def test_classes_have_other_colours_than_outlines():
    colours = colormap_of(dict(enumerate("abcdefgh", 1))).color_dict
    classes = np.array([colours[i][:3] for i in range(1, 9)]) * 255
    assert classes[0].tolist() == classes[7].tolist(), "they begin again"
    outlines = [transform_color(one)[0][:3] * 255 for one in (PREVIEW, HOVER)]
    apart = np.linalg.norm(lab(classes)[:, None] - lab(outlines), axis=2)
    assert apart.min() > 25
    assert apart[:, 0].min() > 40, "least of all like the mask that is being made"


def test_colours_of_objects_differ():
    found = lab(OBJECT_COLOURS)
    apart = np.linalg.norm(found[:, None] - found, axis=2)
    assert apart[np.triu_indices(len(found), 1)].min() > 30
    # Lightness and hue of pure red, as colorimetry has them.
    np.testing.assert_allclose(lab([(255, 0, 0)]), [[53.2, 80.1, 67.2]], atol=0.2)


def test_another_image_begins_with_its_usual_colours(panel):
    name_two(panel)
    panel.by_class.setChecked(True)
    controller = panel._controller
    controller.open(controller.viewer.add_image(np.zeros((48, 64), np.uint8)))
    assert not panel.by_class.isChecked()
    assert not controller.binding.label_layer.shows_classes
