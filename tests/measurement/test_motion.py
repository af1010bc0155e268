"""Motion and tracks: steps, speeds, lifetimes, divisions and growth."""

from math import log, pi

import numpy as np
import pandas as pd
import pytest

import napari_sam as sam
from napari_sam.core.errors import ImageError, TrackError
from napari_sam.measurement import write_table
from napari_sam.tracking import Edge, Segment


def movie(paths, size=40, side=3):
    """Squares that go along paths; None where one is not there."""
    frames = max(map(len, paths.values()))
    labels = np.zeros((frames, size, size), np.uint32)
    for number, path in paths.items():
        for frame, at in enumerate(path):
            if at is not None:
                row, col = at
                labels[frame, row : row + side, col : col + side] = number
    return labels


STRAIGHT = movie({1: [(5, 5 + 2 * t) for t in range(9)]})


def test_a_straight_path():
    objects = sam.measure(
        STRAIGHT, axes="tyx", scale={"y": 0.5, "x": 0.5, "t": 10}, units="micrometer"
    )
    assert objects["step"].tolist()[1:] == [1.0] * 8
    assert objects["speed"].tolist()[1:] == pytest.approx([0.1] * 8)
    assert objects["direction"].tolist()[1:] == [0.0] * 8
    assert objects["displacement"].tolist() == list(range(9))
    assert np.isnan(objects["step"][0])
    [track] = sam.measure_tracks(objects).to_dict("records")
    assert track["path_length"] == track["displacement"] == 8
    assert (track["lifetime"], track["frames"]) == (80, 9)
    assert track["straightness"] == 1
    assert track["mean_speed"] == pytest.approx(0.1)
    assert track["growth_rate"] == pytest.approx(0)
    assert (track["parent"], track["daughters"], track["generation"]) == (0, 0, 0)
    units = objects.attrs["units"]
    assert units["speed"] == "micrometer"  # the unit of the time is not known


def test_directions():
    square = movie({4: [(5, 5), (5, 9), (9, 9), (9, 5), (5, 5), (5, 5)]})
    objects = sam.measure(square, axes="tyx")
    assert objects["direction"][1:5].tolist() == pytest.approx([0, pi / 2, pi, -pi / 2])
    assert np.isnan(objects["direction"][5])
    [track] = sam.measure_tracks(objects).to_dict("records")
    assert track["displacement"] == 0
    assert track["straightness"] == 0
    assert np.isnan(track["direction"])


def test_gaps_take_their_time():
    gap = movie({2: [(5, 5), None, None, (5, 11)]})
    objects = sam.measure(gap, axes="tyx")
    assert objects["frame"].tolist() == [0, 3]
    assert objects["speed"][1] == 2
    squares = sam.mean_squared_displacement(objects, lags=3)
    assert squares.iloc[:, :5].to_numpy().tolist() == [[2, 3, 3, 36, 1]]


def test_the_mean_squared_displacement_of_a_straight_path_is_a_parabola():
    objects = sam.measure(STRAIGHT, axes="tyx", scale={"t": 5.0})
    found = sam.mean_squared_displacement(objects, lags=4)
    assert found["lag"].tolist() == [5, 10, 15, 20]
    assert found["mean_squared_displacement"].tolist() == [4, 16, 36, 64]
    assert found["pairs"].tolist() == [8, 7, 6, 5]
    assert len(sam.mean_squared_displacement(objects)) == 2
    assert found.attrs["units"]["mean_squared_displacement"] == "pixel^2"


def test_a_random_walk_spreads_in_proportion_to_time():
    rng = np.random.default_rng(0)
    at = rng.normal(0, 1, (4000, 2)).cumsum(0)
    table = pd.DataFrame({"y": at[:, 0], "x": at[:, 1], "object": 1})
    table["frame"] = table["time"] = range(len(at))
    table["step"] = 0.0
    found = sam.mean_squared_displacement(table, lags=5)
    expected = 2 * found["lag_frames"]
    np.testing.assert_allclose(found["mean_squared_displacement"], expected, rtol=0.1)


