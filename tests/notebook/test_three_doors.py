"""The same prompts through the dock, the notebook and the command line: same bytes."""

import numpy as np
import pytest
from click.testing import CliRunner
from napari.components import ViewerModel
from skimage.data import coins

import napari_sam as sam
from napari_sam.annotator.scripted_view import ImmediateExecutor
from napari_sam.apps.cli import main
from napari_sam.apps.dock.controller import DockController
from napari_sam.apps.notebook.annotation import NotebookAnnotation, OneModel
from napari_sam.core.prompts import codec
from napari_sam.io import write_labels, write_prompts

PROMPTS = {
    sam.Address(0, 1): sam.Prompts.point(130, 48),
    sam.Address(0, 2): sam.Prompts.rectangle(24, 98, 78, 148),
    sam.Address(0, 3): sam.Prompts.point(120, 105).point(150, 105, positive=False),
    sam.Address(0, 4): sam.Prompts.scribble([(45, 222), (55, 230)]),
}


@pytest.fixture(scope="module")
def model():
    return sam.load_backend("pocket")


def by_command_line(folder, pixels):
    write_labels(folder / "coins.tif", pixels)
    write_prompts(folder / "prompts.json", PROMPTS)
    words = ["segment", folder / "coins.tif", "--prompts", folder / "prompts.json"]
    words += ["-o", folder / "line.tif"]
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return folder / "line.tif"


def in_the_dock(folder, pixels, model):
    viewer = ViewerModel()
    controller = DockController(viewer, ImmediateExecutor(), pool=OneModel(model))
    annotator = controller.annotator
    annotator.models.use("pocket")
    controller.open(viewer.add_image(pixels))
    for prompts in PROMPTS.values():
        for item in prompts.items:
            draw_in_layers(controller.binding, item)
        annotator.commits.commit()
    annotator.persistence.save(folder / "dock.tif")
    controller.close()
    return folder / "dock.tif"


def draw_in_layers(binding, item):
    match item:
        case sam.core.prompts.Point(row, col, positive):
            binding.prompts.aim(positive=positive)
            binding.points.add([(row, col)])
        case sam.core.prompts.Box(top, left, bottom, right):
            corners = np.array([(top, left), (bottom, right)]) - 0.5
            binding.shapes.add_rectangles(corners)
        case sam.core.prompts.Scribble(path, _):
            binding.shapes.add_paths(np.array(path))


def in_a_notebook(folder, pixels, model):
    annotation = NotebookAnnotation(pixels, model=model)
    annotation.wait()
    receive = annotation._controller.receive
    for prompts in PROMPTS.values():
        for item in prompts.items:
            receive({"kind": "prompt", "item": codec.to_dict(item)})
        annotation.wait()
        receive({"kind": "command", "id": "commit"})
    annotation.save(folder / "notebook.tif")
    annotation.close()
    return folder / "notebook.tif"


def test_three_doors_give_the_same_labels(tmp_path, model):
    pixels = coins()
    paths = [
        by_command_line(tmp_path, pixels),
        in_the_dock(tmp_path, pixels, model),
        in_a_notebook(tmp_path, pixels, model),
    ]
    found = [np.asarray(sam.read_image(path).data) for path in paths]
    assert np.unique(found[0]).tolist() == [0, 1, 2, 3, 4]
    assert len({array.dtype for array in found}) == 1
    assert len({array.tobytes() for array in found}) == 1
