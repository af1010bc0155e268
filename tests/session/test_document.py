from __future__ import annotations

import numpy as np
import pytest
import zarr

from napari_sam import Address, Prompts
from napari_sam.core.errors import ImageError, PromptError, SessionError
from napari_sam.core.geometry.region import Region
from napari_sam.session import AnnotationSession, ObjectInfo, actions
from napari_sam.session.labels.patch import LabelPatch
from napari_sam.session.session_state import SessionState

from .conftest import kept, promptable, snapshot


def area(session, object_id, frame=0):
    return int((session.labels[frame] == object_id).sum())


def all_back_and_forth(session, start):
    """Undo everything, redo everything: both ends are as they were."""
    end = snapshot(session)
    while session.undo():
        pass
    assert snapshot(session) == start
    while session.redo():
        pass
    assert snapshot(session) == end


def test_a_click_is_kept_and_the_next_object_has_the_next_number(session):
    start = snapshot(session)
    assert kept(session, (8, 8), (45, 45)) == [1, 2]
    assert (area(session, 1), area(session, 2)) == (100, 100)
    assert session.objects == {
        1: ObjectInfo(status="committed"),
        2: ObjectInfo(status="committed"),
    }
    assert not session.open_prompts
    assert session.state.committed_prompts[Address(0, 1)] == Prompts.point(8, 8)
    all_back_and_forth(session, start)


def test_saying_the_same_is_no_step(session):
    session.add_point(8, 8)
    session.set_prompts(Prompts.point(8, 8))
    session.set_prompts(Prompts(), Address(2, 9))
    assert len(session.history.done) == 1


def test_a_withdrawn_question_leaves_no_object(session):
    start = snapshot(session)
    session.add_point(8, 8)
    assert session.objects == {1: ObjectInfo()}
    session.set_prompts(Prompts())
    assert snapshot(session) == start


def test_a_named_object_stays_when_its_question_is_withdrawn(session):
    session.add_point(8, 8)
    session.execute(actions.SetInfo(1, ObjectInfo(name="left")))
    session.set_prompts(Prompts())
    assert session.objects == {1: ObjectInfo(name="left")}


def test_a_slide_of_the_threshold_is_one_step(session):
    heard = []
    session.changed.connect(lambda how, step: heard.append(how))
    session.add_point(8, 8)
    for value in (0.1, 0.2, 0.3):
        session.set_threshold(value)
    assert session.current_prompts.threshold == 0.3
    assert heard == ["execute", "execute", "coalesce", "coalesce"]
    session.undo()
    assert session.current_prompts == Prompts.point(8, 8)
    session.redo()
    assert session.current_prompts.threshold == 0.3


def test_a_slide_after_another_click_is_another_step(session):
    session.add_point(8, 8)
    session.set_threshold(0.1)
    session.add_point(9, 9)
    session.set_threshold(0.2)
    assert len(session.history.done) == 4


def test_a_late_answer_is_refused(session):
    session.add_point(8, 8)
    late = session.request()
    session.add_point(9, 9)
    assert session.accept(late()) is False
    assert session.preview is None
    assert session.accept(session.request()()) is True


def test_an_answer_of_another_model_is_refused(session):
    session.add_point(8, 8)
    late = session.request()
    session.image = promptable()
    assert session.accept(late()) is False


def test_another_image_is_no_other_model(session):
    with pytest.raises(SessionError, match="another image"):
        session.image = promptable(np.zeros((2, 64, 64), np.uint8))


def test_without_prompts_there_is_nothing_to_ask(session):
    with pytest.raises(PromptError, match="Click on it"):
        session.request()
    with pytest.raises(PromptError, match="Click on it"):
        session.commit()


def test_an_empty_mask_is_not_kept(session):
    session.add_point(30, 35)
    before = snapshot(session)
    with pytest.raises(SessionError, match="is empty"):
        session.commit()
    assert snapshot(session) == before


def test_a_batch_keeps_what_has_a_mask_as_one_step(session):
    asked = {
        Address(0, 1): Prompts.point(8, 8),
        Address(0, 2): Prompts.point(30, 35),
        Address(2, 3): Prompts.point(45, 45),
    }
    session.replace_prompts(asked)
    session.commit(session.request(*asked)())
    assert [area(session, i, f) for i, f in ((1, 0), (2, 0), (3, 2))] == [100, 0, 100]
    assert set(session.open_prompts) == {Address(0, 2)}
    assert len(session.history.done) == 2


