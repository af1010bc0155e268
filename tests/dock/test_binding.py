import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel

from napari_sam import Address, PromptableImage, Prompts
from napari_sam.apps.dock import compat, from_layers
from napari_sam.apps.dock.binding import LayerBinding
from napari_sam.apps.dock.layer_style import HOVERED, PREVIEWED
from napari_sam.apps.dock.plane_geometry import PlaneGeometry
from napari_sam.apps.dock.prompt_layer import PromptLayer
from napari_sam.core.mask import Mask
from napari_sam.core.prompts.items import Box, Point, Polygon, Scribble
from napari_sam.session import AnnotationSession
from napari_sam.testing import ThresholdBackend

from .mouse import Mouse

AT = Address(0, 1)


class Kit:
    """A viewer with an image, a session about it, and what binds them."""

    def __init__(self, pixels, axes=None, **how):
        self.viewer = ViewerModel()
        self.layer = self.viewer.add_image(pixels, **how)
        self.geometry = PlaneGeometry.of(self.layer, axes)
        self.backend = ThresholdBackend()
        image = PromptableImage(self.geometry.frames, self.backend)
        self.session = AnnotationSession(image)
        self.binding = LayerBinding(self.viewer, self.session, self.geometry)
        self.binding.start()
        self.mouse = Mouse(self.viewer)
        self.steps, self.said = [], []
        self.session.changed.connect(lambda how, step: self.steps.append(how))
        self.binding.refused.connect(self.said.append)

    def click(self, row, col, frame=0, **how):
        world = self.geometry.to_world(frame, (row, col))[0]
        self.mouse.click(world, **how)

    def drag(self, *path, **how):
        self.mouse.drag([self.geometry.to_world(0, at)[0] for at in path], **how)

    def box(self, top, left, bottom, right):
        """Draw a box around pixels, as its tool does."""
        corners = ((top - 0.5, left - 0.5), (bottom - 0.5, right - 0.5))
        self.binding.shapes.add_rectangles(self.geometry.to_data(0, corners))

    @property
    def points(self):
        return self.binding.points

    def tables(self):
        """All that is drawn, row by row."""
        points, shapes = self.binding.points, self.binding.shapes
        return (
            points.data.tolist(),
            points.features.to_dict("list"),
            [np.round(s, 3).tolist() for s in shapes.data],
            list(shapes.shape_type),
            shapes.features.to_dict("list"),
        )


@pytest.fixture
def kit(blobs):
    return Kit(blobs)


def test_work_begins_with_a_layer_to_click_on(kit):
    assert [layer.name for layer in kit.viewer.layers] == [
        kit.layer.name, "SAM labels", "SAM preview", "SAM points",
    ]  # fmt: skip
    assert kit.viewer.layers.selection.active is kit.points
    assert kit.points.mode == "add"


def test_a_click_is_one_step_and_no_echo(kit):
    kit.click(15, 25)
    assert kit.steps == ["execute"]
    assert kit.session.open_prompts == {AT: Prompts.point(15, 25)}
    kit.click(16.25, 26, button=2)
    kit.click(17, 27.5, modifiers=("Shift",))
    kit.click(18, 28)
    assert kit.steps == ["execute"] * 4
    assert [p.positive for p in kit.session.current_prompts.points] == [
        True, False, False, True,
    ]  # fmt: skip
    assert list(kit.points.features["positive"]) == [True, False, False, True]
    assert [str(s) for s in kit.points.symbol] == ["disc", "cross", "cross", "disc"]


def test_polarity_turns_what_clicks_mean(kit):
    kit.click(15, 25)
    kit.binding.positive = False
    kit.click(20, 30)
    kit.click(25, 30, button=2)
    signs = [p.positive for p in kit.session.current_prompts.points]
    assert signs == [True, False, True]


def test_dragging_a_point_is_one_step(kit):
    kit.click(15, 25)
    kit.click(55, 10)
    kit.session.predict()
    kit.drag((15, 25), (16, 28), (18, 30), (20, 35))
    assert kit.steps == ["execute"] * 3
    assert kit.session.current_prompts.points == (Point(20, 35), Point(55, 10))
    assert kit.session.preview is None
    assert kit.points.mode == "add"
    kit.click(25, 25)
    assert len(kit.session.current_prompts.points) == 3


