import gc
import json
import weakref

import numpy as np
import pytest
from napari.components import ViewerModel

import napari_sam as sam
from napari_sam import Address, Prompts
from napari_sam.annotator.batch import BatchSettings
from napari_sam.annotator.commands import COMMANDS
from napari_sam.annotator.scripted_view import ImmediateExecutor
from napari_sam.apps.dock.controller import DockController
from napari_sam.apps.dock.key_bindings import KeyBindings, chosen_keys
from napari_sam.core.progress import drain
from napari_sam.core.prompts.items import Candidate
from napari_sam.session.persistence.record import read_record
from napari_sam.session.persistence.replay import only, replay
from napari_sam.testing import ThresholdBackend

from .doubles import ManualExecutor
from .mouse import Mouse


class Desk:
    """A controller, all it said, and a mouse."""

    def __init__(self, work=None, viewer=None):
        self.viewer = viewer or ViewerModel()
        self.work = work or ImmediateExecutor()
        self.controller = DockController(self.viewer, self.work)
        self.annotator = self.controller.annotator
        self.mouse = Mouse(self.viewer)
        self.heard = {"message": [], "image_opened": [], "image_lost": []}
        self.heard |= {"overlap_found": [], "journals_found": []}
        self.heard |= {"busy": [], "candidates_changed": []}
        for name, log in self.heard.items():
            getattr(self.annotator.events, name).connect(
                lambda *a, log=log: log.append(a)
            )

    @property
    def session(self):
        return self.annotator.session

    @property
    def said(self):
        return self.heard["message"]

    def open(self, pixels, **how):
        layer = self.viewer.add_image(pixels)
        self.controller.open(layer, **how)
        return layer

    def click(self, row, col, **how):
        frame = self.session.current.frame
        world = self.controller.binding.geometry.to_world(frame, (row, col))[0]
        self.controller.binding.use_tool("point")
        self.mouse.click(world, **how)

    def keep(self, row, col):
        self.click(row, col)
        self.annotator.commits.commit()


@pytest.fixture(autouse=True)
def backend(monkeypatch):
    """Whatever model is asked for, this one is loaded."""
    made = ThresholdBackend()

    def load(pool, name, **_):
        if name == "nonsense":
            raise sam.core.errors.UnknownModelError("There is no model nonsense.")
        return made

    monkeypatch.setattr("napari_sam.annotator.models.ModelPool.open", load)
    monkeypatch.setattr("napari_sam.checkpoints.models", lambda: ())
    return made


@pytest.fixture
def desk(blobs):
    desk = Desk()
    desk.annotator.models.use("pocket")
    desk.open(blobs)
    yield desk
    desk.controller.close()


@pytest.fixture
def slow(blobs):
    """A desk where things happen when they are told to."""
    desk = Desk(ManualExecutor())
    desk.annotator.models.use("pocket")
    desk.open(blobs)
    desk.work.finish()
    yield desk
    desk.controller.close()


def test_clicks_before_the_model_is_there_are_answered_when_it_is(blobs):
    desk = Desk(ManualExecutor())
    desk.annotator.models.use("pocket")
    desk.open(blobs)
    assert not desk.annotator.has_model
    desk.click(15, 25)
    assert desk.session.preview is None
    desk.work.finish()
    desk.work.finish()
    assert desk.annotator.has_model
    desk.work.work()
    assert desk.session.preview.area == 400
    assert desk.heard["busy"][-1] == ("", None)
    desk.controller.close()


def test_a_click_is_shown_kept_and_taken_back(desk):
    desk.click(15, 25)
    assert desk.session.preview.area == 400
    assert len(desk.annotator.candidates.masks) == 3
    desk.annotator.commits.commit()
    assert desk.session.current == Address(0, 2)
    assert desk.said == [("info", "Object 1 committed: 400 pixels.")]
    desk.annotator.undo()
    assert desk.session.current == Address(0, 1)
    assert desk.session.preview.area == 400
    desk.annotator.undo()
    assert desk.session.preview is None
    desk.annotator.undo()
    assert desk.said[-1] == ("info", "There is nothing to undo.")
    desk.annotator.redo()
    desk.annotator.redo()
    assert (desk.session.labels == 1).sum() == 400


