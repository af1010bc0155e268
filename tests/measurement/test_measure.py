"""Tables of labels: neighbours, brightness, invariances; large pictures in parts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import napari_sam as sam
from napari_sam.core.errors import AxesError, ImageError
from napari_sam.core.images.frames import Frames
from napari_sam.core.progress import Progress, drain
from napari_sam.io import Image
from napari_sam.measurement import MeasureSettings, iter_measure, windows

LABELS = arrays.arrays(np.uint8, (9, 11), elements=st.integers(0, 5))
#: Columns that do not change when a plane is turned or moved.
STEADY = [
    "pixels", "area", "perimeter", "equivalent_diameter", "axis_major_length",
    "axis_minor_length", "eccentricity", "solidity", "neighbours",
]  # fmt: skip


def test_touching_objects_and_the_nearest():
    labels = np.zeros((20, 30), int)
    labels[2:6, 2:6] = 1
    labels[2:6, 6:10] = 2
    labels[6:10, 10:14] = 3  # at a corner of 2
    labels[15:, 20:24] = 9
    table = sam.measure(labels).set_index("object")
    assert table["neighbours"].to_dict() == {1: 1, 2: 2, 3: 1, 9: 0}
    assert table["nearest_distance"][1] == pytest.approx(4)
    assert table["touches_border"].to_dict() == {1: False, 2: False, 3: False, 9: True}
    alone = sam.measure(labels * (labels == 1))
    assert np.isnan(alone["nearest_distance"][0])


def test_brightness_of_each_channel():
    rng = np.random.default_rng(0)
    labels = np.repeat([[0, 3, 3, 8]], 6, 0)
    image = rng.integers(0, 1000, (2, 6, 4)).astype(np.uint16)
    opened = Image(data=image, axes="cyx", channel_names=("DAPI", "GFP"))
    table = sam.measure(labels, opened).set_index("object")
    for channel, name in enumerate(("DAPI", "GFP")):
        for number in (3, 8):
            inside = image[channel][labels == number].astype(float)
            for of in ("mean", "min", "max", "std", "median", "sum"):
                found = table[f"intensity_{of}_{name}"][number]
                assert found == pytest.approx(getattr(np, of)(inside)), of


def test_pixels_without_data_are_left_out():
    labels = np.array([[1, 1, 1, 2, 2]] * 2)
    image = np.array([[5.0, np.nan, 7.0, np.nan, -1]] * 2)
    table = sam.measure(labels, Frames(image, "yx", nodata=-1)).set_index("object")
    assert table["intensity_mean"][1] == 6
    assert table["intensity_sum"][1] == 24
    assert np.isnan(table["intensity_sum"][2])
    assert np.isnan(table["intensity_median"][2])


def test_channels_without_names_and_with_the_same():
    labels, image = np.ones((4, 4), int), np.zeros((4, 4, 2), np.uint8)
    assert "intensity_mean_1" in sam.measure(labels, image, axes="yxc")
    same = Image(data=image, axes="yxc", channel_names=("a", "a"))
    assert "intensity_mean_a_1" in sam.measure(labels, same)


@given(LABELS, st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_turning_changes_no_size(labels, quarters):
    before = sam.measure(labels)
    after = sam.measure(np.rot90(labels, quarters))
    np.testing.assert_allclose(before[STEADY], after[STEADY], rtol=1e-9, atol=1e-6)


@given(LABELS, st.integers(0, 4), st.integers(0, 4))
@settings(max_examples=25, deadline=None)
def test_moving_changes_only_places(labels, down, right):
    before = sam.measure(labels)
    after = sam.measure(np.pad(labels, ((down, 2), (right, 1))))
    np.testing.assert_allclose(before[STEADY], after[STEADY], rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(before["row"] + down, after["row"])
    np.testing.assert_allclose(before["left"] + right, after["left"])


@given(LABELS, st.permutations(range(1, 6)))
@settings(max_examples=25, deadline=None)
def test_other_numbers_permute_the_rows(labels, numbers):
    new = np.array([0, *numbers]) * 1_000_000
    image = np.arange(labels.size).reshape(labels.shape)
    before = sam.measure(labels, image)
    after = sam.measure(new[labels], image).set_index("object")
    after = after.loc[new[before["object"]]].reset_index()
    assert before.drop(columns="object").equals(after.drop(columns="object"))


class Watched:
    """An array that notes the largest part that was read of it."""

    def __init__(self, data):
        self.data, self.shape, self.dtype, self.most = data, data.shape, data.dtype, 0

    def __getitem__(self, index):
        found = self.data[index]
        self.most = max(self.most, found.size)
        return found


@given(
    arrays.arrays(np.uint8, (5, 14, 17), elements=st.integers(0, 9)),
    st.sampled_from(["zyx", "tyx"]),
)
@settings(max_examples=25, deadline=None)
def test_in_parts_as_at_once(labels, axes):
    image = np.arange(labels.size, dtype=np.int32).reshape(labels.shape)
    whole = sam.measure(labels, image, axes=axes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "MOST", 1)
        patch.setattr(windows, "_SIDES", (2, 4, 5))
        parts = sam.measure(labels, image, axes=axes)
    np.testing.assert_allclose(
        whole.drop(columns=["length_unit", "time_unit"]).astype(float),
        parts.drop(columns=["length_unit", "time_unit"]).astype(float),
        rtol=1e-9,
        atol=1e-9,
    )


def test_large_pictures_are_read_in_parts(monkeypatch):
    monkeypatch.setattr(windows, "MOST", 1000)
    monkeypatch.setattr(windows, "_SIDES", (8, 16, 16))
    labels = np.zeros((200, 200), int)
    labels[::20, ::20] = np.arange(1, 101).reshape(10, 10)
    watched = Watched(labels)
    table = sam.measure(Frames(watched, "yx"), Frames(Watched(labels), "yx"))
    assert (table["intensity_mean"] == table["object"]).all()
    assert len(table) == 100
    assert watched.most <= 18 * 18


def test_only_one_frame_is_read_at_once():
    labels, image = (Watched(np.ones((7, 20, 20), int)) for _ in range(2))
    table = sam.measure(Frames(labels, "tyx"), Frames(image, "tyx"))
    assert len(table) == 7
    assert labels.most == image.most == 400


def test_progress_and_stopping():
    labels = Watched(np.ones((5, 6, 6), int))
    work = sam.iter_measure(Frames(labels, "tyx"))
    assert next(work) == Progress(0, 5, "measuring")
    work.close()
    assert labels.most == 0
    steps = []
    drain(sam.iter_measure(Frames(labels, "tyx")), steps.append)
    assert steps[-1] == Progress(5, 5, "measuring")
    assert [s.done for s in steps] == sorted(s.done for s in steps)


def test_volumes_or_planes_of_a_stack():
    labels = np.zeros((2, 4, 8, 8), int)
    labels[:, 1:3, 2:5, 2:5] = 1
    volumes = sam.measure(labels, axes="tzyx")
    assert volumes["volume"].tolist() == [18, 18]
    assert volumes["frame"].tolist() == [0, 1]
    planes = sam.measure(labels, axes="tzyx", settings=MeasureSettings(by_plane=True))
    assert planes["area"].tolist() == [9] * 4
    assert planes["plane"].tolist() == [1, 2, 1, 2]
    assert planes["frame"].tolist() == [1, 2, 5, 6]
    flat = sam.measure(labels[:, 1:2], axes="tzyx")
    assert flat["area"].tolist() == [9, 9]
    assert flat["speed"].tolist()[1:] == [0]


def test_what_is_not_wanted_is_left_out():
    labels = np.eye(5, dtype=int)
    nothing = MeasureSettings(
        shape=False, solidity=False, neighbours=False, intensity=False
    )
    found = set(sam.measure(labels, labels, settings=nothing))
    assert {"area", "row", "x"} <= found
    assert not found & {"perimeter", "solidity", "neighbours", "orientation"}
    assert not any(name.startswith("intensity") for name in found)


@pytest.mark.parametrize("shape", [(6, 6), (2, 6, 6)])
def test_no_objects_no_rows(shape):
    axes = {2: "yx", 3: "tyx"}[len(shape)]
    empty = sam.measure(np.zeros(shape, int), np.zeros(shape), axes=axes)
    full = sam.measure(np.ones(shape, int), np.zeros(shape), axes=axes)
    assert len(empty) == 0
    assert list(empty) == list(full)


@pytest.mark.parametrize("given", [-np.ones((4, 4), int), np.full((4, 4), 0.5)])
def test_what_is_no_label_is_refused(given):
    with pytest.raises(ImageError, match="whole numbers"):
        sam.measure(given)


def test_an_image_of_other_frames_is_refused():
    labels = np.ones((3, 4, 4), int)
    with pytest.raises(AxesError, match="the same frames"):
        sam.measure(labels, np.ones((2, 4, 4)), axes="tyx")
    with pytest.raises(AxesError, match="needs axes"):
        sam.measure(labels)
    with pytest.raises(ImageError, match="no channels"):
        drain(iter_measure(Frames(np.ones((4, 4, 3), int), "yxc")))


def test_files_of_labels_and_image(tmp_path):
    labels = np.zeros((12, 12), np.uint16)
    labels[2:6, 3:9] = 5
    like = Image(
        data=labels,
        axes="yx",
        scale={"y": 0.5, "x": 0.5},
        units=dict.fromkeys("yx", "micrometer"),
    )
    sam.write_labels(tmp_path / "labels.tif", labels, like=like)
    np.save(tmp_path / "image.npy", labels * 2)
    table = sam.measure(tmp_path / "labels.tif", tmp_path / "image.npy", axes="yx")
    assert table["area"].tolist() == [6.0]
    assert table["intensity_max"].tolist() == [10]
    assert table["length_unit"].tolist() == ["micrometer"]
    assert table.attrs["units"]["area"] == "micrometer^2"