def test_a_click_on_a_point_takes_it_and_delete_removes_it(kit):
    kit.click(15, 25)
    kit.click(55, 10)
    kit.click(15, 25)
    assert kit.steps == ["execute"] * 2
    assert set(kit.points.selected_data) == {0}
    kit.points.remove_selected()
    assert kit.session.current_prompts.points == (Point(55, 10),)
    assert kit.steps == ["execute"] * 3


def test_undo_and_redo_restore_the_rows(kit):
    kit.click(15, 25)
    kit.box(10, 20, 30, 40)
    kit.click(20, 30, button=2)
    kit.binding.shapes.add_polygons(np.array([(1, 1), (1, 9), (9, 5)]))
    kit.binding.shapes.add_paths(np.array([(31, 1), (32, 9), (39, 5)]))
    states = [kit.tables()]
    for _ in range(5):
        assert kit.session.undo()
        states.append(kit.tables())
    assert states[-1][0] == []
    assert states[-1][2] == []
    for state in reversed(states[:-1]):
        assert kit.session.redo()
        assert kit.tables() == state
    kinds = [type(s) for s in kit.session.current_prompts.items]
    assert kinds == [Point, Box, Point, Polygon, Scribble]


def test_a_drawn_box_names_its_pixels(kit):
    kit.box(10, 20, 30, 40)
    assert kit.session.current_prompts == Prompts.rectangle(10, 20, 30, 40)
    assert (kit.session.predict().region) == (
        kit.session.image.segment(Prompts.rectangle(10, 20, 30, 40)).region
    )


def test_moving_a_box_is_one_step_and_drops_the_preview(kit):
    kit.box(10, 20, 30, 40)
    kit.session.predict()
    shapes = kit.binding.shapes
    shapes.data = [shapes.data[0] + 1]
    assert kit.session.current_prompts == Prompts.rectangle(11, 21, 31, 41)
    assert kit.steps == ["execute"] * 2
    assert kit.session.preview is None


def test_relabelling_a_row_is_one_step(kit):
    kit.click(15, 25)
    kit.click(20, 30)
    table = kit.points.features.copy()
    table["positive"] = [True, False]
    kit.points.features = table
    assert kit.steps == ["execute"] * 3
    points = kit.session.current_prompts.points
    assert [p.positive for p in points] == [True, False]


def test_a_row_can_change_its_object(kit):
    kit.click(15, 25)
    kit.click(55, 10)
    table = kit.points.features.copy()
    table["object"] = [1, 4]
    kit.points.features = table
    assert kit.session.open_prompts == {
        Address(0, 1): Prompts.point(15, 25),
        Address(0, 4): Prompts.point(55, 10),
    }


def test_objects_do_not_mix(kit):
    kit.click(15, 25)
    kit.session.next_object()
    kit.click(55, 10)
    kit.box(50, 5, 60, 15)
    kit.session.current = AT
    kit.click(20, 30, button=2)
    assert kit.session.open_prompts == {
        AT: Prompts.point(15, 25).point(20, 30, positive=False),
        Address(0, 2): Prompts.point(55, 10).rectangle(50, 5, 60, 15),
    }
    assert sorted(kit.points.features["object"]) == [1, 1, 2]


def test_a_choice_stays_in_its_place(kit):
    kit.click(15, 25)
    kit.session.choose(1)
    kit.click(20, 30)
    expected = Prompts.point(15, 25).choose(1).point(20, 30)
    assert kit.session.current_prompts == expected
    kit.drag((20, 30), (20, 31), (20, 34))
    expected = Prompts.point(15, 25).choose(1).point(20, 34)
    assert kit.session.current_prompts == expected


def test_a_click_outside_goes_away_with_a_word(kit):
    kit.click(-30, 25)
    assert "outside" in kit.said[0]
    assert kit.steps == []
    assert len(kit.points.data) == 0
    kit.binding.shapes.add_rectangles(np.array([(5, 5), (5, 5)]))
    assert kit.steps == []
    assert len(kit.binding.shapes.data) == 0