def test_the_mask_is_kept_when_it_comes(slow):
    slow.click(15, 25)
    slow.annotator.commits.commit()
    assert not slow.session.labels.any()
    slow.work.work()
    assert (slow.session.labels == 1).sum() == 400
    assert slow.session.current.object_id == 2


def test_work_goes_on_while_what_is_to_be_kept_is_awaited(slow):
    slow.click(15, 25)
    slow.annotator.commits.commit()
    assert slow.session.current.object_id == 2
    slow.click(55, 10)
    assert slow.heard["busy"][-1][0] != ""
    slow.work.work()
    assert (slow.session.labels == 1).sum() == 400
    assert slow.session.preview.area == 100
    assert slow.session.current.object_id == 2
    assert slow.heard["busy"][-1] == ("", None)
    slow.annotator.commits.commit()
    assert (slow.session.labels == 2).sum() == 100


def test_an_answer_in_work_is_kept_when_it_comes_after_the_next_click(slow):
    slow.click(15, 25)
    coming = slow.work.take()
    slow.annotator.commits.commit()
    slow.click(55, 10)
    coming()
    assert (slow.session.labels == 1).sum() == 400
    assert slow.heard["busy"][-1][0] != ""
    slow.work.work()
    assert slow.session.preview.area == 100
    assert (slow.session.labels == 1).sum() == 400


def test_what_is_said_anew_meanwhile_is_not_kept_by_itself(slow):
    slow.click(15, 25)
    slow.annotator.commits.commit()
    slow.annotator.objects.select(1)
    slow.click(16, 26)
    slow.work.work()
    assert slow.session.preview is not None
    assert not slow.session.labels.any()


def test_nothing_found_of_what_was_to_be_kept_stays_open(slow):
    slow.click(2, 2)
    slow.annotator.commits.commit()
    slow.work.work()
    assert slow.said[-1] == ("warning", "Nothing was found of object 1.")
    assert list(slow.session.open_prompts) == [Address(0, 1)]
    assert slow.heard["busy"][-1] == ("", None)


def test_whoever_wants_to_be_asked_is_taken_back_to_what_lies_on_others(slow):
    slow.click(15, 25)
    slow.annotator.commits.commit()
    slow.work.work()
    slow.annotator.commits.overlap = "ask"
    slow.click(16, 26)
    slow.annotator.commits.commit()
    slow.work.work()
    assert slow.heard["overlap_found"][-1] == ({1: 1.0},)
    assert slow.session.current.object_id == 2
    slow.annotator.commits.commit(overlap="overwrite")
    assert (slow.session.labels == 2).sum() == 400


def test_late_answers_are_dropped(slow):
    slow.click(15, 25)
    late = slow.work.take()
    slow.click(55, 10)
    late()
    assert slow.session.preview is None
    slow.work.work()
    assert slow.session.preview.area == 500
    slow.click(20, 30)
    late = slow.work.take()
    slow.annotator.objects.next()
    late()
    assert slow.session.preview is None
    assert slow.heard["busy"][-1] == ("", None)


def test_an_answer_of_the_model_before_is_dropped(slow):
    slow.click(15, 25)
    late = slow.work.take()
    slow.annotator.models.use("another")
    slow.work.finish()
    late()
    assert slow.session.preview is None
    slow.work.finish()
    slow.work.work()
    assert slow.session.preview is not None
    assert slow.annotator.models.name == "another"


def test_a_model_that_cannot_be_had_leaves_the_one_there_is(desk):
    desk.annotator.models.use("nonsense")
    assert desk.said[-1] == ("error", "There is no model nonsense.")
    assert desk.annotator.models.name == "pocket"
    desk.click(15, 25)
    assert desk.session.preview.area == 400


def test_candidates_go_round(desk):
    desk.click(15, 25)
    areas = [c.area for c in desk.annotator.candidates.masks]
    assert areas == [400, 324, 400]
    for index in (1, 2, 0):
        desk.annotator.candidates.cycle()
        assert desk.annotator.candidates.index == index
        assert [c.area for c in desk.annotator.candidates.masks] == areas
        assert desk.session.preview.area == areas[index]
    desk.annotator.candidates.choose(2)
    assert desk.session.current_prompts.items[-1] == Candidate(2)
    desk.annotator.candidates.choose(7)
    assert desk.annotator.candidates.index == 2
    assert desk.heard["candidates_changed"]


