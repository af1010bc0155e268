import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st

from napari_sam.core.errors import AxesError, NotAnImageError
from napari_sam.core.geometry.region import Region
from napari_sam.core.images.frames import Frames, pixels_digest

SIZES = {"t": 3, "z": 2, "c": 4, "y": 6, "x": 5}


@given(st.permutations("tzcyx"), st.integers(2, 5))
def test_every_order_of_axes_gives_the_same_planes(letters, count):
    axes = "".join(a for a in letters if a in "yx" or letters.index(a) < count)
    full = np.arange(3 * 2 * 4 * 6 * 5).reshape(3, 2, 4, 6, 5)
    cut = full[tuple(slice(None) if a in axes else 0 for a in "tzcyx")]
    kept = [a for a in "tzcyx" if a in axes]
    frames = Frames(cut.transpose([kept.index(a) for a in axes]), axes)
    for plane in range(len(frames)):
        where = frames.unravel(plane)
        assert frames.ravel(where) == plane
        pixels = full[where.get("t", 0), where.get("z", 0)]
        expected = pixels.transpose(1, 2, 0) if "c" in axes else pixels[0]
        np.testing.assert_array_equal(frames[plane], expected)


def test_a_2d_array_is_a_stack_of_one():
    frames = Frames(np.zeros((4, 5)))
    assert (frames.axes, len(frames), frames.plane_shape) == ("yx", 1, (4, 5))
    assert frames.n_channels is None
    assert frames.unravel(0) == {}


@pytest.mark.parametrize("shape", [(4, 5, 3), (4, 5, 4), (7, 4, 5), (2, 3, 4, 5)])
def test_above_two_dimensions_axes_are_never_guessed(shape):
    with pytest.raises(AxesError, match=r"needs axes.*yxc"):
        Frames(np.zeros(shape))


@pytest.mark.parametrize("axes", ["yx", "tyxc", "qyx", "yyx", "tzc", "YXC", ""])
def test_axes_that_do_not_fit_are_refused(axes):
    with pytest.raises(AxesError, match="does not describe"):
        Frames(np.zeros((3, 4, 5)), axes)


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (np.zeros((0, 5)), "empty"),
        (np.zeros((4, 5), complex), "type complex"),
        (np.full((4, 5), "a"), "type <U1"),
        ([[1, 2], [3]], "not an array"),
    ],
)
def test_what_is_not_an_image_is_refused(data, match):
    with pytest.raises(NotAnImageError, match=match):
        Frames(data)


def test_one_dimension_is_refused():
    with pytest.raises(AxesError, match="at least two"):
        Frames(np.zeros(5))


def test_neighbours_lie_along_one_axis():
    frames = Frames(np.zeros((3, 4, 5, 6)), "tzyx")
    middle = frames.ravel({"t": 1, "z": 2})
    assert [frames.unravel(p) for p in frames.neighbours(middle, "t")] == [
        {"t": 0, "z": 2},
        {"t": 2, "z": 2},
    ]
    assert frames.neighbours(0, "z") == (1,)
    with pytest.raises(AxesError, match="no axis 'c'"):
        frames.neighbours(0, "c")


class Watched:
    """An array that notes what is read of it."""

    def __init__(self, data):
        self.data, self.shape, self.dtype = data, data.shape, data.dtype
        self.read = 0

    def __getitem__(self, where):
        assert all(isinstance(w, slice | int) for w in where)
        out = self.data[where]
        self.read += out.size
        return out


def test_only_the_window_asked_for_is_read():
    data = Watched(np.arange(3 * 50 * 60).reshape(3, 50, 60))
    frames = Frames(data, "tyx")
    window = frames.read(2, Region(10, 20, 14, 25))
    np.testing.assert_array_equal(window, data.data[2, 10:14, 20:25])
    assert data.read == 20


def test_zarr_arrays_are_read_plane_by_plane():
    array = zarr.array(np.arange(120).reshape(4, 5, 6))
    np.testing.assert_array_equal(
        Frames(array, "zyx")[3], np.arange(90, 120).reshape(5, 6)
    )


def test_a_plane_that_is_not_there_is_an_index_error():
    with pytest.raises(IndexError, match="frame 1 of an image with 1"):
        Frames(np.zeros((4, 5)))[1]


def test_a_digest_names_pixels_shape_and_type():
    zeros = np.zeros((4, 6), np.uint8)
    names = {
        pixels_digest(z)
        for z in (zeros, zeros.reshape(6, 4), zeros.view(np.int8), zeros + 1)
    }
    assert len(names) == 4
    assert pixels_digest(zeros[:, ::2]) == pixels_digest(zeros[:, ::2].copy())


class Named:
    """What xarray has, as far as we look at it."""

    def __init__(self, data, *dims):
        self.data, self.shape, self.dtype, self.dims = (
            data,
            data.shape,
            data.dtype,
            dims,
        )

    def __getitem__(self, where):
        return self.data[where]


@pytest.mark.parametrize(
    ("dims", "axes"), [("xy", "xy"), (("Time", "latitude", "lon"), "tyx")]
)
def test_an_array_that_names_its_dimensions_needs_no_axes(dims, axes):
    data = np.arange(24).reshape((2, 3, 4) if len(axes) == 3 else (6, 4))
    frames = Frames(Named(data, *dims), None)
    assert frames.axes == axes
    np.testing.assert_array_equal(frames[0], data[0] if len(axes) == 3 else data.T)


def test_names_that_say_nothing_are_not_guessed():
    with pytest.raises(AxesError, match="needs axes"):
        Frames(Named(np.zeros((2, 3, 4)), "dim_0", "dim_1", "dim_2"))


def test_the_byte_order_of_a_file_is_not_seen():
    frames = Frames(np.arange(12, dtype=">u2").reshape(3, 4))
    assert frames.dtype == frames[0].dtype == np.dtype("u2")
    np.testing.assert_array_equal(frames[0].ravel(), range(12))
