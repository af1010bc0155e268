import numpy as np
import pytest
from napari.components import ViewerModel

from napari_sam import Region
from napari_sam.apps.dock.plane_geometry import PlaneGeometry, named_axes, possible_axes
from napari_sam.core.errors import AxesError

AFFINE = np.array([[1.0, 0.2, 5], [0.1, 0.9, -3], [0, 0, 1]])
#: Name, shape of the data, axes, and how the layer lies.
LAYERS = {
    "plain": ((40, 50), "yx", {}),
    "anisotropic": ((40, 50), "yx", {"scale": (0.5, 3)}),
    "rotated": ((40, 50), "yx", {"rotate": 33, "scale": (2, 1)}),
    "sheared": ((40, 50), "yx", {"shear": [0.3], "rotate": -20}),
    "affine": ((40, 50), "yx", {"affine": AFFINE, "scale": (2, 0.5)}),
    "moved": ((40, 50), "yx", {"translate": (-100, 2000.5)}),
    "mirrored": ((40, 50), "yx", {"scale": (-1, 2)}),
    "rgb": ((40, 50, 3), "yxc", {"rgb": True, "scale": (2, 0.5)}),
    "rgb movie": ((4, 40, 50, 3), "tyxc", {"rgb": True, "scale": (3, 2, 0.5)}),
    "stack": ((5, 40, 50), "zyx", {"scale": (4, 0.5, 0.25), "translate": (7, 8, 9)}),
    "movie of stacks": ((3, 5, 40, 50), "tzyx", {"scale": (1, 4, 0.5, 0.25)}),
    "channels first": ((2, 40, 50), "cyx", {"scale": (9, 2, 0.5)}),
    "channels between": ((3, 2, 40, 50), "tcyx", {"scale": (2, 5, 2, 0.5)}),
    "channels last": ((40, 50, 5), "yxc", {"scale": (2, 0.5, 3)}),
    "transposed": ((50, 40), "xy", {"scale": (2, 0.5)}),
    "transposed movie": ((50, 3, 40), "xty", {"scale": (2, 4, 0.5)}),
}  # fmt: skip


@pytest.fixture(params=LAYERS)
def lying(request):
    shape, axes, how = LAYERS[request.param]
    viewer = ViewerModel()
    layer = viewer.add_image(np.zeros(shape, np.uint8), **how)
    return viewer, layer, PlaneGeometry.of(layer, axes)


def _data_of(geometry, layer, frame, row, col):
    """Where a pixel is in the data of the image, channels aside."""
    where = {**geometry.frames.unravel(frame), "y": row, "x": col, "c": 0}
    axes = geometry.frames.axes[: layer.ndim]
    return [where[axis] for axis in axes]


def test_a_layer_of_ours_lies_on_the_image(lying):
    viewer, layer, geometry = lying
    labels = np.zeros([*geometry.frames.sizes.values(), 40, 50], np.uint32)
    ours = viewer.add_labels(geometry.view(labels), **geometry.keywords())
    last = len(geometry.frames) - 1
    for row, col in ((0, 0), (7, 31), (39, 49)):
        here = geometry.to_data(last, (row, col))[0]
        expected = np.array(
            layer.data_to_world(_data_of(geometry, layer, last, row, col))
        )
        found = np.array(ours.data_to_world(here))[-layer.ndim :]
        axes = geometry.frames.axes[layer.ndim - ours.ndim : layer.ndim]
        plain = [i for i, axis in enumerate(axes) if axis != "c"]
        skipped = layer.ndim - ours.ndim
        np.testing.assert_allclose(
            found[plain], expected[[i + skipped for i in plain]], atol=1e-9
        )


def test_positions_of_the_world_come_back(lying):
    _, _, geometry = lying
    for frame in range(len(geometry.frames)):
        plane = np.array(((0, 0), (12, 3), (39, 49)))
        back = geometry.of_world(geometry.to_world(frame, plane))
        np.testing.assert_allclose(back, geometry.to_data(frame, plane), atol=1e-9)
        assert [geometry.frame_of(position) for position in back] == [frame] * 3