def test_a_slide_of_the_threshold_asks_nobody(slow):
    slow.click(15, 25)
    slow.work.work()
    for value in (0.2, 0.5, 2.0):
        slow.annotator.preview.set_threshold(value)
        assert slow.session.preview is not None
    assert slow.work.waiting == {}
    assert slow.session.preview.area == 0
    slow.annotator.undo()
    assert slow.session.current_prompts.threshold == 0
    slow.work.work()
    assert slow.session.preview.area == 400


def test_nothing_to_keep_is_said(desk):
    desk.annotator.commits.commit()
    assert desk.said[-1][0] == "error"
    desk.click(40, 50)
    assert "Nothing was found" in desk.said[-1][1]


def test_other_objects_are_kept_overwritten_or_asked_about(desk):
    desk.keep(15, 25)
    for policy, kept in (("ask", 1), ("keep", 1), ("overwrite", 2)):
        desk.annotator.commits.overlap = policy
        desk.click(16, 26)
        assert desk.session.current.object_id == 2
        desk.annotator.commits.commit()
        assert (desk.session.labels == kept).sum() == 400
        if policy == "ask":
            assert desk.heard["overlap_found"] == [({1: 1.0},)]
            desk.annotator.commits.commit(overlap="overwrite")
            assert (desk.session.labels == 2).sum() == 400
            desk.annotator.undo()
        elif policy == "keep":
            assert desk.said[-1][0] == "error"
        else:
            assert "took most of its pixels from object 1" in desk.said[-1][1]
        desk.annotator.undo()


def test_an_object_that_overlaps_by_most_of_its_area_is_reported(desk):
    desk.keep(15, 25)
    binding = desk.controller.binding
    binding.shapes.add_polygons(np.array([(10, 20), (10, 39), (45, 39), (45, 20)]))
    desk.session.undo()
    labels = desk.session.labels
    labels_before = labels.copy()
    desk.session.paint(
        0, sam.Region(10, 20, 12, 40), labels[10:12, 20:40], 0 * labels[10:12, 20:40]
    )
    desk.click(16, 26)
    desk.annotator.commits.commit()
    level, words = desk.said[-1]
    assert level == "warning"
    assert "lay on object 1" in words
    assert "40 pixels" in words
    assert (labels == labels_before).sum() == labels.size - 40


def test_back_to_an_object_with_what_was_said(desk):
    desk.keep(15, 25)
    desk.click(55, 10)
    desk.annotator.objects.next()
    desk.annotator.objects.previous()
    assert desk.session.current == Address(0, 2)
    assert desk.session.current_prompts == Prompts.point(55, 10)
    desk.annotator.objects.previous()
    assert desk.session.current == Address(0, 1)
    assert desk.session.current_prompts == Prompts.point(15, 25)
    assert desk.session.preview.area == 400
    desk.annotator.objects.previous()
    assert "no object before" in desk.said[-1][1]


def test_objects_are_edited(desk):
    controller = desk.controller
    desk.keep(15, 25)
    desk.keep(55, 10)
    controller.annotator.editing.set_info(1, name="big", category="square")
    assert desk.session.objects[1].name == "big"
    controller.annotator.objects.select(1)
    controller.annotator.editing.resize(1)
    assert (desk.session.labels == 1).sum() == 480
    controller.annotator.editing.resize(-1)
    controller.annotator.editing.start_split()
    controller.binding.shapes.add_paths(np.array([(5, 30), (35, 30)]))
    assert set(desk.session.objects) == {1, 2, 3}
    controller.annotator.editing.merge([1, 3])
    assert set(desk.session.objects) == {1, 2}
    controller.annotator.editing.approve(1)
    assert desk.session.objects[1].status == "approved"
    controller.annotator.editing.approve(1)
    assert desk.session.objects[1].status == "committed"
    controller.annotator.editing.reject(2)
    assert desk.session.objects[2].status == "rejected"
    controller.annotator.editing.delete([1, 2])
    assert not desk.session.labels.any()
    while desk.session.history.last is not None:
        controller.annotator.undo()
    assert not desk.session.objects
    assert not [words for level, words in desk.said if level == "error"]


def test_a_line_cuts_the_object_it_runs_through(desk):
    desk.keep(15, 25)
    desk.keep(55, 10)
    desk.annotator.editing.split([(5, 30), (35, 30)])
    assert np.bincount(desk.session.labels.ravel())[1:].tolist() == [220, 100, 180]
    desk.annotator.editing.split([(40, 40), (45, 45)])
    assert desk.said[-1] == ("error", "The line runs through no object.")


