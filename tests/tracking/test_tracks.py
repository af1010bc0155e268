import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_sam.core.errors import AxesError, TrackError
from napari_sam.core.mask import Mask
from napari_sam.tracking import Edge, Segment, State, Tracks


def labels_of(segments, shape=(9, 12, 200)):
    """Draw each object as one column of pixels, at its own label."""
    labels = np.zeros(shape, np.uint32)
    for segment in segments:
        for frame, label in zip(segment.frames, segment.labels, strict=True):
            labels[frame, 2:5, label] = label
    return labels


def family():
    segments = [Segment(1, [0, 1, 2]), Segment(2, [3, 4]), Segment(3, [3, 4, 5])]
    edges = [Edge(1, 2), Edge(1, 3)]
    return Tracks(labels_of(segments), segments, edges)


def test_labels_are_numbered_by_segment_and_read_where_they_are_sliced():
    segments = [Segment(1, [0, 1], [5, 9]), Segment(2, [1], [5])]
    source = labels_of(segments)
    source[1, 8, 8] = 77  # of no segment
    tracks = Tracks(source, segments)
    expected = np.zeros(source.shape, np.uint32)
    expected[0, 2:5, 5] = expected[1, 2:5, 9] = 1
    expected[1, 2:5, 5] = 2
    assert np.array_equal(tracks.labels, expected)
    assert np.array_equal(tracks.labels[1, 3:6, ::-1], expected[1, 3:6, ::-1])
    assert tracks.labels.shape == source.shape
    assert tracks.on_frame(1) == {2: 5, 1: 9}


def test_a_window_of_labels_reads_nothing_else():
    read = []

    class Recorded:
        shape, dtype = (1000, 40000, 40000), np.dtype(np.uint16)

        def __getitem__(self, index):
            read.append(index)
            return np.zeros([len(range(40000)[i]) for i in index[1:]], np.uint16)

    tracks = Tracks(Recorded(), [Segment(1, [7])])
    assert tracks.labels[7, :10, 5:9].shape == (10, 4)
    assert read == [(7, slice(0, 10), slice(5, 9))]


def test_masks_in_memory_are_painted_where_they_are_read():
    masks = {1: {4: Mask.from_array(np.ones((2, 3)), top=5, left=6)}}
    tracks = Tracks.from_masks(masks, (3, 20, 20), [Segment(2, [1], [4])])
    assert tracks.labels[1].sum() == 2 * 6
    assert tracks.labels[1, 6, 8] == 2
    assert not tracks.labels[2].any()


def test_tracks_of_labels_find_every_frame_of_an_object():
    tracks = Tracks.from_labels(labels_of([Segment(4, [0, 2]), Segment(6, [1])]))
    assert [s.id for s in tracks.segments] == [4, 6]
    assert tracks[4].frames.tolist() == [0, 2]
    assert tracks[4].has_gaps
    assert tracks.next_id == 7


@pytest.mark.parametrize(
    ("edges", "complaint"),
    [
        ([Edge(1, 2)], "two daughters or more"),
        ([Edge(1, 2), Edge(1, 9)], "segment 9, which is not there"),
        ([Edge(2, 1), Edge(2, 3)], "before segment 2"),
        ([Edge(1, 4), Edge(1, 3), Edge(2, 4)], "a daughter has one parent"),
    ],
)
def test_what_is_no_lineage_is_refused(edges, complaint):
    segments = [Segment(1, [0]), Segment(2, [1]), Segment(3, [1]), Segment(4, [5])]
    with pytest.raises(TrackError, match=complaint):
        Tracks(labels_of(segments), segments, edges)


def test_two_segments_cannot_be_one_object_nor_have_one_id():
    shared = [Segment(1, [0, 1], [3, 3]), Segment(2, [1], [3])]
    with pytest.raises(TrackError, match="share the object 3 of frame 1"):
        Tracks(labels_of(shared), shared)
    with pytest.raises(TrackError, match="the id 1"):
        Tracks(labels_of([]), [Segment(1, [0]), Segment(1, [2])])
    with pytest.raises(TrackError, match="9 frames"):
        Tracks(labels_of([]), [Segment(1, [9])])


