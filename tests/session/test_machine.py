"""Any sequence of steps: undone it is the start, redone the end, and a record of it
gives the same labels again."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from napari_sam import Address, Prompts
from napari_sam.core.errors import NapariSamError, SessionError
from napari_sam.core.geometry.region import Region
from napari_sam.core.propagation import ObjectState, State
from napari_sam.core.propagation.lineage import whole_events
from napari_sam.session import AnnotationSession, ObjectInfo, actions
from napari_sam.session.actions import action_from_dict
from napari_sam.session.adding_masks import MaskAdder
from napari_sam.session.edits.edit_codec import compound_from_dict, compound_to_dict
from napari_sam.session.session_state import SessionState

from .conftest import movie, promptable, snapshot

PLACES = st.sampled_from([(8, 8), (8, 45), (45, 8), (45, 45), (21, 21), (30, 35)])
# Few of each, so that steps meet.
FRAMES = st.integers(1, 2)
IDS = st.integers(1, 4)
PIXELS = movie()


class Annotating(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        labels = np.zeros(PIXELS.shape, np.uint32)
        labels[2, 55:60, 55:60] = 4
        self.session = AnnotationSession(promptable(PIXELS), labels=labels)
        self.start = snapshot(self.session)
        self.protected, self.approved = {}, set()

    def do(self, action):
        """What cannot be done changes nothing."""
        before = snapshot(self.session)
        try:
            self.session.execute(action)
        except NapariSamError:
            assert snapshot(self.session) == before

    @rule(frame=FRAMES, number=IDS)
    def goes_to(self, frame, number):
        self.session.current = Address(frame, number)

    @rule(place=PLACES, positive=st.booleans())
    def clicks(self, place, positive):
        self.session.add_point(*place, positive=positive)

    @rule(place=PLACES)
    def draws_a_box(self, place):
        row, col = place
        self.session.add_box(row - 8, col - 8, row + 8, col + 8)

    @rule(value=st.floats(-1, 1))
    def slides_the_threshold(self, value):
        self.session.set_threshold(value)

    @rule(overlap=st.sampled_from(["keep", "overwrite"]))
    def commits(self, overlap):
        before = snapshot(self.session)
        try:
            self.session.commit(overlap=overlap)
        except NapariSamError:
            assert snapshot(self.session) == before

    @rule(places=st.lists(PLACES, min_size=1, max_size=3), frame=FRAMES)
    def runs_a_batch(self, places, frame):
        first = self.session.state.objects.free_id()
        asked = {
            Address(frame, first + i): Prompts.point(*place)
            for i, place in enumerate(places)
        }
        self.session.replace_prompts(asked)
        answers = self.session.request(*asked)()
        before = snapshot(self.session)
        try:
            self.session.commit(answers)
        except NapariSamError:
            assert snapshot(self.session) == before

    @rule(place=PLACES, number=IDS, frame=FRAMES)
    def propagates(self, place, number, frame):
        answer = self.session.image.segment(Prompts.point(*place), frame)
        if answer.area:
            self.session.add_masks({Address(frame, number): answer})

    @rule(places=st.lists(st.tuples(PLACES, FRAMES), min_size=1, max_size=4))
    def adds_masks_in_chunks(self, places):
        """All of them are undone by one step."""
        before, adder = snapshot(self.session), MaskAdder(self.session)
        first = self.session.state.objects.free_id()
        for i, (place, frame) in enumerate(places):
            answer = self.session.image.segment(Prompts.point(*place), frame)
            if answer.area:
                adder.add(adder.request({Address(frame, first + i): answer})())
        if snapshot(self.session) != before:
            after = snapshot(self.session)
            self.session.undo()
            assert snapshot(self.session) == before
            self.session.redo()
            assert snapshot(self.session) == after

    @rule(place=PLACES, number=st.integers(0, 5), frame=FRAMES)
    def paints(self, place, number, frame):
        row, col = place
        region = Region(row - 2, col - 2, row + 3, col + 3)
        before = self.session.state.labels.read(frame, region)
        with suppress(SessionError):
            self.session.paint(frame, region, before, np.full_like(before, number))

    @rule(ids=st.lists(IDS, min_size=1, max_size=2))
    def deletes(self, ids):
        self.do(actions.Delete(tuple(ids)))

    @rule(ids=st.lists(IDS, min_size=2, max_size=3))
    def merges(self, ids):
        self.do(actions.Merge(tuple(ids)))

    @rule(number=IDS, frame=FRAMES, row=st.sampled_from([8.0, 21.0, 45.0]))
    def splits(self, number, frame, row):
        self.do(actions.Split(Address(frame, number), ((row, 0.0), (row, 63.0))))

    @rule(number=IDS, frame=FRAMES, pixels=st.integers(-2, 3))
    def grows(self, number, frame, pixels):
        self.do(actions.Resize(Address(frame, number), pixels))

    @rule(number=IDS, frame=FRAMES)
    def fills(self, number, frame):
        self.do(actions.FillHoles(Address(frame, number)))

    @rule(number=IDS, frame=FRAMES)
    def reopens(self, number, frame):
        self.do(actions.ReopenObject(Address(frame, number)))

    @rule(number=IDS, status=st.sampled_from(["open", "approved", "rejected"]))
    def judges(self, number, status):
        self.do(actions.SetInfo(number, ObjectInfo("a", "b", status)))

    @rule(places=st.lists(st.tuples(PLACES, IDS), min_size=1, max_size=3), frame=FRAMES)
    def tracks(self, places, frame):
        """Propagated masks leave what a person has said as it is."""
        state, adder = self.session.state, MaskAdder(self.session)
        said = {
            at: state.labels.mask(at).array.tobytes()
            for at in state.footprints
            if state.is_decided(at)
        }
        masks = {
            Address(frame, number): self.session.image.segment(Prompts.point(*place), 0)
            for place, number in places
        }
        adder.add(adder.request(masks, dict.fromkeys(masks, ObjectState()))())
        assert said == {at: state.labels.mask(at).array.tobytes() for at in said}

    @rule(number=IDS, frame=FRAMES, back=st.booleans())
    def approves_frames(self, number, frame, back):
        if back:
            self.approved = set()
        self.do(actions.ApproveFrames(number, (frame,), not back))

    @rule(
        kind=st.sampled_from(
            [actions.EndTrack, actions.BeginTrack, actions.DeleteFrom]
        ),
        number=IDS,
        frame=FRAMES,
    )
    def limits_a_track(self, kind, number, frame):
        self.do(kind(number, frame))

    @rule(number=IDS, frame=FRAMES)
    def marks_absent(self, number, frame):
        self.do(actions.MarkAbsent(number, (frame,)))

    @rule(number=IDS, frame=FRAMES)
    def cuts(self, number, frame):
        self.do(actions.CutTrack(number, frame))

    @rule(ids=st.lists(st.integers(1, 6), min_size=2, max_size=3, unique=True))
    def divides(self, ids):
        self.do(actions.Divide(ids[0], tuple(ids[1:])))

    @rule(ids=st.lists(st.integers(1, 6), min_size=2, max_size=2), frame=FRAMES)
    def joins_and_swaps(self, ids, frame):
        self.do(actions.JoinTracks(*ids))
        self.do(actions.SwapTracks(*ids, frame))

    @rule()
    def undoes(self):
        self.protected, self.approved = {}, set()
        self.session.undo()

    @precondition(lambda self: self.session.history.undone)
    @rule()
    def redoes(self):
        self.protected, self.approved = {}, set()
        self.session.redo()

    @invariant()
    def leaves_what_is_approved_as_it_is(self):
        now = {i: self.session.labels == i for i in self.session.state.objects.approved}
        for i in now.keys() & self.protected.keys():
            np.testing.assert_array_equal(now[i], self.protected[i])
        self.protected = now

    @invariant()
    def leaves_frames_that_are_approved_as_they_are(self):
        state = self.session.state
        now = {
            (
                at.frame,
                state.labels.mask(at).region,
                state.labels.mask(at).array.tobytes(),
            )
            for at, known in state.tracked.items()
            if known.state is State.APPROVED
        }
        pixels = {(frame, mask) for frame, _, mask in now}
        assert {(frame, mask) for frame, _, mask in self.approved} <= pixels
        self.approved = now

    @invariant()
    def knows_tracks_of_objects_only(self):
        state = self.session.state
        for at, known in state.tracked.items():
            assert (at in state.footprints) != (known.state is State.ABSENT)
            assert at.object_id in state.objects
        assert frozenset(whole_events(state.edges)) == state.edges
        ends = {i for e in state.edges for i in (e.source, e.target)}
        assert ends <= set(state.objects)

    @invariant()
    def knows_where_objects_lie(self):
        found = SessionState(self.session.frames, self.session.labels).footprints
        known = self.session.state.footprints
        assert {a: f.area for a, f in found.items()} == {
            a: f.area for a, f in known.items()
        }

    @invariant()
    def knows_the_largest_number(self):
        state = self.session.state
        places = (state.open_prompts, state.committed_prompts, state.footprints)
        used = {at.object_id for table in places for at in table} | set(state.objects)
        assert state.objects.free_id() == max(used, default=0) + 1

    @invariant()
    def knows_objects_by_frame_and_by_number(self):
        places = list(self.session.state.footprints)
        for number in {at.object_id for at in places}:
            assert self.session.state.footprints.of_object(number) == sorted(
                at for at in places if at.object_id == number
            )

    def teardown(self):
        session = self.session
        end = snapshot(session)
        for step in session.history.done:
            assert action_from_dict(step.action.to_dict()) == step.action
            assert compound_from_dict(compound_to_dict(step.edit)) == step.edit
        again = AnnotationSession.from_dict(session.to_dict(), session.image)
        assert snapshot(again) == end
        while session.undo():
            pass
        assert snapshot(session) == self.start
        while session.redo():
            pass
        # Redo takes back also what had been undone before: only what was done counts.
        assert snapshot(session)[0] == snapshot_after(session)


def snapshot_after(session):
    """Labels after doing all of its steps again."""
    again = AnnotationSession.from_dict(session.to_dict(), session.image)
    return snapshot(again)[0]


Annotating.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestAnnotating = Annotating.TestCase