def test_what_comes_next_is_no_object_that_came_by_itself(desk):
    desk.keep(15, 25)
    desk.annotator.editing.split([(5, 30), (35, 30)])
    assert desk.session.current.object_id == 3  # the second part took number 2
    desk.controller.binding.use_tool("brush")
    desk.controller.binding.labels.paint((40, 40), 3)
    assert desk.session.current.object_id == 3
    desk.click(55, 10)
    assert desk.session.open_prompts == {Address(0, 4): Prompts.point(55, 10)}
    desk.annotator.undo()
    desk.annotator.objects.select(3)
    desk.click(55, 10)
    assert [at.object_id for at in desk.session.open_prompts] == [4]
    desk.annotator.undo()
    desk.annotator.objects.correct(3)
    desk.click(55, 10)
    assert [at.object_id for at in desk.session.open_prompts] == [3]
    assert desk.annotator.objects.activity == "Correcting object 3"


def test_an_approved_object_stays_as_it_is_and_that_is_said(desk):
    desk.keep(15, 25)
    desk.annotator.editing.approve(1)
    for call in (
        lambda: desk.annotator.editing.delete([1]),
        lambda: desk.annotator.editing.resize(1),
        lambda: desk.annotator.objects.correct(1),
    ):
        call()
        assert desk.said[-1][0] == "error"
        assert "Object 1 is approved" in desk.said[-1][1]
    assert (desk.session.labels == 1).sum() == 400
    desk.annotator.editing.approve(1)
    desk.annotator.editing.delete([1])
    assert not desk.session.labels.any()


def test_what_is_kept_while_a_batch_runs_has_numbers_of_its_own(slow):
    layer = slow.viewer.add_points([(55, 10)])
    slow.controller.segment_layer(layer)
    slow.click(15, 25)
    slow.work.work()
    slow.annotator.commits.commit()
    slow.work.finish()
    labels = slow.session.labels
    assert labels[15, 25]
    assert labels[55, 10]
    assert labels[15, 25] != labels[55, 10]
    assert (labels > 0).sum() == 500


def test_without_an_image_everything_says_so():
    desk = Desk()
    for call in (
        desk.annotator.commits.commit,
        desk.annotator.objects.next,
        desk.annotator.undo,
        desk.annotator.batch.embed_view,
        desk.annotator.editing.fill_holes,
    ):
        call()
        assert desk.said[-1] == ("error", "Open an image first.")


def test_axes_must_be_said(blobs):
    desk = Desk()
    layer = desk.open(np.stack([blobs] * 3))
    assert "Say what its axes are" in desk.said[-1][1]
    assert desk.session is None
    desk.controller.open(layer, axes="zyx")
    assert len(desk.session.frames) == 3


def test_channels_are_chosen(blobs, backend):
    desk = Desk()
    desk.annotator.models.use("pocket")
    pixels = np.stack([0 * blobs, 0 * blobs, 0 * blobs, 0 * blobs, blobs])
    layer = desk.open(pixels, axes="cyx")
    desk.click(15, 25)
    assert not desk.session.preview.area
    desk.controller.open(layer, axes="cyx", channels=(4,))
    assert desk.session.preview.area == 400
    assert desk.session.image.appearance.channels == (4,)


def test_a_second_image_and_back(desk, blobs):
    first = desk.controller.layer
    desk.keep(15, 25)
    session = desk.session
    desk.open(255 - blobs)
    assert desk.session is not session
    assert [layer.name for layer in desk.viewer.layers].count("SAM labels") == 1
    desk.controller.open(first)
    assert desk.session is session
    assert desk.controller.binding.labels.get_value((15, 25), world=True) == 1
    desk.click(55, 10)
    assert desk.session.preview.area == 100


def test_a_removed_image_loses_nothing(desk):
    desk.keep(15, 25)
    desk.viewer.layers.remove(desk.controller.layer)
    assert "Its work (1 object) is still here" in desk.heard["image_lost"][0][0]
    desk.keep(55, 10)
    assert set(np.unique(desk.session.labels)) == {0, 1, 2}


def test_a_renamed_image_is_the_same(desk):
    desk.controller.layer.name = "another name"
    desk.keep(15, 25)
    assert desk.session.objects


