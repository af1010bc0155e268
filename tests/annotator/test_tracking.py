"""Objects are propagated, reviewed and corrected through a scripted view."""

import numpy as np
import pytest

from napari_sam import Address, Prompts
from napari_sam.annotator.annotator import Annotator
from napari_sam.annotator.open_image import OpenImage
from napari_sam.annotator.scripted_view import (
    ImmediateExecutor,
    ScriptedSource,
    ScriptedView,
)
from napari_sam.annotator.tracking.session_tracks import tracks_of
from napari_sam.annotator.tracking.timeline import WORDS, Mark
from napari_sam.core.mask import Mask
from napari_sam.core.propagation import Edge, ObjectState, State
from napari_sam.session import actions
from napari_sam.session.adding_masks import MaskAdder
from napari_sam.session.codec import from_plain, to_plain
from napari_sam.testing import ThresholdBackend

FRAMES = 7


class Views:
    def show(self, image):
        return ScriptedView(image.source.frames.plane_shape)

    def hide(self, image):
        pass


class Pool:
    def open(self, name, **_):
        return ThresholdBackend()


class StepByStep(ImmediateExecutor):
    """Waits before each step of long work until it is told to go on."""

    def __init__(self):
        self.waiting = []
        self.held = False

    def iterate(self, generator, progress, done, failed):
        if not self.held:
            return super().iterate(generator, progress, done, failed)
        job = Held(generator, progress, done)
        self.waiting.append(job)
        return job


class Held:
    def __init__(self, work, progress, done):
        self.work, self.progress, self.done = work, progress, done
        self.stopped = False

    def go(self, steps):
        for _ in range(steps):
            try:
                step = next(self.work)
            except StopIteration as end:
                self.done(end.value)
                return
            self.progress(step)

    def cancel(self):
        self.stopped = True
        self.work.close()


def movie():
    """Two squares that move one pixel a frame."""
    pixels = np.zeros((FRAMES, 60, 60), np.uint8)
    for frame in range(FRAMES):
        pixels[frame, 5 + frame : 17 + frame, 6:18] = 200
        pixels[frame, 38:50, 30 - frame : 42 - frame] = 200
    return pixels


