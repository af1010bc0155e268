import numpy as np
import pytest
from napari.components import ViewerModel

from napari_sam import Address
from napari_sam.annotator.scripted_view import ImmediateExecutor
from napari_sam.apps.dock import window_layer
from napari_sam.apps.dock.controller import DockController
from napari_sam.session.labels import arrays
from napari_sam.testing import ThresholdBackend


@pytest.fixture
def controller(blobs, monkeypatch):
    """Works on planes of 256 pixels a side, of which 64 are shown."""
    monkeypatch.setattr(window_layer, "MOST", 10_000)
    monkeypatch.setattr(arrays, "MOST_IN_MEMORY", 10_000)
    monkeypatch.setattr(window_layer, "WINDOW", 64)
    monkeypatch.setattr(
        "napari_sam.annotator.models.ModelPool.open",
        lambda *_, **__: ThresholdBackend(),
    )
    viewer = ViewerModel()
    made = DockController(viewer, ImmediateExecutor())
    made.annotator.models.use("pocket")
    layer = viewer.add_image(np.tile(blobs, (2, 4, 4)), scale=(3, 2, 0.5))
    viewer.scene.camera.zoom = 20
    _look_at(viewer, 40, 40)
    made.open(layer, axes="tyx")
    _look_at(viewer, 40, 40)
    yield made
    made.close()


def _look_at(viewer, row, col):
    viewer.scene.camera.center = (0, row * 2, col * 0.5)


def _click(controller, row, col):
    at = controller.annotator.session.current.frame
    controller.binding.points.add(controller.binding.geometry.to_data(at, (row, col)))


def test_labels_are_on_disk_and_shown_around_the_view(controller):
    session, binding = controller.annotator.session, controller.binding
    assert not isinstance(session.labels, np.ndarray)
    assert binding.labels.data.shape == (1, 64, 64)
    frame = session.current.frame
    _click(controller, 15, 25)
    controller.annotator.commits.commit()
    assert (session.labels[frame] == 1).sum() == 400
    value = binding.labels.get_value
    world = binding.geometry.to_world(frame, (15, 25))[0]
    assert value(world, world=True) == 1
    _look_at(controller.viewer, 200, 200)
    assert not binding.labels.data.any()
    _look_at(controller.viewer, 30, 30)
    assert value(world, world=True) == 1
    controller.annotator.undo()
    assert not binding.labels.data.any()


def test_what_is_painted_in_the_window_goes_into_the_labels(controller):
    session, binding = controller.annotator.session, controller.binding
    frame = session.current.frame
    _look_at(controller.viewer, 200, 150)
    labels = binding.labels
    start = np.round(binding.geometry.of_world(labels.data_to_world((0, 0, 0)))[0])
    labels.brush_size = 5
    labels.paint((0, 20, 30), 7)
    places = np.argwhere(session.labels[frame] == 7)
    np.testing.assert_array_equal(places.mean(0), np.add(start[1:], (20, 30)))
    assert session.history.last is not None
    controller.annotator.undo()
    assert not session.labels[frame].any()
    assert not labels.data.any()


def test_sliders_show_another_plane(controller):
    _click(controller, 15, 25)
    controller.annotator.commits.commit()
    (frame,) = {at.frame for at in controller.annotator.session.committed_prompts}
    controller.viewer.dims.set_current_step(0, 1 - frame)
    assert not controller.binding.labels.data.any()
    controller.viewer.dims.set_current_step(0, frame)
    assert controller.binding.labels.data.any()
    assert controller.annotator.session.current == Address(frame, 2)


def test_a_stack_of_small_planes_is_on_disk_and_shown_whole(blobs, monkeypatch):
    monkeypatch.setattr(arrays, "MOST_IN_MEMORY", 64 * 64 + 1)
    controller = DockController(ViewerModel(), ImmediateExecutor())
    layer = controller.viewer.add_image(np.stack([blobs] * 3))
    controller.open(layer, axes="zyx")
    assert controller.binding.labels.data.shape == (3, 64, 64)
    controller.binding.labels.paint((1, 30, 30), 4)
    assert (controller.annotator.session.labels[1] == 4).any()
    controller.annotator.undo()
    assert not controller.annotator.session.labels[1].any()
    controller.close()
