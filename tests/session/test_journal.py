from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from psygnal import EmitLoopError

from napari_sam import Address
from napari_sam.core.errors import MissingFileError, SessionError
from napari_sam.session import AnnotationSession, ImageIdentity, ObjectInfo, actions
from napari_sam.session.persistence.journal import Journal, _line
from napari_sam.session.persistence.recovery import find_journals, read_lines, restore

from .conftest import kept, movie, promptable, snapshot


@pytest.fixture
def journal(session, tmp_path):
    journal = Journal(session, folder=tmp_path, name="cells.tif")
    yield journal
    journal.close()


def identity():
    return ImageIdentity.of(promptable().frames)


def crash(journal):
    """Leave the file as a crash leaves it: whole, and of nobody."""
    assert journal.flush()
    journal.close(keep=True)
    return journal.path


def test_all_comes_back_with_undo_and_redo(session, journal, tmp_path):
    kept(session, (8, 8), (45, 45))
    session.set_threshold(0.1)
    session.next_object()
    session.add_point(45, 8)
    session.set_threshold(0.1)
    session.set_threshold(0.2)
    session.execute(actions.Merge((1, 2)))
    session.undo()
    session.undo()
    session.current = Address(2, 9)
    end, start = snapshot(session), AnnotationSession(promptable())
    again = restore(crash(journal), promptable())
    assert snapshot(again) == end
    assert again.current == Address(2, 9)
    assert again.setups == session.setups
    again.redo()
    again.redo()
    session.redo()
    session.redo()
    assert snapshot(again) == snapshot(session)
    while again.undo():
        pass
    assert snapshot(again) == snapshot(start)