def test_more_said_of_what_is_kept_corrects_it(kit):
    kit.click(15, 25)
    kit.session.commit()
    kit.click(20, 30, button=2)
    expected = Prompts.point(15, 25).point(20, 30, positive=False)
    assert kit.session.current_prompts == expected
    assert len(kit.points.data) == 2


def test_the_preview_is_an_outline_in_a_layer_of_its_own(kit):
    preview = kit.binding.preview
    kit.click(15, 25)
    assert not preview.data.any()
    kit.session.predict()
    assert preview.get_value((10, 20), world=True) == PREVIEWED
    assert preview.get_value((11, 25), world=True) == PREVIEWED
    assert not preview.get_value((12, 25), world=True)
    assert not preview.get_value((9, 25), world=True)
    assert kit.viewer.layers.selection.active is kit.points
    kit.session.commit()
    assert not preview.data.any()


def test_a_preview_is_drawn_in_its_window_and_the_layer_stands_still(kit, monkeypatch):
    layer, drawn = kit.binding.preview, []
    layer.events.labels_update.connect(lambda e: drawn.append((e.data.shape, e.offset)))
    monkeypatch.setattr(type(layer), "refresh", lambda self, **_: drawn.append("all"))
    layer.events.set_data.connect(lambda: drawn.append("all"))
    kit.click(15, 25)
    kit.session.predict()
    assert drawn == [((20, 20), [10, 20])]


def test_what_is_under_the_cursor_does_not_wipe_the_preview_out(kit):
    shown = kit.binding.preview.data
    kit.click(15, 25)
    here = kit.session.predict()
    before = shown.copy()
    kit.binding.show_hover(here)
    assert (shown[before > 0] == HOVERED).all()
    kit.binding.show_hover(None)
    np.testing.assert_array_equal(shown, before)


def test_a_deleted_preview_comes_back_with_the_next_mask(kit):
    kit.viewer.layers.remove(kit.binding.preview)
    assert kit.binding.preview is None
    kit.click(15, 25)
    kit.session.predict()
    assert kit.binding.preview.get_value((10, 20), world=True) == PREVIEWED


def test_previews_of_a_large_plane_are_drawn_in_a_part_of_it():
    pixels = np.zeros((3000, 2600), np.uint8)
    pixels[100:150, 100:150] = pixels[2900:2950, 2500:2550] = 200
    kit = Kit(pixels)
    for row, col in ((120, 120), (2920, 2520)):
        kit.session.next_object()
        kit.click(row, col)
        kit.session.predict()
        preview = kit.binding.preview
        assert preview.data.shape == (2048, 2048)
        inside = (row - 20, col - 20), (row - 18, col - 18)
        values = [preview.get_value(at, world=True) for at in inside]
        assert values == [PREVIEWED, 0]
        assert int((preview.data > 0).sum()) == 50**2 - 46**2


def test_what_is_kept_is_drawn_in_its_window(kit, monkeypatch):
    layer, drawn = kit.binding.labels, []
    layer.events.labels_update.connect(lambda e: drawn.append((e.data.shape, e.offset)))
    monkeypatch.setattr(type(layer), "refresh", lambda self, **_: drawn.append("all"))
    kit.click(15, 25)
    kit.session.predict()
    kit.session.commit()
    assert drawn[-1] == ((20, 20), [10, 20])
    assert layer.get_value((15, 25), world=True) == 1
    kit.session.undo()
    assert drawn[-1] == ((20, 20), [10, 20])
    assert layer.get_value((15, 25), world=True) == 0


def test_strokes_of_the_brush_are_steps_among_others(kit):
    labels = kit.binding.labels
    kit.click(15, 25)
    kit.session.predict()
    kit.session.commit()
    kit.binding.use_tool("brush")
    labels.selected_label, labels.brush_size = 7, 5
    kit.drag((40, 40), (40, 45), (40, 50))
    assert kit.steps == ["execute"] * 3
    assert kit.session.objects[7].status == "committed"
    painted = kit.session.labels.copy()
    assert (painted == 7).sum() > 50
    labels.data_setitem((np.array([1, 2]), np.array([1, 2])), 8)
    assert set(np.unique(kit.session.labels)) == {0, 1, 7, 8}
    kit.session.undo()
    np.testing.assert_array_equal(kit.session.labels, painted)
    kit.session.undo()
    assert set(np.unique(kit.session.labels)) == {0, 1}
    kit.session.undo()
    assert not kit.session.labels.any()
    kit.session.redo()
    kit.session.redo()
    np.testing.assert_array_equal(kit.session.labels, painted)