def test_columns_of_a_segment_are_checked_and_cannot_be_written_to():
    with pytest.raises(TrackError, match="ascend"):
        Segment(1, [2, 1])
    with pytest.raises(TrackError, match="label is 0 where it is absent"):
        Segment(1, [1], [0])
    with pytest.raises(TrackError, match="value of each column"):
        Segment(1, [1, 2], flags=[True])
    with pytest.raises(ValueError, match="read-only"):
        Segment(1, [1]).frames[0] = 3


def test_an_absent_frame_has_no_label_and_is_in_no_table():
    segment = Segment(1, [0, 1, 2]).with_state([1], State.ABSENT)
    assert segment.labels.tolist() == [1, 0, 1]
    assert segment.present.tolist() == [True, False, True]
    tracks = Tracks(labels_of([Segment(1, [0, 2])]), [segment])
    assert tracks.on_frame(1) == {}


def test_napari_gets_centroids_and_the_graph():
    tracks = family()
    data, properties, graph = tracks.to_napari()
    assert data[0].tolist() == [1, 0, 3, 1]  # id, t, row, col
    assert data[-1].tolist() == [3, 5, 3, 3]
    assert len(data) == 8 == len(properties["confidence"])
    assert graph == {2: [1], 3: [1]}


def test_planes_of_one_time_are_one_object_in_napari():
    labels = np.zeros((2, 4, 8, 8), np.uint16)
    labels[1, 1:4, 2, 2] = 5
    tracks = Tracks.from_labels(labels, axes="tzyx")
    assert tracks.axis == "t"
    assert tracks[5].frames.tolist() == [5, 6, 7]
    assert tracks.to_napari().data.tolist() == [[5, 1, 2, 2, 2]]
    along_depth = Tracks.from_labels(labels, axes="tzyx", axis="z")
    assert along_depth.to_napari().data[:, :3].tolist() == [
        [5, 1, 1], [5, 2, 1], [5, 3, 1]
    ]  # fmt: skip


def test_tracks_without_objects_are_fine():
    tracks = Tracks(np.zeros((3, 8, 8), np.uint8), [])
    assert tracks.to_napari().data.shape == (0, 4)
    assert not np.asarray(tracks.labels).any()


def test_an_axis_that_is_not_there_is_refused():
    with pytest.raises(AxesError, match="t or z"):
        Tracks(np.zeros((8, 8), np.uint8), [])
    with pytest.raises(AxesError, match="t or z"):
        Tracks(np.zeros((2, 8, 8), np.uint8), [], axis="z")


@st.composite
def lineages(draw):
    """Random segments of which some divide and some merge, and their edges."""
    segments = [Segment(i + 1, [draw(st.integers(0, 3))]) for i in range(4)]
    edges = []
    for id in range(5, 5 + draw(st.integers(0, 20))):
        free = [s for s in segments if s.id not in {e.source for e in edges}]
        if draw(st.booleans()) and free:
            mother = draw(st.sampled_from(free))
            start = mother.last + draw(st.integers(1, 3))
            ids = [3 * id + 100 + k for k in range(draw(st.integers(2, 3)))]
            segments += [Segment(i, [start, start + 1]) for i in ids]
            edges += [Edge(mother.id, i) for i in ids]
        elif len(free) > 1:
            a, b = draw(st.permutations(free))[:2]
            segments.append(Segment(id, [max(a.last, b.last) + 1]))
            edges += [Edge(a.id, id), Edge(b.id, id)]
    return segments, edges


@settings(deadline=None, max_examples=60)
@given(lineages())
def test_a_daughter_has_one_parent_and_a_mother_two_daughters_or_more(lineage):
    segments, edges = lineage
    source = np.zeros((99, 2, 2), np.uint8)
    tracks = Tracks(source, segments, edges)
    assert sorted(e for e in edges) == list(tracks.edges)
    parents = {}
    for mother, daughters in tracks.divisions.items():
        assert len(daughters) >= 2
        for one in daughters:
            assert parents.setdefault(one, mother) == mother
            assert tracks[one].first > tracks[mother].last
            assert one not in tracks.merges
    for edge in edges:  # no edge can be left out alone
        rest = [e for e in edges if e != edge]
        siblings = [e for e in rest if e.source == edge.source]
        partners = [e for e in rest if e.target == edge.target]
        if len(siblings) == 1 or len(partners) == 1:
            with pytest.raises(TrackError):
                Tracks(source, segments, rest)
