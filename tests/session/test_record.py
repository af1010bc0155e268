from __future__ import annotations

import json
import os
from dataclasses import replace

import numpy as np
import pytest

from napari_sam import Address, PromptableImage, Tiling
from napari_sam.core.errors import MissingFileError, SessionError
from napari_sam.core.progress import drain
from napari_sam.session import AnnotationSession, actions
from napari_sam.session.model_setup import ModelSetup
from napari_sam.session.persistence.record import Record, read_record, write_record
from napari_sam.session.persistence.replay import only, replay
from napari_sam.testing import ThresholdBackend

from .conftest import kept, movie, promptable, snapshot


@pytest.fixture
def worked(session):
    kept(session, (8, 8), (45, 45), (45, 8))
    session.execute(actions.Merge((1, 2)))
    session.execute(actions.Resize(Address(0, 3), 2))
    session.next_object()
    session.add_point(8, 45)
    return session


def test_a_record_is_done_again_from_a_file(worked, image, tmp_path):
    path = tmp_path / "work.session.json"
    write_record(Record.of(worked, source="cells.tif"), path)
    record = read_record(path)
    assert record.source == "cells.tif"
    again = drain(replay(record, only(image)))
    assert snapshot(again) == snapshot(worked)
    assert not again.unsaved
    assert again.undo()


def test_undone_steps_are_not_in_it(worked):
    worked.undo()
    worked.undo()
    steps = Record.of(worked).steps
    assert len(steps) == len(worked.history.done) == 7


def test_two_models_take_turns():
    pixels = movie()
    whole = promptable(pixels)
    cut = PromptableImage(
        pixels, ThresholdBackend(), axes="tyx", tiling=Tiling((32, 32), (8, 8))
    )
    session = AnnotationSession(whole)
    kept(session, (8, 8))
    session.image = cut
    kept(session, (45, 45))
    session.image = whole
    kept(session, (45, 8))
    record = Record.from_dict(json.loads(json.dumps(Record.of(session).to_dict())))
    images = {ModelSetup.of(i).key: i for i in (whole, cut)}
    again = drain(replay(record, lambda setup: images[setup.key]))
    assert snapshot(again) == snapshot(session)
    used = [s.setup for s in record.steps if isinstance(s, actions.Commit)]
    assert used == [ModelSetup.of(i).key for i in (whole, cut, whole)]
    half = replace(record, steps=record.steps[:4])
    assert drain(replay(half, lambda setup: images[setup.key])).image is cut


def test_a_setup_comes_back_whole():
    pixels = np.zeros((64, 64, 4), np.uint16)
    pixels[:9] = 900
    from napari_sam import Appearance, Frames

    frames = Frames(pixels, "yxc")
    look = Appearance.fit(frames, channels=(2, 0), gamma=0.5)
    image = PromptableImage(
        frames, ThresholdBackend(), appearance=look, tiling=Tiling((32, 32), (8, 8))
    )
    setup = ModelSetup.of(image)
    back = ModelSetup.from_dict(json.loads(json.dumps(setup.to_dict())))
    assert back == setup
    assert back.key == setup.key


def test_a_setup_says_whether_masks_are_connected(image):
    assert ModelSetup.of(image).connected
    image.connected = False
    setup = ModelSetup.of(image)
    assert not ModelSetup.from_dict(setup.to_dict()).connected
    old = {k: v for k, v in setup.to_dict().items() if k != "connected"}
    assert ModelSetup.from_dict(old).connected
    assert ModelSetup.from_dict(old).key != setup.key


def test_labels_to_write_to_must_be_empty(worked, image):
    labels = np.zeros((3, 64, 64), np.uint16)
    again = drain(replay(Record.of(worked), only(image), labels=labels))
    assert again.labels is labels
    assert np.array_equal(labels, worked.labels)
    with pytest.raises(SessionError, match="empty"):
        drain(replay(Record.of(worked), only(image), labels=labels))


def test_masks_of_nobody_are_not_written_down(session):
    session.add_point(8, 8)
    answer = {session.current: session.predict()}
    session.execute(actions.Commit((session.current,)), answer)
    with pytest.raises(SessionError, match="commit"):
        Record.of(session)


def test_labels_that_were_there_are_in_it(image):
    given = np.zeros((3, 64, 64), np.uint32)
    given[1, 50:60, 50:60] = 9
    session = AnnotationSession(image, labels=given)
    kept(session, (8, 8))
    again = AnnotationSession.from_dict(session.to_dict(), image)
    assert snapshot(again) == snapshot(session)


def test_another_image_is_refused_unless_it_may_be_similar(worked):
    other = movie()
    other[0, 4:14, 11:14] = 0
    record = Record.of(worked)
    with pytest.raises(SessionError, match="the pixels do not"):
        drain(replay(record, only(promptable(other))))
    session = drain(replay(record, lambda setup: promptable(other), similar=True))
    assert session.labels.any()
    with pytest.raises(SessionError, match="shape is"):
        drain(replay(record, lambda setup: promptable(other[:, :60]), similar=True))


def test_another_setup_is_refused(worked):
    cut = PromptableImage(
        movie(), ThresholdBackend(), axes="tyx", tiling=Tiling((32, 32), (8, 8))
    )
    with pytest.raises(SessionError, match=r"tiling whole.*32x32"):
        AnnotationSession.from_dict(worked.to_dict(), cut)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "no JSON"),
        ("[]", "something else"),
        ('{"format": "napari-sam session", "version": 7}', "version 7"),
        ('{"format": "napari-sam session", "version": 1}', "damaged"),
        ('{"format": "COCO", "version": 1}', "COCO"),
        (
            '{"format": "napari-sam session", "version": 1, "setups": {}, "start": [],'
            ' "image": {"axes": "yx", "shape": [4, 4], "dtype": "u1", "sample": "a"},'
            ' "steps": [{"do": "paint", "patch": {"frame": 0, "region": [0, 0, 1, 1],'
            ' "bits": "x", "before": [[0], [1]], "after": [[1], [1]]}}]}',
            "damaged",
        ),
    ],
)
def test_files_that_hold_no_record(tmp_path, text, words):
    path = tmp_path / "work.json"
    path.write_text(text)
    with pytest.raises(SessionError, match=words):
        read_record(path)


def test_a_step_of_a_later_version_is_said(worked, tmp_path):
    data = worked.to_dict()
    data["steps"].append({"do": "dance"})
    with pytest.raises(SessionError, match=r"dance.*later version"):
        Record.from_dict(data)


def test_no_file(tmp_path):
    with pytest.raises(MissingFileError, match=r"gone\.json"):
        read_record(tmp_path / "gone.json")


def test_a_record_takes_the_place_of_another_in_one_go(worked, tmp_path):
    path, other = tmp_path / "work.json", tmp_path / "same-file.json"
    path.write_text("before")
    os.link(path, other)
    write_record(Record.of(worked), path)
    assert other.read_text() == "before"
    assert read_record(path) == Record.of(worked)


def test_what_was_written_before_stays_when_the_disk_is_full(
    worked, tmp_path, monkeypatch
):
    path = tmp_path / "work.json"
    write_record(Record.of(worked), path)
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    worked.undo()
    with pytest.raises(OSError, match="No space"):
        write_record(Record.of(worked), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