def half_painted(session):
    """Object 1 is the left half of a square; the next object is the square."""
    region = Region(4, 4, 14, 9)
    before = session.state.labels.read(0, region)
    session.paint(0, region, before, np.ones_like(before))
    session.next_object()
    session.add_point(8, 8)


def test_what_is_kept_is_left_alone_unless_overwriting_is_wanted(session):
    half_painted(session)
    session.predict()
    assert session.state.labels.overlapped(session.current, session.preview) == {1: 0.5}
    session.commit()
    assert (area(session, 1), area(session, 2)) == (50, 50)
    session.undo()
    session.commit(overlap="overwrite")
    assert (area(session, 1), area(session, 2)) == (0, 100)


def test_a_mask_of_which_nothing_is_seen_is_refused(session):
    kept(session, (8, 8))
    session.next_object()
    session.add_point(8, 9)
    before = snapshot(session)
    with pytest.raises(SessionError, match="lies on other objects"):
        session.commit()
    assert snapshot(session) == before


def test_an_approved_object_is_never_overwritten(session):
    half_painted(session)
    session.execute(actions.SetInfo(1, ObjectInfo(status="approved")))
    session.commit(overlap="overwrite")
    assert (area(session, 1), area(session, 2)) == (50, 50)


@pytest.mark.parametrize(
    "action",
    [
        actions.Delete((1,)),
        actions.Delete((2, 1)),
        actions.Merge((1, 2)),
        actions.Merge((2, 1)),
        actions.Split(Address(0, 1), ((8.0, 0.0), (8.0, 63.0))),
        actions.Resize(Address(0, 1), 1),
        actions.Resize(Address(0, 1), -1),
        actions.ReopenObject(Address(0, 1)),
    ],
)
def test_an_approved_object_does_not_change_until_that_is_taken_back(session, action):
    kept(session, (8, 8), (45, 45))
    session.execute(actions.SetInfo(1, ObjectInfo(status="approved")))
    before = snapshot(session)
    with pytest.raises(SessionError, match=r"Object 1 is approved.*Take the approval"):
        session.execute(action)
    assert snapshot(session) == before
    session.execute(actions.SetInfo(1, ObjectInfo(status="committed")))
    session.execute(action)
    assert snapshot(session) != before


def test_an_approved_object_is_neither_painted_nor_corrected_nor_propagated(session):
    kept(session, (8, 8))
    session.execute(actions.SetInfo(1, ObjectInfo(status="approved", name="first")))
    session.execute(actions.SetInfo(1, ObjectInfo(status="approved", name="renamed")))
    before = session.labels.copy()
    here = Region(6, 6, 10, 10)
    pixels = session.state.labels.read(0, here)
    with pytest.raises(SessionError, match="approved"):
        session.paint(0, here, pixels, np.zeros_like(pixels))
    session.current = Address(0, 1)
    session.set_prompts(Prompts.point(45, 45))
    with pytest.raises(SessionError, match="approved"):
        session.commit()
    answer = session.image.segment(Prompts.point(21, 21), 1)
    session.add_masks({Address(1, 1): answer, Address(1, 7): answer})
    assert (session.labels[0] == before[0]).all()
    assert set(np.unique(session.labels[1]).tolist()) == {0, 7}
    while session.undo():
        pass
    assert not session.labels.any()


def test_overlap_must_be_known():
    with pytest.raises(PromptError, match="keep"):
        actions.Commit((Address(0, 1),), "sometimes")


def test_reopening_brings_the_prompts_and_a_new_mask_replaces_the_old(session):
    kept(session, (8, 8))
    start = snapshot(session)
    session.next_object()
    session.reopen(Address(0, 1))
    assert session.open_prompts == {Address(0, 1): Prompts.point(8, 8)}
    assert session.objects[1].status == "open"
    session.set_prompts(Prompts.point(45, 45))
    session.commit()
    assert session.labels[0, 8, 8] == 0
    assert session.labels[0, 45, 45] == 1
    for _ in range(3):
        session.undo()
    assert snapshot(session) == start