@pytest.fixture
def annotator(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_SAM_HOME", str(tmp_path))
    made = Annotator(StepByStep(), Views(), pool=Pool())
    made.models.use("pocket")
    made.told = []
    made.events.message.connect(lambda *message: made.told.append(message))
    made.open(OpenImage.of(ScriptedSource(movie(), axes="tyx")))
    yield made
    made.close()


def prompt(annotator, row, col, *, frame=0, number=None):
    session = annotator.session
    session.current = Address(frame, number or session.state.objects.free_id())
    session.add_point(row, col)
    annotator.commits.commit()


def areas(annotator, number):
    labels = np.asarray(annotator.session.labels)
    return [int((plane == number).sum()) for plane in labels]


def known(annotator, number):
    state = annotator.session.state
    return [state.known(Address(f, number)) for f in range(FRAMES)]


def propagated(annotator):
    prompt(annotator, 10, 10)
    prompt(annotator, 44, 36)
    annotator.propagation.propagate()


def test_prompted_objects_are_propagated_to_all_frames_in_one_step(annotator):
    propagated(annotator)
    for number in (1, 2):
        assert known(annotator, number) == [State.PROMPTED] + [State.PROPAGATED] * 6
        assert min(areas(annotator, number)) > 100
    assert "Propagated 2 objects to 6 frames." in annotator.told[-1][1]
    labels = np.array(annotator.session.labels)
    annotator.undo()
    assert areas(annotator, 1)[1:] == [0] * 6
    assert areas(annotator, 2)[0] == 144
    annotator.redo()
    np.testing.assert_array_equal(annotator.session.labels, labels)


def test_open_prompts_are_committed_first_and_negative_ones_end_an_object(annotator):
    session = annotator.session
    prompt(annotator, 10, 10)
    session.current = Address(0, 2)
    session.add_point(44, 36)
    session.current = Address(3, 1)
    session.add_point(14, 10, positive=False)
    annotator.propagation.propagate()
    assert not session.open_prompts
    assert known(annotator, 2)[0] is State.PROMPTED
    assert known(annotator, 1)[:4] == [
        State.PROMPTED, State.PROPAGATED, State.PROPAGATED, State.ABSENT,
    ]  # fmt: skip
    assert areas(annotator, 1)[3:] == [0] * 4
    assert min(areas(annotator, 2)) > 100


def test_only_some_objects_one_way_or_some_frames(annotator):
    prompt(annotator, 12, 10, frame=3)
    prompt(annotator, 44, 33, frame=3)
    annotator.propagation.propagate([1], direction="forward")
    assert [a > 0 for a in areas(annotator, 1)] == [False] * 3 + [True] * 4
    assert [a > 0 for a in areas(annotator, 2)] == [f == 3 for f in range(FRAMES)]
    annotator.propagation.propagate([2], frames=(2, 4))
    assert [a > 0 for a in areas(annotator, 2)] == [2 <= f <= 4 for f in range(FRAMES)]


def test_what_a_person_decided_is_never_changed(annotator):
    session = annotator.session
    propagated(annotator)
    session.execute(actions.ApproveFrames(1, (4,)))
    approved = np.array(session.labels[4] == 1)
    prompt(annotator, 12, 12, frame=2, number=1)
    annotator.propagation.propagate()
    np.testing.assert_array_equal(session.labels[4] == 1, approved)
    assert known(annotator, 1)[4] is State.APPROVED


def test_a_correction_is_propagated_to_the_next_decided_frames_only(annotator):
    session = annotator.session
    propagated(annotator)
    session.execute(actions.ApproveFrames(1, (4,)))
    wrong = Mask.from_array(np.ones((4, 4), bool), top=20, left=50)
    adder = MaskAdder(session)
    ats = [Address(f, 1) for f in (1, 2, 3, 5)]
    adder.add(
        adder.request(dict.fromkeys(ats, wrong), dict.fromkeys(ats, ObjectState()))()
    )
    others = np.array(session.labels == 2)
    session.reopen(Address(2, 1))
    session.set_prompts(Prompts.point(12, 10))
    annotator.commits.commit()
    assert areas(annotator, 1)[1:4] == [144, 144, 144]
    assert areas(annotator, 1)[5] == 16
    np.testing.assert_array_equal(session.labels == 2, others)
    annotator.undo()
    assert areas(annotator, 1)[1:4] == [16, 144, 16]


def test_corrections_wait_if_that_is_wanted(annotator):
    propagated(annotator)
    annotator.propagation.propagates_corrections = False
    prompt(annotator, 12, 10, frame=2, number=1)
    assert annotator.propagation.corrected == [Address(2, 1)]
    annotator.propagation.propagate_corrections()
    assert annotator.propagation.corrected == []
    annotator.propagation.propagate_corrections()
    assert annotator.told[-1][0] == "error"


def test_a_run_that_is_stopped_keeps_what_is_done_as_one_step(annotator):
    executor = annotator._workspace.executor
    prompt(annotator, 10, 10)
    executor.held = True
    annotator.propagation.propagate()
    (job,) = executor.waiting
    assert annotator.propagation.is_running
    executor.held = False
    job.go(4)
    done = [a > 0 for a in areas(annotator, 1)]
    assert 1 < sum(done) < FRAMES
    annotator.cancel()
    assert job.stopped
    assert not annotator.propagation.is_running
    assert "Propagated 1 object" in annotator.told[-2][1]
    assert [a > 0 for a in areas(annotator, 1)] == done
    annotator.undo()
    assert areas(annotator, 1)[1:] == [0] * 6


def test_undo_while_it_runs_stops_it(annotator):
    executor = annotator._workspace.executor
    prompt(annotator, 10, 10)
    executor.held = True
    annotator.propagation.propagate()
    executor.held = False
    executor.waiting[0].go(4)
    annotator.undo()
    assert executor.waiting[0].stopped
    assert areas(annotator, 1) == [144] + [0] * 6


def test_a_frame_that_is_corrected_while_it_runs_is_left_alone(annotator):
    executor, session = annotator._workspace.executor, annotator.session
    prompt(annotator, 10, 10)
    executor.held = True
    annotator.propagation.propagate()
    (job,) = executor.waiting
    executor.held = False
    job.go(3)
    mine = Mask.from_array(np.ones((5, 5), bool), top=50, left=50)
    session.add_masks({Address(5, 1): mine})
    job.go(20)
    assert areas(annotator, 1)[5] == 25
    assert known(annotator, 1)[5] is State.PROMPTED


def test_nothing_to_propagate_is_said(annotator):
    annotator.propagation.propagate()
    assert "commit an object on a frame first" in annotator.told[-1][1]
    prompt(annotator, 10, 10)
    annotator.propagation.propagate(frames=(3, 99))
    assert "Frames 3 to 99 of 7" in annotator.told[-1][1]


def test_the_review_goes_from_the_worst_to_the_best(annotator):
    session, review = annotator.session, annotator.review
    propagated(annotator)
    given = {2: 0.3, 5: 0.1, 6: 0.7}
    adder = MaskAdder(session)
    for frame, confidence in given.items():
        at = Address(frame, 1)
        mask = session.state.labels.mask(at)
        region, pixels = mask.region, mask.array
        mask = Mask.from_array(pixels, top=region.top, left=region.left)
        known = ObjectState(State.PROPAGATED, confidence, confidence < 0.5)
        adder.add(adder.request({at: mask}, {at: known})())
    assert [d.at.frame for d in review.queue[:2]] == [5, 2]
    review.next()
    assert (review.current, annotator.view.frame) == (Address(5, 1), 5)
    assert annotator.objects.selected == 1
    review.accept()
    assert known_state(session, 5) is State.APPROVED
    assert review.current == Address(2, 1)
    review.next()
    assert review.current != Address(2, 1)
    assert Address(2, 1) not in [d.at for d in review.queue]
    review.go_to(Address(6, 1))
    review.correct()
    annotator.objects.move_on()  # as when another tool is taken
    assert session.current == Address(6, 1)
    session.add_point(15, 12)
    annotator.commits.commit()
    assert known_state(session, 6) is State.PROMPTED
    assert areas(annotator, 1)[6] == 144


def known_state(session, frame):
    return session.state.known(Address(frame, 1))


def test_nothing_to_review_is_said(annotator):
    annotator.review.next()
    assert annotator.told[-1][0] == "error"
    annotator.review.accept()
    assert "Choose a frame of the list" in annotator.told[-1][1]


def test_the_timeline_is_what_looking_at_everything_finds(annotator):
    session = annotator.session
    propagated(annotator)
    annotator.tracks.approve([1], (2, 3))
    session.current = Address(4, 3)
    annotator.tracks.end([2])
    annotator.tracks.cut([1])
    annotator.undo()
    annotator.tracks.cut([1])
    timeline = annotator.timeline
    again = type(timeline)(session)
    assert {i: r.tolist() for i, r in timeline.rows.items()} == {
        i: r.tolist() for i, r in again.rows.items()
    }
    assert timeline.frames_to_review(99) == again.frames_to_review(99)
    assert timeline.rows[2].tolist()[4:] == [Mark.PROPAGATED, Mark.ABSENT, Mark.NOTHING]
    assert timeline.rows[1].tolist() == [3, 4, 2, 2, 0, 0, 0]


def test_a_division_is_marked_and_ends_in_the_tracks(annotator):
    session = annotator.session
    propagated(annotator)
    mask = Mask.from_array(np.ones((5, 5), bool), top=2, left=45)
    session.add_masks({Address(4, 3): mask})
    annotator.tracks.divide([3, 1])
    assert session.state.edges == {Edge(1, 3), Edge(1, 4)}
    assert annotator.told[-1] == ("info", "Object 1 divides into 3 and 4.")
    assert annotator.timeline.divides_at(1) == 3
    assert tracks_of(session).divisions == {1: (3, 4)}
    annotator.propagation.propagate()
    assert areas(annotator, 1)[4:] == [0] * 3
    assert min(areas(annotator, 3)[4:]) > 0


def test_objects_must_be_selected(annotator):
    propagated(annotator)
    annotator.tracks.divide([1])
    assert "Select both objects" in annotator.told[-1][1]
    annotator.tracks.cut()
    assert "Select one object" in annotator.told[-1][1]
    annotator.objects.select(1)
    annotator.session.current = Address(3, annotator.session.current.object_id)
    annotator.tracks.delete_from()
    assert areas(annotator, 1)[3:] == [0] * 4
    annotator.tracks.swap([1, 2])
    assert areas(annotator, 2)[3:] == [0] * 4


def test_an_image_of_one_plane_has_no_timeline(annotator):
    annotator.open(OpenImage.of(ScriptedSource(movie()[0], axes="yx")))
    prompt(annotator, 10, 10)
    assert annotator.timeline is None
    annotator.propagation.propagate()
    assert "need a movie or a stack" in annotator.told[-1][1]
    assert annotator.review.queue == []


def dividing_movie():
    """A bar whose middle goes dark on frame 3: two daughters, which move apart."""
    pixels = np.full((FRAMES, 60, 60), 20, np.uint8)
    for frame in range(FRAMES):
        apart = max(frame - 2, 0)
        pixels[frame, 24:34, 16 - apart : 28 - apart] = 200
        pixels[frame, 24:34, 28 + apart : 40 + apart] = 200
    return pixels


@pytest.fixture
def dividing(annotator):
    annotator.open(OpenImage.of(ScriptedSource(dividing_movie(), axes="tyx")))
    prompt(annotator, 28, 24)
    annotator.propagation.propagate()
    return annotator


def test_a_division_is_the_first_to_be_reviewed_and_one_command_splits_it(dividing):
    session, review = dividing.session, dividing.review
    (proposed, *others) = review.queue
    assert proposed.divides
    assert not any(one.divides for one in others)
    assert "divides?" in dividing.timeline.describe(1, proposed.at.frame, WORDS)
    before = np.array(session.labels)
    review.next()
    assert review.current == proposed.at
    review.divide()
    (edges, start) = (session.state.edges, proposed.at.frame)
    one, other = sorted(e.target for e in edges if e.source == 1)
    assert areas(dividing, 1)[start:] == [0] * (FRAMES - start)
    for frame in range(start, FRAMES):
        labels = np.asarray(session.labels[frame])
        left, right = ({*np.unique(side)} - {0} for side in np.hsplit(labels, [28]))
        assert left | right == {one, other}
        assert not left & right
    dividing.undo()
    dividing.undo()
    np.testing.assert_array_equal(session.labels, before)
    assert not session.state.edges


def test_what_cannot_be_split_says_why(dividing):
    dividing.review.divide()
    assert "select an object" in dividing.told[-1][1]
    dividing.session.current = Address(0, 1)
    dividing.objects.select(1)
    dividing.review.divide()
    assert "begins on this frame" in dividing.told[-1][1]
    dividing.review.go_to(Address(4, 1))
    dividing.tracks.approve([1], (4, 4))
    dividing.review.divide()
    assert "approved" in dividing.told[-1][1]


def test_a_proposed_division_is_kept_in_a_record(dividing):
    at = dividing.review.queue[0].at
    known = dividing.session.state.tracked[at]
    assert known.divides
    assert from_plain(ObjectState, to_plain(known)) == known
    assert "divides" not in to_plain(ObjectState())