def test_divisions_are_in_the_table_of_tracks():
    labels = movie(
        {
            1: [(5, 5), (5, 6), (5, 7)],
            2: [None, None, None, (2, 7), (2, 8), (2, 9)],
            3: [None, None, None, (9, 7), (9, 8), (9, 9)],
            4: [None] * 6 + [(2, 9)],
            5: [None] * 6 + [(2, 15)],
        }
    )
    segments = [Segment(1, [0, 1, 2]), Segment(2, [3, 4, 5]), Segment(3, [3, 4, 5])]
    segments += [Segment(4, [6]), Segment(5, [6])]
    edges = [Edge(1, 2), Edge(1, 3), Edge(2, 4), Edge(2, 5)]
    tracks = sam.Tracks(labels, segments, edges)
    objects = sam.measure(tracks, scale={"t": 2.0})
    table = sam.measure_tracks(objects, tracks).set_index("object")
    assert table["parent"].to_dict() == {1: 0, 2: 1, 3: 1, 4: 2, 5: 2}
    assert table["daughters"].to_dict() == {1: 2, 2: 2, 3: 0, 4: 0, 5: 0}
    assert table["generation"].to_dict() == {1: 0, 2: 1, 3: 1, 4: 2, 5: 2}
    assert table["division_time"][[1, 2]].tolist() == [6, 12]
    assert table["cycle_time"][2] == 6
    assert table["cycle_time"].isna().sum() == 4
    by_parents = sam.measure_tracks(objects, {2: 1, 3: 1, 4: 2, 5: 2})
    pd.testing.assert_frame_equal(table.reset_index(), by_parents)


def test_growth_is_the_slope_of_the_logarithm():
    labels = np.zeros((4, 40, 40), int)
    for frame in range(4):
        labels[frame, : 4 * 2**frame, :5] = 1
    objects = sam.measure(labels, axes="tyx", scale={"t": 0.5})
    [track] = sam.measure_tracks(objects).to_dict("records")
    assert track["growth_rate"] == pytest.approx(log(2) / 0.5)


def test_tracks_are_measured_by_their_ids():
    labels = movie({7: [(5, 5), None], 8: [None, (5, 6)]})
    tracks = sam.Tracks(labels, [Segment(3, [0, 1], [7, 8])])
    objects = sam.measure(tracks)
    assert objects["object"].tolist() == [3, 3]
    assert objects["step"][1] == 1


def test_a_table_without_times_is_refused():
    table = sam.measure(STRAIGHT[0])
    with pytest.raises(TrackError, match="axis t"):
        sam.measure_tracks(table)
    with pytest.raises(TrackError, match="axis t"):
        sam.mean_squared_displacement(table)
    with pytest.raises(TrackError, match="a frame or more"):
        sam.mean_squared_displacement(sam.measure(STRAIGHT, axes="tyx"), lags=0)


def test_an_empty_movie_has_empty_tables():
    objects = sam.measure(np.zeros((3, 8, 8), int), axes="tyx")
    full = sam.measure_tracks(sam.measure(STRAIGHT, axes="tyx"))
    assert len(sam.measure_tracks(objects)) == 0
    assert list(sam.measure_tracks(objects)) == list(full)
    assert len(sam.mean_squared_displacement(objects)) == 0


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
def test_a_table_in_a_file_is_the_same(tmp_path, suffix):
    objects = sam.measure(STRAIGHT, axes="tyx", scale={"t": 0.1}, units={"t": "s"})
    path = tmp_path / f"table{suffix}"
    write_table(path, objects)
    if suffix == ".parquet":
        read = pd.read_parquet(path)
        assert read.attrs["units"] == objects.attrs["units"]
    else:
        read = pd.read_csv(path, sep="," if suffix == ".csv" else "\t")
    pd.testing.assert_frame_equal(read, objects, check_dtype=False)
    with pytest.raises(ImageError, match="there already"):
        write_table(path, objects)
    write_table(path, objects[:1], overwrite=True)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(ImageError, match=r"\.parquet"):
        write_table(tmp_path / "table.xlsx", sam.measure(STRAIGHT[0]))