def test_a_painted_object_reopens_with_its_pixels(session):
    region = session.state.frames and promptable().tiles[0].core
    before = session.state.labels.read(0, region)
    after = before.copy()
    after[4:14, 4:14] = 7
    session.paint(0, region, before, after)
    session.reopen(Address(0, 7))
    (said,) = session.current_prompts.items
    region = said.mask.region
    assert (region.top, region.left, said.mask.area) == (4, 4, 100)


def test_strokes_that_are_drawn_already_are_undone_with_the_rest(session):
    kept(session, (8, 8))
    whole = promptable().tiles[0].core
    before = session.state.labels.read(0, whole)
    session.labels[0, 4:8, 4:14] = 0
    session.labels[0, 60, 60] = 1
    session.paint(0, whole, before, session.state.labels.read(0, whole))
    assert session.state.footprints[Address(0, 1)].area == 61
    session.undo()
    assert area(session, 1) == 100
    assert session.labels[0, 60, 60] == 0


def test_deleting_takes_everything(session):
    kept(session, (8, 8), (45, 45))
    session.reopen(Address(0, 1))
    start = snapshot(session)
    session.execute(actions.Delete((1, 2)))
    assert not session.labels.any()
    assert not session.objects
    assert not session.open_prompts
    assert not session.state.committed_prompts
    session.undo()
    assert snapshot(session) == start


def test_merging_in_several_planes(session):
    kept(session, (8, 8), (45, 45))
    kept(session, (8, 45), frame=2)
    session.execute(actions.Merge((2, 1, 3)))
    assert set(session.objects) == {2}
    assert (area(session, 2), area(session, 2, 2)) == (200, 100)
    assert Address(0, 2) not in session.state.committed_prompts


@pytest.mark.parametrize(
    ("ids", "words"),
    [((), "two objects"), ((1,), "two objects"), ((1, 9), "no object 9")],
)
def test_what_cannot_be_merged(session, ids, words):
    kept(session, (8, 8))
    before = snapshot(session)
    with pytest.raises(SessionError, match=words):
        session.execute(actions.Merge(ids))
    assert snapshot(session) == before
    assert len(session.history.done) == 2


def test_a_split_loses_no_pixel_and_the_larger_part_keeps_the_number(session):
    kept(session, (8, 8))
    session.execute(actions.SetInfo(1, ObjectInfo(category="cell", status="committed")))
    session.execute(actions.Split(Address(0, 1), ((6.0, 0.0), (6.0, 63.0))))
    assert area(session, 1) + area(session, 2) == 100
    assert area(session, 1) > area(session, 2) > 0
    assert session.objects[2].category == "cell"


def test_a_diagonal_line_cuts_too(session):
    kept(session, (8, 8))
    session.execute(actions.Split(Address(0, 1), ((3.0, 3.0), (14.0, 14.0))))
    assert area(session, 1) + area(session, 2) == 100
    assert min(area(session, 1), area(session, 2)) > 40


def test_a_line_beside_the_object_cuts_nothing(session):
    kept(session, (8, 8))
    with pytest.raises(SessionError, match="does not cut object 1"):
        session.execute(actions.Split(Address(0, 1), ((20.0, 0.0), (20.0, 60.0))))


def test_growing_stops_at_others_and_at_the_edge(session):
    kept(session, (8, 8), (8, 45))
    session.execute(actions.Resize(Address(0, 1), 30))
    assert area(session, 2) == 100
    assert session.labels[0, 0, 0] == 1
    session.undo()
    assert area(session, 1) == 100


def test_shrinking_takes_the_outline(session):
    kept(session, (8, 8))
    session.execute(actions.Resize(Address(0, 1), -2))
    assert area(session, 1) == 36
    with pytest.raises(SessionError, match="would be gone"):
        session.execute(actions.Resize(Address(0, 1), -5))


def test_an_edge_of_the_image_is_no_outline():
    pixels = np.zeros((64, 64), np.uint8)
    pixels[:10, :10] = 200
    session = AnnotationSession(promptable(pixels))
    session.add_point(3, 3)
    session.commit()
    session.execute(actions.Resize(Address(0, 1), -2))
    assert int((session.labels == 1).sum()) == 64
    assert session.labels[0, 0] == 1