def test_it_is_found_by_its_image(session, journal, tmp_path):
    assert find_journals(identity(), folder=tmp_path) == []
    kept(session, (8, 8))
    journal.flush()
    assert find_journals(identity(), folder=tmp_path) == []  # somebody is at it
    crash(journal)
    (work,) = find_journals(identity(), folder=tmp_path)
    assert (work.name, work.steps, work.objects) == ("cells.tif", 2, 1)
    other = ImageIdentity.of(promptable(movie() // 2).frames)
    assert find_journals(other, folder=tmp_path) == []
    work.discard()
    assert find_journals(identity(), folder=tmp_path) == []


def test_nothing_done_leaves_no_file(session, tmp_path):
    journal = Journal(session, folder=tmp_path)
    session.next_object()
    journal.close()
    assert list(tmp_path.iterdir()) == []


def test_saved_work_leaves_no_file(session, journal, tmp_path):
    kept(session, (8, 8))
    journal.flush()
    assert len(list(tmp_path.iterdir())) == 1
    journal.close(keep=False)
    assert list(tmp_path.iterdir()) == []


def test_a_restored_session_is_kept_on(session, journal, tmp_path):
    kept(session, (8, 8), (45, 45))
    session.undo()
    again = restore(crash(journal), promptable())
    second = Journal(again, folder=tmp_path / "second")
    again.redo()
    kept(again, (45, 8))
    third = restore(crash(second), promptable())
    assert snapshot(third) == snapshot(again)


def test_a_torn_tail_is_cut_off(session, journal):
    kept(session, (8, 8))
    before = snapshot(session)
    journal.flush()
    size = journal.path.stat().st_size
    kept(session, (45, 45))
    path = crash(journal)
    whole = path.read_bytes()
    for end in (size, size + 1, size + 40):
        path.write_bytes(whole[:end])
        assert snapshot(restore(path, promptable())) == before


def test_what_follows_a_flipped_byte_is_not_believed(session, journal):
    kept(session, (8, 8), (45, 45))
    path = crash(journal)
    whole = bytearray(path.read_bytes())
    lines = bytes(whole).split(b"\n")
    place = sum(len(line) + 1 for line in lines[:5]) + 60
    whole[place] ^= 1
    path.write_bytes(bytes(whole))
    again = restore(path, promptable())
    assert len(list(read_lines(path))) == 5
    assert len(again.history.done) < 4


def test_labels_that_were_there_come_back(tmp_path):
    given = np.zeros((3, 64, 64), np.uint32)
    given[1, 50:60, 50:60] = 9
    session = AnnotationSession(promptable(), labels=given)
    journal = Journal(session, folder=tmp_path)
    kept(session, (8, 8))
    assert snapshot(restore(crash(journal), promptable())) == snapshot(session)


def test_another_image_is_refused(session, journal):
    kept(session, (8, 8))
    path = crash(journal)
    with pytest.raises(SessionError, match="another image"):
        restore(path, promptable(movie() // 2))


def test_files_that_are_no_journal(tmp_path):
    with pytest.raises(MissingFileError):
        restore(tmp_path / "gone.jsonl", promptable())
    (tmp_path / "other.jsonl").write_text("hello\n")
    with pytest.raises(SessionError, match="napari-sam journal"):
        restore(tmp_path / "other.jsonl", promptable())


def test_a_full_disk_is_said_once_and_nothing_is_lost(session, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr("napari_sam.session.persistence.journal._RETRY", 0.05)
    journal = Journal(session, folder=tmp_path, trouble=said.append)
    kept(session, (8, 8))
    assert journal.flush()
    real = os.fsync

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    kept(session, (45, 45))
    assert not journal.flush(timeout=0.4)
    assert len(said) == 1
    assert "No space" in said[0]
    monkeypatch.setattr(os, "fsync", real)
    assert journal.flush()
    assert said[1:] == [""]
    assert snapshot(restore(crash(journal), promptable())) == snapshot(session)


def test_a_folder_that_cannot_be_made_is_no_reason_to_stop(session, tmp_path):
    (tmp_path / "file").write_text("")
    said = []
    journal = Journal(session, folder=tmp_path / "file" / "in", trouble=said.append)
    kept(session, (8, 8))
    assert not journal.flush(timeout=1.5)
    assert said
    assert session.labels.any()
    journal.close(keep=False)


def test_writing_is_done_by_another_thread(session, tmp_path, monkeypatch):
    import threading

    threads = set()
    real = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda d: (threads.add(threading.get_ident()), real(d))
    )
    journal = Journal(session, folder=tmp_path)
    kept(session, (8, 8))
    journal.flush()
    journal.close()
    assert threads
    assert threading.get_ident() not in threads


def test_two_sessions_on_one_image_have_files_of_their_own(tmp_path):
    sessions = [AnnotationSession(promptable()) for _ in range(2)]
    journals = [Journal(session, folder=tmp_path) for session in sessions]
    for session, place in zip(sessions, [(8, 8), (45, 45)], strict=True):
        kept(session, place)
    paths = [crash(journal) for journal in journals]
    for path, session in zip(paths, sessions, strict=True):
        assert snapshot(restore(path, promptable())) == snapshot(session)
    assert len(find_journals(identity(), folder=tmp_path)) == 2


def test_numbers_of_numpy_are_written_too(session, journal):
    kept(session, (8, 8), (45, 45))
    session.execute(actions.Delete(tuple(np.unique(session.labels)[1:2])))
    assert snapshot(restore(crash(journal), promptable())) == snapshot(session)


def test_what_cannot_be_written_is_said_and_the_thread_goes_on(session, tmp_path):
    said = []
    journal = Journal(session, folder=tmp_path, trouble=said.append)
    session.add_point(8, 8)
    session.execute(actions.SetInfo(1, ObjectInfo(name=1j)))
    assert not journal.flush(timeout=0.5)
    assert len(said) == 1
    assert not journal._urgent.is_set()
    assert journal._thread.is_alive()
    journal.close(keep=False)


def test_a_listener_that_fails_makes_it_miss_no_step(session, journal):
    def fail(patches):
        raise RuntimeError("a window is gone")

    session.labels_changed.connect(fail)
    session.add_point(8, 8)
    with pytest.raises(EmitLoopError):
        session.commit()
    session.labels_changed.disconnect(fail)
    kept(session, (45, 45))
    assert snapshot(restore(crash(journal), promptable())) == snapshot(session)


def test_steps_of_a_listener_come_after_the_step_that_they_follow(session, journal):
    def name(ids):
        for i in ids:
            if i in session.objects and not session.objects[i].name:
                named = replace(session.objects[i], name=f"cell {i}")
                session.execute(actions.SetInfo(i, named))

    session.objects_changed.connect(name)
    kept(session, (8, 8), (45, 45))
    again = restore(crash(journal), promptable())
    assert snapshot(again) == snapshot(session)
    assert [s.action for s in again.history.done] == [
        s.action for s in session.history.done
    ]


def test_what_cannot_be_read_is_not_offered_and_left(session, journal, tmp_path):
    kept(session, (8, 8))
    path = crash(journal)
    first, *rest = path.read_bytes().splitlines(keepends=True)
    head = json.loads(first.partition(b" ")[2])
    later = _line({**head, "version": 99}) + b"".join(rest)
    strange = _line(head) + _line({"op": "do"})
    for name, content in (("later", later), ("strange", strange), ("none", b"")):
        (tmp_path / f"{identity().key}-{name}.jsonl").write_bytes(content)
    (work,) = find_journals(identity(), folder=tmp_path)
    assert work.path == path
    assert len(list(tmp_path.glob("*.jsonl"))) == 4


def test_labels_to_restore_into_must_be_empty(session, journal):
    kept(session, (8, 8))
    path = crash(journal)
    labels = np.zeros((3, 64, 64), np.uint16)
    again = restore(path, promptable(), labels=labels)
    assert again.labels is labels
    assert labels.any()
    with pytest.raises(SessionError, match="empty"):
        restore(path, promptable(), labels=labels)


CHILD = """
import sys, time
sys.path.insert(0, {tests!r})
from pathlib import Path
from session_tests_conftest import kept, promptable
from napari_sam.session import AnnotationSession, actions
from napari_sam.session.persistence.journal import Journal
session = AnnotationSession(promptable())
journal = Journal(session, folder=Path({folder!r}))
kept(session, (8, 8), (45, 45))
time.sleep(5)
print("five seconds", flush=True)
while True:
    session.undo(); session.redo(); time.sleep(0.01)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_a_killed_process_loses_at_most_the_last_seconds(tmp_path):
    here = Path(__file__).parent
    (tmp_path / "code").mkdir()
    shared = (here / "conftest.py").read_text()
    (tmp_path / "code" / "session_tests_conftest.py").write_text(shared)
    code = textwrap.dedent(CHILD).format(
        tests=str(tmp_path / "code"), folder=str(tmp_path / "kept")
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "five seconds\n"
    time.sleep(0.2)
    child.send_signal(signal.SIGKILL)
    child.wait()
    (work,) = find_journals(identity(), folder=tmp_path / "kept")
    assert work.objects == 2
    again = restore(work.path, promptable())
    assert int((again.labels == 1).sum()) == 100
    assert again.undo()
