"""Masks made elsewhere: what changes is computed anywhere, and is one step of undo."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_sam import Address, Prompts
from napari_sam.core.errors import SessionError
from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.core.prediction import Prediction
from napari_sam.session import AnnotationSession, actions, adding_masks
from napari_sam.session.adding_masks import MaskAdder
from napari_sam.session.edits import apply_all
from napari_sam.session.edits.label_edits import _put_mask
from napari_sam.session.object_table import ObjectInfo
from napari_sam.session.persistence.journal import Journal
from napari_sam.session.persistence.recovery import restore

from .conftest import kept, promptable, snapshot


def disk(row, col, radius):
    """A round mask around a place."""
    rows, cols = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    inside = rows**2 + cols**2 <= radius**2
    region = Region(row - radius, col - radius, row + radius + 1, col + radius + 1)
    return Prediction(np.where(inside, 1, -1).astype(np.float32), 1.0, region)


def many(session, count, *, radius=2):
    """As many masks, some over others, in all frames."""
    first = session.state.objects.free_id()
    rng = np.random.default_rng(0)
    places = rng.integers(radius, 64 - radius, (count, 2))
    return {
        Address(i % 3, first + i): disk(int(row), int(col), radius)
        for i, (row, col) in enumerate(places)
    }


def chunks(masks, size):
    ats = list(masks)
    for i in range(0, len(ats), size):
        yield {at: masks[at] for at in ats[i : i + size]}


@pytest.mark.parametrize("size", [7, 1000])
def test_masks_in_chunks_are_one_step_computed_on_another_thread(session, size):
    kept(session, (8, 8))
    before = snapshot(session)
    adder = MaskAdder(session)
    with ThreadPoolExecutor(1) as pool:
        for chunk in chunks(many(session, 60), size):
            adder.add(pool.submit(adder.request(chunk)).result())
    after = snapshot(session)
    assert len(session.objects) > 40
    session.undo()
    assert snapshot(session) == before
    session.redo()
    assert snapshot(session) == after
    session.undo()
    assert snapshot(session) == before


def test_two_additions_after_each_other_are_two_steps(session):
    masks = many(session, 12)
    first, second = chunks(masks, 6)
    session.add_masks(first)
    half = snapshot(session)
    session.add_masks(second)
    session.undo()
    assert snapshot(session) == half


def test_they_are_in_records_and_journals_as_one_step(session, image, tmp_path):
    journal = Journal(session, folder=tmp_path)
    adder = MaskAdder(session)
    start = snapshot(session)
    for chunk in chunks(many(session, 30), 10):
        adder.add(adder.request(chunk)())
    kept(session, (45, 45))
    assert journal.flush()
    journal.close()
    end = snapshot(session)
    again = AnnotationSession.from_dict(session.to_dict(), image)
    restored = restore(journal.path, promptable())
    for one in (again, restored):
        assert snapshot(one) == end
        for _ in range(3):
            one.undo()
        assert snapshot(one) == start


def test_what_changed_meanwhile_is_heeded(session):
    adder = MaskAdder(session)
    masks = {Address(0, 7): disk(8, 8, 3), Address(1, 8): disk(8, 8, 3)}
    prepared = adder.request(masks)()
    kept(session, (8, 8))
    session.execute(actions.SetInfo(1, ObjectInfo(status="approved")))
    adder.add(prepared)
    assert not (session.labels[0] == 7).any()
    assert (session.labels[1] == 8).sum() == 29


def test_an_empty_mask_is_refused(session):
    before = snapshot(session)
    empty = replace(disk(8, 8, 2), threshold=2.0)
    with pytest.raises(SessionError, match="empty"):
        session.add_masks({Address(0, 1): disk(8, 8, 2), Address(0, 2): empty})
    assert snapshot(session) == before


def test_a_number_that_does_not_fit_is_refused(image):
    labels = np.zeros((3, 64, 64), np.uint8)
    session = AnnotationSession(image, labels=labels)
    with pytest.raises(SessionError, match="uint8"):
        session.add_masks({Address(0, 256): disk(8, 8, 2)})
    assert not labels.any()


def test_patches_say_their_frame_and_a_frame_has_few(session):
    heard = []
    session.labels_changed.connect(heard.append)
    session.add_masks(many(session, 60))
    (patches,) = heard
    assert sorted({patch.frame for patch in patches}) == [0, 1, 2]
    assert len(patches) == 3


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_it_does_what_putting_one_mask_after_the_other_does(data):
    """Also where masks lie on each other, on old ones, and on protected ones."""
    labels = np.zeros((3, 64, 64), np.uint32)
    labels[:, 20:40, 20:40], labels[:, 5:9, 5:40] = 1, 2
    sessions = [AnnotationSession(promptable(), labels=labels.copy()) for _ in "ab"]
    place = st.integers(5, 58)
    drawn = st.tuples(st.integers(0, 2), st.integers(1, 5), place, place)
    masks = {
        Address(frame, number): disk(row, col, 5)
        for frame, number, row, col in data.draw(st.lists(drawn, min_size=1))
    }
    overlap = data.draw(st.sampled_from(["keep", "overwrite"]))
    most = data.draw(st.sampled_from([50, 1 << 22]))
    if data.draw(st.booleans()):
        for session in sessions:
            session.execute(actions.SetInfo(2, ObjectInfo(status="approved")))
    one, other = sessions
    approved = one.state.objects.approved
    for at, mask in masks.items():
        if at.object_id not in approved:
            apply_all(_put_mask(one.state, at, mask, overlap, []), one.state)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adding_masks, "_MOST_PIXELS", most)
        other.add_masks(masks, overlap=overlap)
    assert np.array_equal(one.labels, other.labels)
    assert one.state.objects == other.state.objects
    for at, foot in one.state.footprints.items():
        assert other.state.footprints[at].area == foot.area


def test_predicted_masks_are_taken_too(session, image):
    answer = image.segment(Prompts.point(8, 8), 1)
    session.add_masks({Address(1, 5): answer})
    assert (session.labels[1] == 5).sum() == 100


def test_masks_of_the_core_are_taken_as_predictions_are(session):
    mask = Mask.from_array(np.tri(6), top=30, left=20)
    session.add_masks({Address(2, 5): mask})
    assert np.array_equal(session.labels[2, 30:36, 20:26] == 5, np.tri(6, dtype=bool))
    assert session.state.footprints[Address(2, 5)].area == mask.area