def test_other_pixels_are_looked_at_again(desk, blobs, backend):
    layer = desk.controller.layer
    desk.keep(15, 25)
    desk.click(55, 10)
    assert desk.session.preview.area == 100
    session, other = desk.session, blobs.copy()
    other[50:60, 5:25] = 250
    layer.data = other
    assert desk.session is session
    assert desk.session.preview.area == 200
    assert (session.labels == 1).sum() == 400
    other[50:60, 5:35] = 250  # in place
    layer.data = other
    assert desk.session.preview.area == 300


def test_pixels_of_another_shape_are_another_image(desk, blobs):
    desk.keep(15, 25)
    session = desk.session
    desk.controller.layer.data = blobs[:32]
    assert "another shape" in desk.heard["image_lost"][0][0]
    assert desk.session is not session
    assert desk.session.labels.shape == (32, 64)
    desk.keep(15, 25)
    desk.controller.layer.data = blobs
    assert not desk.session.objects
    (journals,) = desk.heard["journals_found"][-1]
    desk.annotator.persistence.restore(journals[0])
    assert (desk.session.labels == 1).sum() == 400


def test_two_widgets_on_one_viewer_share_the_work(desk):
    other = Desk(viewer=desk.viewer)
    other.controller.open(desk.controller.layer)
    assert other.session is desk.session
    assert other.controller.binding is desk.controller.binding
    desk.click(15, 25)
    other.annotator.commits.commit()
    assert len(desk.session.objects) == 1
    other.controller.close()
    assert desk.controller.binding.layers
    desk.keep(55, 10)
    assert len(desk.session.objects) == 2


def test_a_session_that_was_saved_is_opened_and_gone_on_with(desk, blobs, tmp_path):
    desk.keep(15, 25)
    desk.click(55, 10)
    path = tmp_path / "a.session.json"
    desk.annotator.persistence.save(path)
    desk.controller.close()
    desk = Desk()
    desk.annotator.models.use("pocket")
    desk.open(blobs.copy())
    desk.click(16, 26)
    unsaved = desk.annotator.persistence.journal
    desk.annotator.persistence.open_session(path)
    assert (desk.session.labels == 1).sum() == 400
    assert desk.session.current_prompts == Prompts.point(55, 10)
    assert desk.session.preview.area == 100
    assert desk.controller.binding.labels.get_value((15, 25), world=True) == 1
    assert not desk.session.unsaved
    assert unsaved.path.exists()
    desk.annotator.commits.commit()
    desk.annotator.undo()
    desk.annotator.undo()
    desk.annotator.undo()
    assert not desk.session.labels.any()
    desk.controller.close()


def test_a_session_that_cannot_be_opened_changes_nothing(desk, blobs, tmp_path):
    desk.keep(15, 25)
    path = tmp_path / "a.session.json"
    desk.annotator.persistence.save(path)
    desk.open(blobs[::-1].copy())
    session = desk.session
    (tmp_path / "b.session.json").write_text("no")
    for name, words in (
        ("a.session.json", "image"),
        ("b.session.json", "no JSON"),
        ("c.session.json", "no file"),
    ):
        desk.annotator.persistence.open_session(tmp_path / name)
        assert desk.said[-1][0] == "error"
        assert words in desk.said[-1][1]
        assert desk.session is session


@pytest.mark.parametrize("same_viewer", [True, False])
def test_all_widgets_go_over_to_what_one_restores(desk, blobs, same_viewer):
    desk.keep(15, 25)
    desk.annotator.persistence.journal.flush()
    desk.controller.close()
    desk = Desk()
    desk.annotator.models.use("pocket")
    layer = desk.open(blobs)
    other = Desk(viewer=desk.viewer if same_viewer else None)
    if not same_viewer:
        other.viewer.layers.append(layer)
    other.controller.open(layer)
    ((journals,),) = desk.heard["journals_found"]
    desk.annotator.persistence.restore(journals[0])
    assert list(desk.session.objects) == [1]
    assert other.session is desk.session
    other.click(55, 10)
    assert desk.session.preview is not None
    names = [one.name for one in desk.viewer.layers]
    assert names.count("SAM labels") == names.count("SAM points") == 1
    assert not [name for name in names if "[" in name]
    for one in (desk, other):
        one.controller.close()


