"""Tracks of a session: divided, cut, joined, swapped, ended, approved, and undone."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sam import Address
from napari_sam.core.errors import SessionError
from napari_sam.core.mask import Mask
from napari_sam.core.propagation import Edge, ObjectState, State
from napari_sam.session import AnnotationSession, actions
from napari_sam.session.adding_masks import MaskAdder
from napari_sam.session.persistence.journal import Journal
from napari_sam.session.persistence.recovery import restore

from .conftest import promptable, snapshot

FRAMES = 6


def square(top, left):
    return Mask.from_array(np.ones((6, 6), bool), top=top, left=left)


@pytest.fixture
def session():
    """Object 1 is prompted on frame 0, and propagated to the others; so is 2."""
    made = AnnotationSession(promptable(np.zeros((FRAMES, 40, 40), np.uint8)))
    made.add_masks({Address(0, 1): square(2, 2), Address(0, 2): square(20, 20)})
    track(made, 1, range(1, FRAMES), 2)
    track(made, 2, range(1, FRAMES), 20)
    return made


def track(session, number, frames, start, known=None):
    adder = MaskAdder(session)
    for frame in frames:
        masks = {Address(frame, number): square(start + frame, start)}
        tracked = dict.fromkeys(masks, known or ObjectState(confidence=0.5))
        adder.add(adder.request(masks, tracked)())


def frames_of(session, number):
    return [at.frame for at in session.state.footprints.of_object(number)]


def known(session, number):
    return [session.state.known(Address(f, number)) for f in range(FRAMES)]


def undone(session, action):
    """Execute, and see that undo and redo bring the states back."""
    before = snapshot(session)
    session.execute(action)
    after = snapshot(session)
    session.undo()
    assert snapshot(session) == before
    session.redo()
    assert snapshot(session) == after


def test_what_was_propagated_is_told_from_what_a_person_said(session):
    assert known(session, 1) == [State.PROMPTED, *[State.PROPAGATED] * 5]
    assert session.state.tracked[Address(3, 1)].confidence == 0.5
    session.undo()
    assert frames_of(session, 2) == [0]
    assert frames_of(session, 1) == list(range(FRAMES))


def test_what_a_person_draws_is_prompted(session):
    whole = session.state.labels.mask(Address(3, 1))
    region, mask = whole.region, whole.array
    before = session.state.labels.read(3, region)
    after = before.copy()
    after[0, 0] = 0
    session.paint(3, region, before, after)
    assert known(session, 1)[3] is State.PROMPTED
    track(session, 1, [3, 4], 2, ObjectState(confidence=0.9))
    assert session.state.labels.mask(Address(3, 1)).area == mask.sum() - 1
    assert session.state.tracked[Address(4, 1)].confidence == 0.9


def test_objects_of_one_frame_change_places_without_losing_pixels(session):
    one, two = (session.state.labels.mask(Address(2, i)).region for i in (1, 2))
    masks = {Address(2, 1): square(22, 20), Address(2, 2): square(4, 2)}
    adder = MaskAdder(session)
    adder.add(adder.request(masks, dict.fromkeys(masks, ObjectState()))())
    assert session.state.labels.mask(Address(2, 1)).region.intersection(two) == two
    assert session.state.labels.mask(Address(2, 2)).area == 36
    assert session.state.labels.mask(Address(2, 2)).region.intersection(one) == one


def test_an_empty_propagated_mask_takes_the_object_off_the_frame(session):
    nothing = Mask.from_array(np.zeros((1, 1), bool))
    adder = MaskAdder(session)
    adder.add(adder.request({Address(2, 1): nothing}, {Address(2, 1): ObjectState()})())
    assert known(session, 1)[2] is None
    assert frames_of(session, 1) == [0, 1, 3, 4, 5]


def test_a_mother_that_goes_on_is_cut_where_she_divides(session):
    session.execute(actions.DeleteFrom(2, 0))
    session.add_masks({Address(3, 9): square(30, 30)})
    undone(session, actions.Divide(1, (9,)))
    assert frames_of(session, 1) == [0, 1, 2]
    assert frames_of(session, 10) == [3, 4, 5]
    assert session.state.edges == {Edge(1, 9), Edge(1, 10)}
    assert known(session, 10)[4] is State.PROPAGATED


@pytest.mark.parametrize(
    ("mother", "daughters"), [(1, ()), (1, (1,)), (1, (2,)), (7, (2,))]
)
def test_what_is_no_division_is_refused(session, mother, daughters):
    before = snapshot(session)
    with pytest.raises(SessionError):
        session.execute(actions.Divide(mother, daughters))
    assert snapshot(session) == before


def test_a_daughter_has_one_mother(session):
    session.add_masks({Address(3, 8): square(30, 30)})
    session.execute(actions.Divide(1, (8,)))
    with pytest.raises(SessionError, match="one mother"):
        session.execute(actions.Divide(2, (8,)))


def test_deleting_a_daughter_ends_the_division(session):
    session.add_masks({Address(3, 8): square(30, 30)})
    session.execute(actions.Divide(1, (8,)))
    undone(session, actions.Delete((8,)))
    assert session.state.edges == frozenset()


def test_cut_and_join(session):
    labels = np.array(session.labels)
    undone(session, actions.CutTrack(1, 3))
    assert frames_of(session, 1) == [0, 1, 2]
    assert frames_of(session, 3) == [3, 4, 5]
    undone(session, actions.JoinTracks(1, 3))
    np.testing.assert_array_equal(session.labels, labels)
    assert 3 not in session.objects
    with pytest.raises(SessionError, match="on frame"):
        session.execute(actions.JoinTracks(1, 2))
    with pytest.raises(SessionError, match="cannot be cut"):
        session.execute(actions.CutTrack(1, 0))


def test_two_change_places_after_a_crossing(session):
    one, two = (session.labels[4] == i for i in (1, 2))
    undone(session, actions.SwapTracks(1, 2, 3))
    np.testing.assert_array_equal(session.labels[4] == 2, one)
    np.testing.assert_array_equal(session.labels[4] == 1, two)
    assert session.labels[2][4, 2] == 1
    assert session.labels[3][5, 2] == 2


def test_ends_and_begins(session):
    undone(session, actions.EndTrack(1, 3))
    assert frames_of(session, 1) == [0, 1, 2, 3]
    assert known(session, 1)[4:] == [State.ABSENT, None]
    undone(session, actions.BeginTrack(2, 4))
    assert frames_of(session, 2) == [4, 5]
    assert known(session, 2)[2:4] == [None, State.ABSENT]
    session.add_masks({Address(4, 1): square(5, 5)})
    assert known(session, 1)[4] is State.PROMPTED


def test_approved_frames_are_protected(session):
    undone(session, actions.ApproveFrames(1, (2, 3)))
    assert known(session, 1)[2:4] == [State.APPROVED] * 2
    before = snapshot(session)
    for refused in (
        actions.EndTrack(1, 1),
        actions.DeleteFrom(1, 3),
        actions.MarkAbsent(1, (2,)),
        actions.Delete((1,)),
        actions.Resize(Address(2, 1), 1),
    ):
        with pytest.raises(SessionError, match="approved"):
            session.execute(refused)
    assert snapshot(session) == before
    session.add_masks({Address(2, 2): square(5, 2)}, overlap="overwrite")
    assert (session.labels[2] == 1).sum() == 36
    session.execute(actions.ApproveFrames(1, (2, 3), approved=False))
    session.execute(actions.Resize(Address(2, 1), 1))


def test_a_record_and_a_journal_hold_tracks(session, tmp_path):
    session.add_masks({Address(3, 8): square(30, 30)})
    session.execute(actions.Divide(1, (8,)))
    session.execute(actions.SwapTracks(8, 2, 4))
    before = snapshot(session)
    session.execute(actions.EndTrack(2, 1))
    session.execute(actions.ApproveFrames(2, (0, 1)))
    again = AnnotationSession.from_dict(session.to_dict(), session.image)
    assert snapshot(again) == snapshot(session)
    journal = Journal(session, folder=tmp_path)
    assert journal.flush(10)
    restored = restore(journal.path, session.image)
    journal.close()
    assert snapshot(restored) == snapshot(session)
    restored.undo()
    restored.undo()
    assert snapshot(restored) == before


def test_tracks_of_a_plane_are_refused():
    session = AnnotationSession(promptable(np.zeros((40, 40), np.uint8)))
    session.add_masks({Address(0, 1): square(2, 2)})
    with pytest.raises(SessionError, match="movie or a stack"):
        session.execute(actions.CutTrack(1, 0))


def test_times_of_volumes():
    session = AnnotationSession(promptable(np.zeros((3, 2, 40, 40), np.uint8)))
    session.add_masks({Address(f, 1): square(2, 2) for f in range(6)})
    session.execute(actions.EndTrack(1, 1))
    assert frames_of(session, 1) == [0, 1]
    absent = [at.frame for at in session.state.tracked]
    assert absent == [2, 3]