def test_holes_are_filled_but_not_what_lies_in_them(session):
    kept(session, (21, 21), frame=1)
    assert area(session, 1, 1) == 91
    whole = promptable().tiles[0].core
    before = session.state.labels.read(1, whole)
    after = before.copy()
    after[24, 24] = 5
    session.paint(1, whole, before, after)
    session.execute(actions.FillHoles(Address(1, 1)))
    assert area(session, 1, 1) == 99
    assert session.labels[1, 24, 24] == 5


@pytest.mark.parametrize(
    "action",
    [
        actions.SetInfo(9, ObjectInfo()),
        actions.FillHoles(Address(0, 9)),
        actions.Resize(Address(1, 1), 2),
        actions.Split(Address(0, 9), ((0.0, 0.0), (9.0, 9.0))),
        actions.ReopenObject(Address(0, 9)),
    ],
)
def test_what_is_not_there_cannot_be_changed(session, action):
    kept(session, (8, 8))
    with pytest.raises(SessionError, match=r"no object|no pixels"):
        session.execute(action)


def test_propagated_masks_are_one_step(session, image):
    answers = {
        Address(f, i): image.segment(Prompts.point(*at), f)
        for f in range(3)
        for i, at in ((1, (8, 8)), (2, (45, 45)))
    }
    session.add_masks(answers)
    assert len(session.history.done) == 1
    assert [area(session, 2, f) for f in range(3)] == [100, 100, 100]
    assert {info.status for info in session.objects.values()} == {"committed"}
    session.undo()
    assert not session.labels.any()


def test_undo_goes_back_to_where_it_was(session):
    kept(session, (8, 8), (45, 45))
    session.current = Address(2, 7)
    session.undo()
    assert session.current == Address(0, 2)


class Full:
    """Labels on a disk that is full after so many writes."""

    def __init__(self, writes):
        self.array = np.zeros((3, 64, 64), np.uint32)
        self.shape, self.dtype, self.writes = self.array.shape, self.array.dtype, writes

    def __getitem__(self, where):
        return self.array[where]

    def __setitem__(self, where, values):
        self.writes -= 1
        if self.writes == 0:
            raise OSError(28, "No space left on device")
        self.array[where] = values


def test_a_full_disk_leaves_all_or_nothing():
    full = Full(writes=3)
    session = AnnotationSession(promptable(), labels=full)
    asked = {Address(f, 1): Prompts.point(8, 8) for f in range(3)}
    session.replace_prompts(asked)
    before = snapshot(session)
    answers = session.request(*asked)()
    with pytest.raises(OSError, match="No space"):
        session.commit(answers)
    assert snapshot(session) == before
    session.commit(answers)
    assert area(session, 1, 2) == 100


