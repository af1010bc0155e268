import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_sam.core.errors import TrackError
from napari_sam.tracking import Edge, Segment, State, Tracks, track_edits

SOURCE = np.zeros((20, 2, 2), np.uint8)


def tracks_of(*segments, edges=()):
    return Tracks(SOURCE, segments, edges)


def test_a_mother_that_goes_on_is_cut_where_her_daughter_appears():
    tracks = tracks_of(Segment(1, range(8)), Segment(2, range(5, 9)))
    divided = track_edits.divide(tracks, 1, [2])
    assert divided.divisions == {1: (2, 3)}
    assert divided[1].last == 4
    assert divided[3].frames.tolist() == [5, 6, 7]
    assert divided[3].labels.tolist() == [1, 1, 1]


def test_a_division_needs_two_daughters():
    tracks = tracks_of(Segment(1, range(5)), Segment(2, range(5, 9)))
    with pytest.raises(TrackError, match="two daughters"):
        track_edits.divide(tracks, 1, [2])


def test_what_came_after_a_segment_comes_after_the_rest_of_it():
    tracks = tracks_of(
        Segment(1, range(5)), Segment(2, [5]), Segment(3, [5]),
        edges=[Edge(1, 2), Edge(1, 3)],
    )  # fmt: skip
    cut = track_edits.cut(tracks, 1, 2)
    assert cut.divisions == {4: (2, 3)}
    again = track_edits.join(cut, 1, 4)
    assert again.segments == tracks.segments
    assert again.edges == tracks.edges
    assert again.next_id == 5  # never 4 again
    with pytest.raises(TrackError, match="nothing would be left"):
        track_edits.cut(tracks, 1, 0)


def test_an_object_over_a_gap_is_joined_and_one_over_a_division_is_not():
    tracks = tracks_of(
        Segment(1, [0, 1]), Segment(2, [4, 5]), Segment(3, [6]), Segment(4, [6]),
        edges=[Edge(2, 3), Edge(2, 4)],
    )  # fmt: skip
    joined = track_edits.join(tracks, 1, 2)
    assert joined[1].frames.tolist() == [0, 1, 4, 5]
    assert joined.divisions == {1: (3, 4)}
    with pytest.raises(TrackError, match="division"):
        track_edits.join(tracks, 2, 3)


def test_swapped_tracks_change_places_and_swapping_again_undoes_it():
    tracks = tracks_of(
        Segment(1, range(6)), Segment(2, range(8)), Segment(3, [8]), Segment(4, [8]),
        edges=[Edge(2, 3), Edge(2, 4)],
    )  # fmt: skip
    swapped = track_edits.swap(tracks, 1, 2, 3)
    assert swapped[1].labels.tolist() == [1, 1, 1, 2, 2, 2, 2, 2]
    assert swapped[2].labels.tolist() == [2, 2, 2, 1, 1, 1]
    assert swapped.divisions == {1: (3, 4)}
    back = track_edits.swap(swapped, 1, 2, 3)
    assert back.segments == tracks.segments
    assert back.edges == tracks.edges


def test_what_is_removed_takes_its_edges_with_it():
    tracks = tracks_of(
        Segment(1, range(5)), Segment(2, [5]), Segment(3, [5]),
        edges=[Edge(1, 2), Edge(1, 3)],
    )  # fmt: skip
    assert track_edits.remove_from(tracks, 1, 3).edges == ()
    assert track_edits.remove_from(tracks, 2, 0).edges == ()
    assert [s.id for s in track_edits.remove_from(tracks, 2, 0).segments] == [1, 3]


def test_approved_frames_are_certain_and_not_flagged():
    segment = Segment(1, [0, 1, 2], flags=[1, 1, 0], confidences=[0.2, 0.3, 0.9])
    approved = track_edits.approve(tracks_of(segment), 1, [0, 2])[1]
    assert approved.states.tolist() == [State.APPROVED, 0, State.APPROVED]
    assert approved.flags.tolist() == [False, True, False]
    assert approved.confidences.tolist() == pytest.approx([1, 0.3, 1])


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_no_edit_loses_an_object_or_uses_an_id_again(data):
    tracks = tracks_of(*(Segment(i, range(i, 12 + i)) for i in range(1, 4)))
    objects, ever = rows(tracks), {s.id for s in tracks.segments}
    for _ in range(data.draw(st.integers(1, 8))):
        before = {s.id for s in tracks.segments}
        ids = data.draw(st.permutations(sorted(before)))[:2]
        time = data.draw(st.integers(1, 15))
        edit = data.draw(st.sampled_from(["cut", "join", "swap", "divide"]))
        try:
            tracks = {
                "cut": lambda t, a, b, n: track_edits.cut(t, a, n),
                "join": lambda t, a, b, n: track_edits.join(t, a, b),
                "swap": track_edits.swap,
                "divide": lambda t, a, b, n: track_edits.divide(t, a, [b]),
            }[edit](tracks, *ids, time)
        except TrackError:
            continue
        new = {s.id for s in tracks.segments} - before
        assert not new & ever
        ever |= new
        assert rows(tracks) == objects


def rows(tracks):
    return sorted(
        (f, n)
        for s in tracks.segments
        for f, n in zip(s.frames.tolist(), s.labels.tolist(), strict=True)
    )