def test_only_masks_of_the_frame_in_view_are_drawn(blobs, monkeypatch):
    kit = Kit(np.stack([blobs] * 4), "tyx")
    kit.viewer.dims.set_current_step(0, 2)
    drawn = []
    redraw = compat.redraw

    def noted(layer, window):
        drawn.append(window)
        redraw(layer, window)

    monkeypatch.setattr(compat, "redraw", noted)

    def masks(first):
        whole = Mask.from_array(blobs > 0)
        return {Address(frame, first + frame): whole for frame in range(4)}

    kit.session.add_masks(masks(1))
    assert [window[0] for window in drawn] == [slice(2, 3)]
    image = kit.viewer.layers["SAM labels"]._slice.image
    np.testing.assert_array_equal(image.raw > 0, blobs > 0)
    drawn.clear()
    kit.viewer.dims.ndisplay = 3
    kit.session.undo()
    assert len(drawn) == 4
    kit.viewer.dims.ndisplay = 2
    kit.viewer.dims.set_current_step(0, 0)
    drawn.clear()
    small = {
        Address(0, 1 + i): Mask.from_array(np.ones((2, 2), bool), top=2 * i, left=3)
        for i in range(30)
    }
    kit.session.add_masks(small)
    assert drawn == [(slice(0, 1), slice(0, 60), slice(3, 5))]


def test_a_brush_through_planes_is_one_step(blobs):
    kit = Kit(np.stack([blobs] * 3), "zyx")
    labels = kit.binding.labels
    labels.n_edit_dimensions, labels.brush_size = 3, 9
    labels.paint((1, 40, 40), 5)
    assert kit.steps == ["execute"]
    assert all((plane == 5).any() for plane in kit.session.labels)
    kit.session.undo()
    assert not kit.session.labels.any()


def test_a_click_beside_many_prompts_reads_and_styles_its_own_row_only(
    kit, monkeypatch
):
    others = {Address(0, 2 + i): Prompts.point(1 + i, 60) for i in range(40)}
    kit.session.replace_prompts(others)
    read, styled = [], []
    prompt_from_shape = from_layers.prompt_from_shape

    def counted(*given):
        read.append(given)
        return prompt_from_shape(*given)

    monkeypatch.setattr(from_layers, "prompt_from_shape", counted)
    part = kit.binding.prompts._points
    style = part._style
    part._style = lambda layer, rows, *how: (
        styled.append(len(rows)) or style(layer, rows, *how)
    )
    written = []
    monkeypatch.setattr(PromptLayer, "_write_some", lambda *_, **__: written.append(1))
    kit.click(15, 25)
    assert (len(read), styled, written) == (1, [1], [])
    assert kit.session.open_prompts == {AT: Prompts.point(15, 25), **others}
    monkeypatch.undo()
    kit.session.predict()
    kit.session.commit()
    assert kit.points.features["object"].tolist() == list(range(2, 42))
    assert kit.session.undo()
    assert sorted(kit.points.features["object"]) == list(range(1, 42))


