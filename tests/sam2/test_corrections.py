"""Objects that SAM 2 follows by its memory are corrected on any frame, and added later.

A random network finds patterns rather than discs, which depend on what it remembers: so
a frame that changes was computed again, and one that does not was left alone.
"""

import numpy as np
import pytest

import napari_sam as sam
from napari_sam import Address
from napari_sam.annotator.annotator import Annotator
from napari_sam.annotator.open_image import OpenImage
from napari_sam.annotator.scripted_view import (
    ImmediateExecutor,
    ScriptedSource,
    ScriptedView,
)
from napari_sam.backends.sam2.backend import Sam2Backend
from napari_sam.core.geometry.region import Region
from napari_sam.core.propagation import State
from napari_sam.session.actions import ApproveFrames
from napari_sam.tracking import track_edits

from .discs import SIDE, clip, discs, masks

FRAMES, WHOLE = 12, Region(0, 0, SIDE, SIDE)


@pytest.fixture(scope="module")
def seeing(make_model):
    return Sam2Backend(
        make_model(seed=10, presence=3.0), device="cpu", precision="float32"
    )


@pytest.fixture
def recalled(seeing, monkeypatch):
    """How many frames ago was what is recalled of given masks; before 0 is later."""
    found, recall = [], seeing.recall

    def watched(embedding, memories):
        for of_one in memories:
            found.extend(m.frames_ago for m in of_one if m.prompted)
        return recall(embedding, memories)

    monkeypatch.setattr(seeing, "recall", watched)
    return found


@pytest.fixture
def image(seeing):
    return sam.PromptableImage(clip(FRAMES), seeing, axes="tyx")


def changed(before, after, number):
    """Frames on which the mask of an object is another."""
    before, after = (np.asarray(x) == number for x in (before, after))
    return np.flatnonzero((before != after).any((1, 2))).tolist()


def test_a_seed_goes_to_the_first_frame_and_to_the_last(image, recalled):
    tracks = sam.propagate(image, {Address(4, 1): masks(4)[1]})
    assert tracks[1].frames.tolist() == list(range(FRAMES))
    assert sorted(recalled) == [-4, -3, -2, -1, *range(1, 8)]
    assert [s == State.PROMPTED for s in tracks[1].states] == [
        at == 4 for at in range(FRAMES)
    ]


def test_a_correction_is_propagated_to_its_neighbours_and_no_further(image, recalled):
    """Both ways, up to the frames that were given or approved; others stay."""
    seeds = {Address(2, i): masks(2)[i] for i in (1, 2)}
    tracks = track_edits.approve(sam.propagate(image, seeds), 1, [9])
    recalled.clear()
    better = masks(5)[1]
    after = sam.propagate(image, {Address(5, 1): better}, tracks=tracks)
    # From 2 to 3 and 4, from 5 to them and to 6, 7 and 8, and from 9 to these.
    assert sorted(recalled) == [-3, -2, -2, -1, -1, 1, 1, 2, 2, 3]
    known = np.asarray(after.labels)
    assert changed(tracks.labels, known, 1) == [3, 4, 5, 6, 7, 8]
    assert changed(tracks.labels, known, 2) == []
    np.testing.assert_array_equal(known[5] == 1, better.in_window(WHOLE))

    recalled.clear()
    again = sam.propagate(image, {Address(7, 1): masks(7)[1]}, tracks=after)
    assert sorted(recalled) == [-1, -1, 1, 1]
    assert {7} < set(changed(after.labels, again.labels, 1)) <= {6, 7, 8}
    decided = [s != State.PROPAGATED for s in again[1].states]
    assert np.flatnonzero(decided).tolist() == [2, 5, 7, 9]


def test_an_object_is_added_later_and_on_another_frame(image):
    tracks = sam.propagate(image, {Address(2, 1): masks(2)[1]})
    after = sam.propagate(image, {Address(8, 3): masks(8)[3]}, tracks=tracks)
    assert changed(tracks.labels, after.labels, 1) == []
    assert after[3].frames.tolist() == list(range(FRAMES))
    np.testing.assert_array_equal(np.asarray(after.labels[8]) == 3, discs(8)[2])


def test_an_object_ends_where_a_person_says_so(image):
    tracks = sam.propagate(image, {Address(4, 1): masks(4)[1]})
    ended = sam.propagate(image, {Address(8, 1): None}, tracks=tracks)
    assert ended[1].present.tolist() == [True] * 8 + [False]
    assert changed(tracks.labels, ended.labels, 1) == [8, 9, 10, 11]


class Views:
    def show(self, image):
        return ScriptedView(image.source.frames.plane_shape)

    def hide(self, image):
        pass


@pytest.fixture
def annotator(seeing, tmp_path, monkeypatch):
    class Pool:
        def open(self, name, **_):
            return seeing

    monkeypatch.setenv("NAPARI_SAM_HOME", str(tmp_path))
    made = Annotator(ImmediateExecutor(), Views(), pool=Pool())
    made.models.use("pocket")
    made.open(OpenImage.of(ScriptedSource(clip(FRAMES), axes="tyx")))
    yield made
    made.close()


def test_a_session_corrects_them_and_takes_it_back(annotator, recalled):
    """What a person draws on a frame stays, and so does what they approved."""
    session = annotator.session
    session.add_masks({Address(2, i): masks(2)[i] for i in (1, 2)})
    annotator.propagation.propagate()
    assert sorted({abs(n) for n in recalled}) == list(range(1, 10))
    session.execute(ApproveFrames(1, (9,)))
    before = np.array(session.labels)
    recalled.clear()

    session.add_masks({Address(5, 1): masks(5)[1]})
    annotator.propagation.propagate_corrections()
    assert sorted(recalled) == [-3, -2, -2, -1, -1, 1, 1, 2, 2, 3]
    after = np.array(session.labels)
    assert changed(before, after, 1) == [3, 4, 5, 6, 7, 8]
    assert changed(before, after, 2) == []
    known = [session.state.known(Address(f, 1)) for f in range(FRAMES)]
    assert [known[f] for f in (2, 4, 5, 6, 9)] == [
        State.PROMPTED, State.PROPAGATED, State.PROMPTED, State.PROPAGATED,
        State.APPROVED,
    ]  # fmt: skip

    session.add_masks({Address(8, 3): masks(8)[3]})
    annotator.propagation.propagate([3])
    later = np.array(session.labels)
    assert (later == 3).any((1, 2)).all()
    assert changed(after, later, 1) == changed(after, later, 2) == []
    for _ in range(2):
        annotator.undo()
    np.testing.assert_array_equal(session.labels, after)