def test_two_viewers_show_the_same_work(desk):
    other = Desk()
    layer = desk.controller.layer
    other.viewer.layers.append(layer)
    other.controller.open(layer)
    desk.keep(15, 25)
    assert other.session is desk.session
    assert other.controller.binding is not desk.controller.binding
    assert other.controller.binding.labels.get_value((15, 25), world=True) == 1
    other.click(55, 10)
    assert len(desk.controller.binding.points.data) == 1
    other.controller.close()
    desk.keep(20, 20)


def test_closing_gives_everything_back(blobs):
    viewer = ViewerModel()
    callbacks = list(viewer.mouse_move_callbacks)
    desk = Desk(viewer=viewer)
    desk.annotator.models.use("pocket")
    layer = desk.open(blobs)
    desk.keep(15, 25)
    desk.controller.close()
    assert [one for one in desk.viewer.layers if one.visible] == [layer]
    assert desk.viewer.keymap == {}
    assert desk.viewer.mouse_move_callbacks == callbacks
    assert desk.heard["image_opened"][-1] == (None,)
    desk.controller.close()


def test_keys_are_free_on_every_layer():
    viewer = ViewerModel()
    layers = [
        viewer.add_image(np.zeros((9, 9))),
        viewer.add_labels(np.zeros((9, 9), int)),
        viewer.add_points(),
        viewer.add_shapes(),
        viewer.add_vectors(np.zeros((1, 2, 2))),
        viewer.add_tracks(np.zeros((1, 4))),
        viewer.add_surface((np.eye(3), np.array([[0, 1, 2]]))),
    ]
    letters = [c.key for c in COMMANDS if len(c.key) == 1]
    for thing in (viewer, *layers):
        for kind in type(thing).__mro__:
            taken = {str(key) for key in getattr(kind, "class_keymap", {})}
            assert not taken & set(letters)
    assert len(set(chosen_keys().values())) == len(COMMANDS)
    assert {c.key: c.tip for c in COMMANDS}["K"].startswith("commit the mask")


def test_keys_call_the_controller_and_go_back_to_who_had_them(desk):
    def mine(_):
        raise AssertionError

    viewer = ViewerModel()
    viewer.bind_key("K", mine)
    keys = KeyBindings(desk.annotator)
    keys.bind_viewer(viewer)
    desk.click(15, 25)
    bound = {str(key): call for key, call in viewer.keymap.items()}
    bound["K"](viewer)
    assert desk.session.objects
    bound["Ctrl+Z"](viewer)
    assert not desk.session.labels.any()
    keys.release()
    assert list(viewer.keymap.values()) == [mine]


def test_undo_on_layers_of_ours_is_the_session_s(desk):
    for layer in desk.controller.binding.layers:
        assert "Ctrl+Z" in {str(key) for key in layer.keymap}


def test_every_point_of_a_layer_becomes_an_object(desk):
    desk.keep(55, 10)
    mine = desk.viewer.add_points(
        [(30, 50), (60, 20), (80, 80)], scale=(0.5, 0.5), features={"x": [1, 2, 3]}
    )
    desk.controller.segment_layer(mine)
    # Halved, one is in the square; the others are not on anything.
    assert "1 object committed; 2 were not found" in desk.said[-1][1]
    assert (desk.session.labels == 2).sum() == 400
    assert desk.session.committed_prompts[Address(0, 2)] == Prompts.point(15, 25)
    assert not desk.session.open_prompts
    desk.annotator.undo()
    assert set(desk.session.objects) == {1}
    assert not desk.session.open_prompts
    assert len(mine.data) == 3


def test_negative_points_are_shared_or_grouped(desk):
    points = [(15, 25), (55, 10), (52, 7)]
    mine = desk.viewer.add_points(points, features={"label": ["in", "in", "negative"]})
    desk.controller.segment_layer(mine)
    asked = list(desk.session.committed_prompts.values())
    assert asked == [Prompts.point(15, 25).point(52, 7, positive=False)]
    desk.annotator.undo()
    mine.features = {"label": ["in", "in", "in"], "team": ["a", "b", "b"]}
    desk.controller.segment_layer(mine, groups="team")
    assert [len(p.items) for p in desk.session.committed_prompts.values()] == [
        1,
        2,
    ]
    desk.controller.segment_layer(mine, groups="nothing")
    assert "no column 'nothing'" in desk.said[-1][1]