def test_rows_of_a_person_and_of_the_session_stay_the_same_in_any_order(kit):
    """Prompts come and go on both sides; the layers show those of the session."""
    rng = np.random.default_rng(0)
    for _ in range(40):
        at = Address(0, int(rng.integers(1, 5)))
        kit.session.current = at
        match rng.integers(6):
            case 0:
                kit.click(*rng.uniform(1, 60, 2))
            case 1:
                kit.box(*rng.integers(1, 20, 2), *rng.integers(21, 60, 2))
            case 2 if len(kit.points.data):
                kit.points.selected_data = {int(rng.integers(len(kit.points.data)))}
                kit.points.remove_selected()
            case 3:
                kit.session.undo()
            case 4:
                kit.session.redo()
            case _:
                many = [Point(*rng.uniform(1, 60, 2)) for _ in range(60)]
                kit.session.set_prompts(Prompts(tuple(many[: rng.integers(61)])), at)
        points, shapes = kit.binding.points, kit.binding.shapes
        table = pd.concat([points.features, shapes.features])
        shown = sorted(zip(table["object"], table["order"], strict=True))
        said = [
            (at.object_id, i)
            for at, prompts in kit.session.open_prompts.items()
            for i, _ in enumerate(prompts.items)
        ]
        assert shown == sorted(said)
        colors = points.face_color[:, 3] == 1
        mine = points.features["object"] == kit.session.current.object_id
        assert colors.tolist() == mine.tolist()


def test_deleting_layers_of_ours_loses_nothing(kit):
    kit.click(15, 25)
    kit.box(10, 20, 30, 40)
    kit.session.predict()
    before = kit.tables()
    for layer in kit.binding.layers:
        kit.viewer.layers.remove(layer)
    assert kit.session.current_prompts.items
    assert kit.tables() == before
    kit.click(1, 1)  # nothing is active: the image is not touched
    kit.binding.use_tool("point")
    kit.click(20, 30)
    assert len(kit.session.current_prompts.items) == 3
    kit.session.predict()
    kit.session.commit()
    assert kit.binding.labels.get_value((15, 25), world=True) == 1


def test_layers_of_ours_may_be_renamed_and_moved(kit):
    for layer in list(kit.viewer.layers):
        layer.name = f"my {layer.name}"
    kit.viewer.layers.move(2, 0)
    kit.click(15, 25)
    kit.session.predict()
    kit.session.commit()
    assert kit.session.objects
    assert len(kit.viewer.layers) == 4


def test_sliders_move_to_the_same_object_elsewhere(blobs):
    kit = Kit(np.stack([blobs] * 4), "tyx", scale=(2.5, 1, 1))
    assert kit.session.current == Address(1, 1)  # napari begins in the middle
    kit.viewer.dims.set_current_step(0, 3)
    assert kit.session.current == Address(3, 1)
    kit.click(15, 25, frame=3)
    assert list(kit.session.open_prompts) == [Address(3, 1)]
    kit.session.predict()
    kit.session.commit()
    kit.viewer.dims.set_current_step(0, 0)
    assert kit.session.current == Address(0, 1)
    kit.session.undo()
    assert kit.session.current == Address(3, 1)
    assert kit.viewer.dims.current_step[0] == 3


def test_the_table_of_objects_stands_beside_the_labels(kit, qapp):
    kit.click(15, 25)
    kit.session.predict()
    kit.session.commit()
    kit.session.next_object()
    kit.click(55, 10)
    qapp.processEvents()
    table = kit.binding.labels.features
    assert table.to_dict("list") == {
        "index": [1, 2],
        "name": ["", ""],
        "class": ["", ""],
        "status": ["committed", "open"],
        "area": [400, 0],
    }


def test_ours_follow_when_the_image_is_moved(kit):
    kit.click(15, 25)
    kit.session.predict()
    kit.layer.scale = (3, 2)
    kit.layer.translate = (100, -7)
    for layer in kit.binding.layers:
        np.testing.assert_allclose(layer.scale, (3, 2))
    np.testing.assert_allclose(kit.points.translate, (100, -7))
    at = kit.layer.data_to_world((10, 20))
    assert kit.binding.preview.get_value(at, world=True) == PREVIEWED
    kit.click(20, 30)
    assert kit.session.current_prompts.points[-1] == Point(20, 30)


def test_closing_leaves_the_viewer_as_it_was(kit, blobs):
    kit.click(15, 25)
    kit.session.predict()
    kit.binding.close()
    assert [one for one in kit.viewer.layers if one.visible] == [kit.layer]
    before = len(kit.viewer.layers)
    kit.viewer.add_points([(1, 1)])
    kit.session.commit()
    assert len(kit.viewer.layers) == before + 1
    np.testing.assert_array_equal(kit.layer.data, blobs)


