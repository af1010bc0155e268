import numpy as np
import pytest
from napari.components import ViewerModel
from scipy import ndimage

from napari_sam.apps.dock.controller import DockController
from napari_sam.apps.dock.layer_style import HOVERED
from napari_sam.testing import ThresholdBackend

from .doubles import ManualExecutor
from .mouse import Mouse


class Desk:
    def __init__(self, pixels):
        self.viewer = ViewerModel()
        self.work = ManualExecutor()
        self.controller = DockController(self.viewer, self.work)
        self.controller.annotator.models.use("pocket")
        self.layer = self.viewer.add_image(pixels)
        self.controller.open(self.layer)
        self.work.finish()
        self.work.finish()
        self.mouse = Mouse(self.viewer)
        self.steps = []
        self.session.changed.connect(lambda how, _: self.steps.append(how))

    @property
    def session(self):
        return self.controller.annotator.session

    @property
    def shown(self):
        """How many pixels the outline of the mask under the cursor encloses."""
        outline = self.viewer.layers["SAM preview"].data == HOVERED
        return int(ndimage.binary_fill_holes(outline).sum())


@pytest.fixture
def desk(blobs, monkeypatch):
    made = ThresholdBackend()
    monkeypatch.setattr(
        "napari_sam.annotator.models.ModelPool.open", lambda *_, **__: made
    )
    desk = Desk(np.tile(blobs, (2, 2)))
    desk.backend = made
    desk.controller.annotator.hover.on = True
    yield desk
    desk.controller.close()


def _warm(desk):
    desk.mouse.hover((15, 25))
    desk.work.finish()


def test_looking_begins_in_the_background_and_masks_come_when_it_is_done(desk):
    desk.mouse.hover((15, 25))
    assert desk.work.waiting == {}
    assert len(desk.work.long) == 1
    desk.mouse.hover((16, 25))
    assert len(desk.work.long) == 1  # once
    desk.work.finish()
    assert desk.backend.encoded == 1
    desk.mouse.hover((15, 25))
    desk.work.work("hover")
    assert desk.shown == 400
    assert desk.backend.encoded == 1


def test_the_newest_place_wins(desk):
    _warm(desk)
    desk.mouse.hover((15, 25))
    desk.mouse.hover((55, 10))
    desk.work.work("hover")
    assert desk.shown == 100
    assert desk.work.waiting == {}


def test_it_is_never_kept_and_no_step(desk):
    _warm(desk)
    desk.mouse.hover((15, 25))
    desk.work.work("hover")
    assert desk.shown == 400
    assert desk.steps == []
    assert desk.session.preview is None
    desk.controller.annotator.commits.commit()
    assert not desk.session.labels.any()


def test_it_shows_what_a_click_would_give(desk):
    desk.controller.binding.use_tool("point")
    desk.mouse.click((15, 25))
    desk.work.work()
    desk.mouse.hover((55, 10))
    desk.work.work("hover")
    assert desk.shown == 500  # with what was said already
    desk.controller.annotator.preview.toggle_polarity()
    desk.mouse.hover((15, 30))
    desk.work.work("hover")
    assert desk.shown == 0
    assert desk.session.preview.area == 400


def test_nothing_outside_or_while_dragging(desk):
    _warm(desk)
    desk.mouse.hover((15, 25))
    desk.work.work("hover")
    desk.mouse.hover((-5, 25))
    assert desk.shown == 0
    assert desk.work.waiting == {}
    desk.mouse.drag([(40, 50), (41, 50), (45, 55)])
    assert "hover" not in desk.work.waiting


def test_an_answer_after_it_was_turned_off_is_not_shown(desk):
    _warm(desk)
    desk.mouse.hover((15, 25))
    late = desk.work.take("hover")
    desk.controller.annotator.hover.on = False
    late()
    assert desk.shown == 0
    desk.mouse.hover((15, 25))
    assert desk.work.waiting == {}


def test_a_click_takes_its_place(desk):
    _warm(desk)
    desk.mouse.hover((15, 25))
    late = desk.work.take("hover")
    desk.controller.binding.use_tool("point")
    desk.mouse.click((15, 25))
    late()
    assert desk.shown == 0


def test_another_model_looks_for_itself(desk):
    _warm(desk)
    desk.controller.annotator.models.use("another")
    desk.work.finish()
    desk.work.finish()
    desk.mouse.hover((15, 25))
    assert desk.work.waiting == {}
    assert len(desk.work.long) == 1


def test_other_tiles_are_looked_at_when_the_mouse_is_there(desk):
    _warm(desk)
    desk.mouse.hover((100, 100))
    assert desk.work.waiting == {}
    desk.work.finish()
    assert desk.backend.encoded == 2
    desk.mouse.hover((79, 89))
    desk.work.finish()
    desk.mouse.hover((79, 89))
    if "hover" in desk.work.waiting:
        desk.work.work("hover")
        assert desk.shown == 400


def test_a_mask_that_follows_the_mouse_does_not_disturb_the_list_of_layers(desk):
    """Each of its events would have napari draw its whole window once more."""
    _warm(desk)
    heard = []
    desk.viewer.layers.events.connect(lambda event: heard.append(event.type))
    drawn = []
    preview = desk.viewer.layers["SAM preview"]
    preview.events.labels_update.connect(lambda event: drawn.append(event.type))
    desk.mouse.hover((15, 25))
    desk.work.work("hover")
    assert desk.shown == 400
    assert drawn
    assert "labels_update" not in heard