def test_labels_are_shown_where_they_are(lying):
    _, _, geometry = lying
    labels = np.zeros([*geometry.frames.sizes.values(), 40, 50], np.uint32)
    frame = len(geometry.frames) - 1
    place = tuple(geometry.frames.unravel(frame).values())
    view = geometry.view(labels)
    view[tuple(geometry.to_data(frame, (7, 31))[0].astype(int))] = 9
    assert labels[(*place, 7, 31)] == 9  # a view, which writes through
    region = Region(5, 30, 9, 35)
    part = view[geometry.window(frame, region)]
    ((found, where, plane),) = geometry.planes(
        geometry.window(frame, region), (0,) * geometry.ndim, part
    )
    assert (found, where) == (frame, region)
    np.testing.assert_array_equal(plane, labels[(*place, *region.slices)])


def test_a_part_lies_where_it_is_in_the_whole(lying):
    viewer, _, geometry = lying
    frame = len(geometry.frames) - 1
    offset = geometry.to_data(frame, (7, 31))[0]
    part = viewer.add_points(np.zeros((1, geometry.ndim)), **geometry.keywords(offset))
    whole = viewer.add_points(np.zeros((1, geometry.ndim)), **geometry.keywords())
    inside = geometry.to_data(0, (2, 3))[0]
    inside[[i for i, a in enumerate(geometry.axes) if a not in "yx"]] = 0
    np.testing.assert_allclose(
        part.data_to_world(inside), whole.data_to_world(offset + inside), atol=1e-9
    )


def test_all_channels_show_the_same_labels():
    viewer = ViewerModel()
    viewer.add_image(np.zeros((3, 4, 40, 50)), scale=(1, 2, 1, 1))
    geometry = PlaneGeometry.of(viewer.layers[0], "tcyx")
    labels = np.zeros((3, 40, 50), np.uint32)
    labels[1, 5, 6] = 7
    layer = viewer.add_labels(geometry.view(labels), **geometry.keywords())
    for channel in range(4):
        viewer.dims.set_point((0, 1), (1, 2 * channel))
        assert layer.get_value((1, 2 * channel, 5, 6), world=True) == 7
    viewer.dims.set_point(0, 0)
    assert layer.get_value((0, 0, 5, 6), world=True) == 0


def test_levels_are_passed_on():
    levels = [np.zeros((64, 96)), np.zeros((32, 48)), np.zeros((16, 24))]
    layer = ViewerModel().add_image(levels, multiscale=True, scale=(2, 3))
    geometry = PlaneGeometry.of(layer)
    assert geometry.frames.plane_shape == (64, 96)
    assert [level.shape for level in geometry.frames.levels] == [(32, 48), (16, 24)]
    np.testing.assert_allclose(geometry.to_world(0, (5, 7))[0], (10, 21))


def test_axes_are_said_and_never_guessed():
    viewer = ViewerModel()
    stack = viewer.add_image(np.zeros((5, 40, 50)))
    assert named_axes(stack) is None
    with pytest.raises(AxesError, match="tyx or zyx or cyx"):
        PlaneGeometry.of(stack)
    stack.axis_labels = ("z", "y", "x")
    assert named_axes(stack) == "zyx"
    stack.axis_labels = ("time", "-2", "-1")
    assert named_axes(stack) == "tyx"
    assert named_axes(viewer.add_image(np.zeros((40, 50)))) == "yx"
    assert named_axes(viewer.add_image(np.zeros((40, 50, 3)), rgb=True)) == "yxc"
    assert possible_axes(stack)[:3] == ("tyx", "zyx", "cyx")
    movie = viewer.add_image(np.zeros((5, 40, 50, 3)), rgb=True)
    assert possible_axes(movie)[:2] == ("tyxc", "zyxc")


def test_positions_outside_have_no_frame():
    layer = ViewerModel().add_image(np.zeros((5, 40, 50)))
    geometry = PlaneGeometry.of(layer, "zyx")
    assert geometry.frame_of((4.4, 0, 0)) == 4
    assert geometry.frame_of((4.6, 0, 0)) is None
    assert geometry.frame_of((-0.6, 0, 0)) is None