def test_a_line_can_be_asked_for_and_is_not_said(kit):
    got = []
    kit.binding.draw_once("scribble", got.append)
    kit.binding.shapes.add_paths(np.array([(1, 1), (9, 9)]))
    assert got == [Scribble(((1, 1), (9, 9)))]
    assert not kit.session.open_prompts
    assert len(kit.binding.shapes.data) == 0
    kit.binding.shapes.add_paths(np.array([(11, 25), (19, 29)]))
    assert kit.session.open_prompts
    assert len(got) == 1


LYING = {
    "anisotropic": {"scale": (0.5, 3)},
    "rotated": {"rotate": 33, "scale": (2, 1)},
    "sheared": {"shear": [0.3], "rotate": -20},
    "affine": {"affine": np.array([[1, 0.2, 5], [0.1, 0.9, -3], [0, 0, 1]])},
    "moved": {"translate": (-1e4, 2e4 + 0.5)},
    "mirrored": {"scale": (-1, 2)},
}


@pytest.mark.parametrize("how", LYING)
def test_a_layer_that_lies_otherwise_gives_the_same_labels(how, blobs):
    kits = [Kit(blobs), Kit(blobs, **LYING[how])]
    for kit in kits:
        kit.click(12.3, 22.7)
        kit.click(55, 10, button=2)
        kit.session.predict()
        kit.session.commit()
        kit.session.next_object()
        kit.box(50, 5, 58, 13)
        kit.binding.shapes.add_polygons(np.array([(49, 4), (49, 14), (57.5, 9.1)]))
        kit.session.predict()
        kit.session.commit()
    plain, other = kits
    assert plain.session.labels.tobytes() == other.session.labels.tobytes()
    assert set(np.unique(other.session.labels)) == {0, 1, 2}
    assert (
        plain.session.state.committed_prompts == other.session.state.committed_prompts
    )


def test_a_cropped_layer_is_its_own_image(blobs):
    kit = Kit(blobs[5:40, 10:50], translate=(5, 10))
    kit.mouse.click((15, 25))
    assert kit.session.current_prompts == Prompts.point(10, 15)
    assert kit.session.predict().area == 400
    kit.session.commit()
    assert kit.binding.labels.get_value((15, 25), world=True) == 1


def test_a_known_pixel_is_clicked(blobs):
    pixels = np.zeros_like(blobs)
    pixels[31, 17] = 255
    kit = Kit(pixels, scale=(2, 0.5), rotate=15)
    world = kit.layer.data_to_world((31.4, 16.6))
    kit.mouse.click(world)
    kit.session.predict()
    kit.session.commit()
    assert np.argwhere(kit.session.labels).tolist() == [[31, 17]]


def test_labels_that_a_script_replaces_are_taken_over_as_one_step(kit):
    others = np.zeros((64, 64), np.int64)
    others[2:6, 3:9], others[40:50, 40:50] = 4, 9
    kit.binding.labels.data = others
    np.testing.assert_array_equal(kit.session.labels, others)
    np.testing.assert_array_equal(kit.binding.labels.data, others)
    assert np.may_share_memory(kit.binding.labels.data, kit.session.labels)
    assert sorted(kit.session.objects) == [4, 9]
    kit.session.undo()
    assert not kit.session.labels.any()
    assert not kit.binding.labels.data.any()


def test_labels_of_a_stack_are_replaced_in_every_plane(blobs):
    kit = Kit(np.stack([blobs] * 3), "tyx")
    others = np.zeros((3, 64, 64), np.uint16)
    others[0, :5], others[2, 5:] = 1, 2
    kit.binding.labels.data = others
    np.testing.assert_array_equal(kit.session.labels, others)
    kit.session.undo()
    assert not kit.session.labels.any()


@pytest.mark.parametrize("others", [np.ones((3, 4), int), np.full((64, 64), -1)])
def test_labels_that_cannot_be_taken_over_are_refused_in_a_sentence(kit, others):
    before = kit.binding.labels.data
    kit.binding.labels.data = others
    assert kit.binding.labels.data is before
    assert not kit.session.labels.any()
    assert not kit.steps
    (why,) = kit.said
    assert why.startswith("The labels were not replaced.")