def test_shapes_and_labels_become_objects(desk, blobs):
    shapes = desk.viewer.add_shapes(
        [np.array([(9.5, 19.5), (29.5, 39.5)])], shape_type="rectangle"
    )
    desk.controller.segment_layer(shapes)
    kept = desk.session.committed_prompts
    assert kept[Address(0, 1)] == Prompts.rectangle(10, 20, 30, 40)
    desk.annotator.undo()
    rough = np.zeros((32, 32), np.uint8)
    rough[5:15, 10:20] = 3
    labels = desk.viewer.add_labels(rough, scale=(2, 2), translate=(0.5, 0.5))
    desk.controller.segment_layer(labels, settings=BatchSettings("box"))
    assert kept[Address(0, 1)] == Prompts.rectangle(10, 20, 30, 40)
    desk.annotator.undo()
    desk.controller.segment_layer(labels)
    mask = np.zeros((64, 64), bool)
    mask[10:30, 20:40] = True
    assert kept[Address(0, 1)] == Prompts.from_mask(mask)
    desk.controller.segment_layer(desk.controller.layer)
    assert "points, shapes or labels are needed" in desk.said[-1][1]


def test_a_batch_goes_through_transforms_and_planes(blobs):
    desk = Desk()
    desk.annotator.models.use("pocket")
    layer = desk.viewer.add_image(
        np.stack([blobs] * 3), scale=(5, 2, 0.5), translate=(1, 2, 3), rotate=(0, 0, 30)
    )
    desk.controller.open(layer, axes="zyx")
    world = [layer.data_to_world(p) for p in ((0, 15, 25), (2, 55, 10))]
    desk.controller.segment_layer(desk.viewer.add_points(np.array(world)))
    kept = desk.session.committed_prompts
    assert kept == {
        Address(0, 1): Prompts.point(15, 25),
        Address(2, 2): Prompts.point(55, 10),
    }
    desk.controller.close()


def test_a_batch_can_be_cancelled(slow, backend):
    mine = slow.viewer.add_points([(15, 25), (55, 10)])
    slow.controller.segment_layer(mine)
    slow.annotator.cancel()
    slow.work.finish()
    assert not slow.session.objects
    assert slow.heard["busy"][-1] == ("", None)


def test_what_is_in_view_is_looked_at_ahead(desk, backend):
    desk.annotator.batch.embed_view()
    assert backend.encoded == 1
    assert "1 encoded" in desk.said[-1][1]
    desk.click(15, 25)
    assert backend.encoded == 1


class Counting:
    """Pixels that count how many of them are read."""

    def __init__(self, pixels):
        self._pixels = pixels
        self.shape, self.dtype, self.ndim = pixels.shape, pixels.dtype, pixels.ndim
        self.read = 0

    def __getitem__(self, index):
        part = self._pixels[index]
        self.read += np.size(part)
        return part

    def __array__(self, *_, **__):
        raise AssertionError("all of it was read")


def test_only_what_is_needed_is_read(blobs, backend):
    desk = Desk()
    desk.annotator.models.use("pocket")
    data = Counting(np.tile(blobs, (4, 8, 8)))
    layer = desk.viewer.add_image(data, contrast_limits=(0, 255))
    desk.controller.open(layer, axes="zyx")
    backend.encoded, data.read = 0, 0
    desk.click(15, 25)
    assert desk.session.preview.area
    assert backend.encoded == 1
    assert data.read == 64 * 64  # one tile
    desk.controller.close()


def test_labels_and_session_are_saved(desk, tmp_path, blobs):
    desk.keep(15, 25)
    done = []
    desk.annotator.persistence.save(tmp_path / "a.tif", done=lambda: done.append(1))
    assert done == [1]
    assert not desk.session.unsaved
    image = sam.read_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.data[...], desk.session.labels)
    desk.annotator.persistence.save(tmp_path / "a.tif")
    assert desk.said[-1][0] == "error"
    assert "there already" in desk.said[-1][1]
    desk.annotator.persistence.save(tmp_path / "a.session.json")
    assert json.loads((tmp_path / "a.session.json").read_text())["steps"]