class Torn(Full):
    """Labels of which a failing write leaves a part behind."""

    def __setitem__(self, where, values):
        if self.writes == 1:
            self.array[where][: len(values) // 2] = values[: len(values) // 2]
        super().__setitem__(where, values)


def test_half_a_write_is_taken_back():
    torn = Torn(writes=1)
    session = AnnotationSession(promptable(), labels=torn)
    session.add_point(8, 8)
    before = snapshot(session)
    with pytest.raises(OSError, match="No space"):
        session.commit()
    assert snapshot(session) == before
    assert not torn.array.any()


def test_a_mask_on_top_of_the_old_one_is_undone_exactly(session):
    half_painted(session)
    session.commit()
    start = snapshot(session)
    session.reopen(session.current)
    session.set_prompts(Prompts.point(45, 45))
    session.add_point(8, 12)
    session.commit(overlap="overwrite")
    end = snapshot(session)
    for _ in range(4):
        session.undo()
    assert snapshot(session) == start
    for _ in range(4):
        session.redo()
    assert snapshot(session) == end


@pytest.mark.parametrize("kind", ["numpy", "zarr"])
def test_given_labels_are_objects_and_are_written_to(image, kind, tmp_path):
    given = np.zeros((3, 64, 64), np.uint32)
    given[0, 50:52, 50:55] = 2**31 + 5
    given[2, 0, 0] = 3
    if kind == "zarr":
        array = zarr.create_array(
            tmp_path / "l.zarr", shape=given.shape, dtype="u4", chunks=(1, 32, 32)
        )
        array[:] = given
        given = array
    session = AnnotationSession(image, labels=given)
    assert set(session.objects) == {2**31 + 5, 3}
    assert session.state.footprints[Address(0, 2**31 + 5)].area == 10
    assert session.current.object_id == 2**31 + 6
    session.add_point(8, 8)
    session.commit()
    assert int((np.asarray(given[0]) == 2**31 + 6).sum()) == 100


def test_a_label_that_does_not_fit_is_refused(image):
    given = np.zeros((3, 64, 64), np.uint8)
    given[0, 60, 60] = 255
    session = AnnotationSession(image, labels=given)
    session.add_point(8, 8)
    with pytest.raises(SessionError, match="uint8"):
        session.commit()
    assert int((given > 0).sum()) == 1


def test_numbers_end_where_uint32_does(image):
    given = np.zeros((3, 64, 64), np.int64)
    given[0, 60, 60] = 2**32 - 1
    given[0, 60, 50] = 2
    session = AnnotationSession(image, labels=given)
    assert session.current.object_id == 1
    session.add_point(8, 8)
    session.commit()
    session.execute(actions.Split(Address(0, 1), ((8.0, 0.0), (8.0, 63.0))))
    assert set(session.objects) == {1, 2, 3, 2**32 - 1}
    assert area(session, 1) + area(session, 3) == 100
    before = session.state.labels.read(0, promptable().tiles[0].core)
    with pytest.raises(SessionError, match="4294967296 does not fit"):
        session.paint(0, promptable().tiles[0].core, before, before + 2**32 - before)
    assert (session.labels[0] == before).all()


def test_a_status_must_be_known():
    with pytest.raises(SessionError, match="approved"):
        ObjectInfo(status="done")


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.zeros((64, 64), np.uint32), r"\(3, 64, 64\)"),
        (np.zeros((3, 64, 64), np.float32), "integers"),
        (np.full((3, 64, 64), -1), "count from 1"),
        (np.full((3, 64, 64), 2**32), "to 4294967295"),
    ],
)
def test_labels_that_are_none(image, labels, words):
    with pytest.raises(ImageError, match=words):
        AnnotationSession(image, labels=labels)


@pytest.mark.parametrize("shape", [(64, 64), (2, 3, 64, 64)])
def test_planes_along_any_axes(shape):
    pixels = np.zeros(shape, np.uint8)
    pixels[..., 4:14, 4:14] = 200
    session = AnnotationSession(promptable(pixels))
    last = len(session.frames) - 1
    session.current = Address(last, 1)
    session.add_point(8, 8)
    session.commit()
    assert session.labels.shape == shape
    assert int((session.labels.reshape(-1, 64, 64)[last] == 1).sum()) == 100
    assert int((session.labels == 1).sum()) == 100


def test_unsaved_work_is_known(session):
    assert not session.unsaved
    kept(session, (8, 8))
    assert session.unsaved
    session.mark_saved()
    assert not session.unsaved
    session.undo()
    assert session.unsaved
    session.redo()
    assert not session.unsaved


def test_candidates_are_chosen_and_the_last_choice_counts(session):
    session.add_point(8, 8)
    session.choose(2)
    session.choose(1)
    assert session.current_prompts == Prompts.point(8, 8).choose(1)
    session.choose(0)
    assert session.current_prompts == Prompts.point(8, 8)


def test_a_patch_of_a_cell_takes_little():
    before = np.zeros((64, 64), np.uint32)
    rows, cols = np.mgrid[:64, :64] - 32
    after = np.where(rows**2 + cols**2 < 600, 9, before).astype(np.uint32)
    whole = promptable().tiles[0].core
    patch = LabelPatch.between(0, whole, before, after)
    assert len(patch.bits) < 400
    assert patch.after.values == (9,)
    assert LabelPatch.from_dict(patch.to_dict()) == patch


def test_where_objects_lie_is_always_what_a_fresh_look_finds(session):
    kept(session, (8, 8), (45, 45))
    session.execute(actions.Resize(Address(0, 1), 3))
    session.execute(actions.Split(Address(0, 2), ((45.0, 30.0), (45.0, 60.0))))
    fresh = SessionState(session.frames, session.labels.copy())
    assert fresh.footprints.keys() == session.state.footprints.keys()
    for at, foot in fresh.footprints.items():
        assert session.state.footprints[at].area == foot.area
        around = session.state.footprints[at].region
        assert around.intersection(foot.region) == foot.region