def test_saved_labels_have_the_scale_of_the_layer(tmp_path, blobs):
    desk = Desk()
    desk.annotator.models.use("pocket")
    layer = desk.viewer.add_image(
        np.stack([blobs] * 2), scale=(3, 0.5, 0.25), units=("um", "um", "um")
    )
    desk.controller.open(layer, axes="zyx")
    desk.keep(15, 25)
    desk.annotator.persistence.save(tmp_path / "a.ome.tif")
    assert not [words for level, words in desk.said if level == "error"]
    image = sam.read_image(tmp_path / "a.ome.tif")
    assert image.scale == {"z": 3, "y": 0.5, "x": 0.25}
    desk.controller.close()


def test_work_comes_back_after_a_crash(desk, monkeypatch, blobs):
    desk.keep(15, 25)
    desk.click(55, 10)
    assert desk.annotator.persistence.journal.flush()
    # As if the process had ended here: nobody writes to the journal any more.
    monkeypatch.setattr(
        "napari_sam.session.persistence.journal_files.in_use", lambda *_: False
    )
    later = Desk()
    later.annotator.models.use("pocket")
    later.open(blobs.copy())
    ((journals,),) = later.heard["journals_found"]
    assert journals[0].objects == 2
    later.annotator.persistence.restore(journals[0])
    assert (later.session.labels == 1).sum() == 400
    assert later.session.current_prompts == Prompts.point(55, 10)
    assert later.session.preview.area == 100
    assert later.controller.binding.labels.get_value((15, 25), world=True) == 1
    later.annotator.undo()
    later.annotator.undo()
    assert not later.session.labels.any()
    assert not journals[0].path.exists()
    later.controller.close()


def test_trouble_with_the_journal_is_said(desk):
    told = []
    desk.annotator.events.journal_trouble.connect(told.append)
    desk.annotator.image.note_trouble("The disk is full.")
    desk.click(15, 25)
    desk.click(16, 25)
    assert told == ["The disk is full."]
    assert desk.annotator.persistence.trouble == "The disk is full."
    desk.annotator.image.note_trouble("")
    desk.annotator.persistence.report_troubles()
    assert told[-1] == ""
    assert desk.said[-1] == ("info", "Work is written to the journal again.")


def test_the_same_prompts_give_the_same_labels_by_every_door(
    monkeypatch, tmp_path, blobs
):
    monkeypatch.undo()  # the real model
    monkeypatch.setenv("NAPARI_SAM_HOME", str(tmp_path))
    rng = np.random.default_rng(0)
    pixels = (blobs + rng.integers(0, 40, blobs.shape)).astype(np.uint8).repeat(3, 0)
    viewer = ViewerModel()
    desk = Desk(viewer=viewer)
    desk.annotator.models.use("pocket")
    layer = viewer.add_image(pixels, scale=(0.3, 1.7), rotate=20, translate=(5, 1e4))
    desk.controller.open(layer)
    desk.click(60, 25)
    desk.click(20, 10, button=2)
    desk.annotator.candidates.cycle()
    desk.annotator.preview.set_threshold(0.3)
    desk.annotator.commits.commit()
    corners = desk.controller.binding.geometry.to_data(0, ((148.5, 3.5), (180.5, 15.5)))
    desk.controller.binding.shapes.add_rectangles(corners)
    desk.annotator.commits.commit()
    mine = viewer.add_points(
        [layer.data_to_world((100, 55)), layer.data_to_world((5, 5))]
    )
    desk.controller.segment_layer(mine)
    desk.annotator.persistence.save(tmp_path / "a.session.json")
    labels = desk.session.labels
    assert len(np.unique(labels)) >= 3

    model = sam.load_backend("pocket")
    image = sam.PromptableImage(pixels, model)
    kept = desk.session.committed_prompts
    script = np.zeros_like(labels)
    for at, prompts in kept.items():
        (found,) = image.segment_many([prompts])
        part = script[found.region.slices]
        part[found.mask & (part == 0)] = at.object_id
    assert script.tobytes() == labels.tobytes()

    record = read_record(tmp_path / "a.session.json")
    again = drain(replay(record, only(sam.PromptableImage(pixels, model))))
    assert again.labels.tobytes() == labels.tobytes()
    desk.controller.close()


def test_sessions_go_with_their_layer(blobs):
    desk = Desk()
    desk.open(blobs)
    session = weakref.ref(desk.session)
    desk.controller.close()
    gc.collect()
    assert session() is not None  # whoever comes back to the layer finds it
    desk.viewer.layers.clear()
    del desk
    gc.collect()
    assert session() is None
