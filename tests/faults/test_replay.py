"""Records and journals: nothing in them is believed of another image, or at all."""

from __future__ import annotations

import json
import zlib
from base64 import b64encode
from copy import deepcopy

import numpy as np
import pytest

from napari_sam import Address, PromptableImage, Prompts
from napari_sam.core.errors import NapariSamError, SessionError
from napari_sam.core.geometry.region import Region
from napari_sam.core.progress import drain
from napari_sam.session import AnnotationSession, actions
from napari_sam.session.labels.patch import LabelPatch
from napari_sam.session.model_setup import ImageIdentity
from napari_sam.session.object_table import ObjectInfo
from napari_sam.session.persistence.journal import Journal
from napari_sam.session.persistence.record import Record, read_record
from napari_sam.session.persistence.recovery import find_journals, restore
from napari_sam.session.persistence.replay import only, replay
from napari_sam.testing import ThresholdBackend


def image_of(*squares):
    """Squares of 10 pixels on a plane of 64."""
    pixels = np.zeros((64, 64), np.uint8)
    for top, left in squares:
        pixels[top : top + 10, left : left + 10] = 200
    return PromptableImage(pixels, ThresholdBackend())


def clicked(image, *positions):
    session = AnnotationSession(image)
    for row, col in positions:
        session.current = Address(0, session.state.objects.free_id())
        session.add_point(row, col)
        session.commit()
    return session


def on_another(session, image):
    record = Record.from_dict(json.loads(json.dumps(Record.of(session).to_dict())))
    return drain(replay(record, only(image), similar=True))


def is_true(session):
    """Whether every footprint is what the labels hold, and every number an object."""
    ids, areas = np.unique(session.labels, return_counts=True)
    there = {int(i): int(n) for i, n in zip(ids, areas, strict=True) if i}
    said = {at.object_id: foot.area for at, foot in session.state.footprints.items()}
    return said == there and there.keys() <= set(session.objects)


FIRST = ((4, 4), (4, 40))


def worked():
    """Two objects kept, a stroke that takes half of the first, a mask that moves it."""
    session = clicked(image_of(*FIRST), (8, 8), (8, 45))
    region = Region(4, 4, 14, 9)
    before = session.state.labels.read(0, region)
    session.paint(0, region, before, np.full_like(before, 2))
    other = image_of((30, 6)).segment(Prompts.point(34, 10))
    session.add_masks({Address(0, 1): other}, overlap="overwrite")
    return session


@pytest.fixture
def session():
    return worked()


def test_strokes_and_masks_are_drawn_on_what_is_there(session):
    # The squares lie two pixels further down, so that what was under them differs.
    again = on_another(session, image_of((6, 4), (6, 40)))
    assert is_true(again)
    after = again.labels.copy()
    while again.undo():
        assert is_true(again)
    assert not again.labels.any()
    while again.redo():
        assert is_true(again)
    assert (again.labels == after).all()


def test_on_its_own_image_a_record_gives_the_same_labels(session):
    again = drain(replay(Record.of(session), only(session.image)))
    assert again.labels.tobytes() == session.labels.tobytes()


@pytest.mark.parametrize("mask", [False, True])
def test_an_approved_object_is_spared_wherever_it_lies(mask):
    session = clicked(image_of((40, 40)), (45, 45))
    session.execute(actions.SetInfo(1, ObjectInfo(status="approved")))
    region = Region(4, 4, 14, 14)
    before = session.state.labels.read(0, region)
    patch = LabelPatch.between(0, region, before, np.full_like(before, 7))
    step = actions.AddMasks((patch,), (7,)) if mask else actions.Paint(patch)
    session.execute(step)
    there = image_of((40, 40), (4, 4))
    # On this image the approved object lies under the stroke.
    moved = clicked(there, (8, 8))
    moved.execute(actions.SetInfo(1, ObjectInfo(status="approved")))
    before = moved.labels.copy()
    with pytest.raises(SessionError, match="approved"):
        moved.execute(step)
    assert (moved.labels == before).all()
    assert is_true(moved)


def test_a_stroke_that_is_drawn_already_is_no_lie():
    session = clicked(image_of(*FIRST), (8, 8))
    region = Region(0, 0, 20, 20)
    before = session.state.labels.read(0, region)
    session.labels[6:9, 6:9] = 5
    session.paint(0, region, before, session.state.labels.read(0, region))
    assert is_true(session)
    session.undo()
    assert is_true(session)
    assert int((session.labels == 1).sum()) == 100


def test_an_unknown_setup_is_named(session):
    data = Record.of(session).to_dict()
    for step in data["steps"]:
        if step["do"] == "commit":
            step["setup"] = "elsewhere"
    record = Record.from_dict(json.loads(json.dumps(data)))
    with pytest.raises(SessionError, match="elsewhere"):
        drain(replay(record, only(session.image)))


def whole(**changes):
    patch = LabelPatch.between(0, Region(0, 0, 2, 2), np.zeros((2, 2)), np.ones((2, 2)))
    return {**patch.to_dict(), **changes}


BOMB = b64encode(zlib.compress(bytes(200_000_000), 9)).decode()
BROKEN = {
    "a bomb": whole(bits=BOMB),
    "a large region": whole(region=[0, 0, 10**9, 10**9]),
    "an endless run": whole(after=[[1], [10**15]]),
    "other lengths": whole(after=[[1], [3]]),
    "negative lengths": whole(after=[[1, 2], [6, -2]]),
    "no number": whole(after=[["a"], [4]]),
    "reals": whole(region=[0, 0, 2.5, 2]),
    "labels below 0": whole(after=[[-1], [4]]),
    "labels above uint32": whole(after=[[2**40], [4]]),
    "no base64": whole(bits="%%%"),
    "no zlib": whole(bits=b64encode(b"nothing").decode()),
    "above the plane": whole(region=[-1, 0, 1, 2]),
    "a frame below 0": whole(frame=-1),
    "no object": 3,
    "nothing": {},
}


@pytest.mark.parametrize("patch", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("kind", ["paint", "keep", "start"])
def test_a_broken_patch_is_refused_before_anything_is_made(session, patch, kind):
    data = json.loads(json.dumps(Record.of(session).to_dict()))
    step = {"paint": {"do": "paint", "patch": patch}}.get(kind)
    if kind == "start":
        data["start"] = [patch]
    else:
        step = step or {"do": "keep", "patches": [patch], "objects": [1]}
        data["steps"] = [step]
    with pytest.raises(SessionError):
        Record.from_dict(data)


def steps():
    far = [[0, 0], [1e9, 1e9]]
    point = {"kind": "point", "row": 1, "col": 1}
    said = {"prompts": {"version": 2, "items": [point]}, "threshold": 0.0}
    return {
        "a split to the moon": {
            "do": "split", "at": [0, 1], "path": [[9, -1e9], [9, 1e9]]
        },
        "a split by far": {"do": "split", "at": [0, 1], "path": far},
        "a split beyond": {"do": "split", "at": [0, 1], "path": [[0, 0], [1e300, 1]]},
        "a split of text": {"do": "split", "at": [0, 1], "path": "abc"},
        "no path": {"do": "split", "at": [0, 1], "path": []},
        "growing without end": {"do": "resize", "at": [0, 1], "pixels": 10**12},
        "growing by text": {"do": "resize", "at": [0, 1], "pixels": "wide"},
        "another frame": {"do": "fill", "at": [10**6, 1]},
        "numbers as text": {"do": "delete", "objects": "12"},
        "deeper": {"do": "merge", "objects": [[1]]},
        "prompts elsewhere": {"do": "say", "said": [[10**6, 2, said]]},
        "a commit of nothing": {"do": "commit", "at": [[0, 77]], "setup": "SETUP"},
        "a commit elsewhere": {
            "do": "commit", "at": [[99, 2]], "setup": "SETUP", "said": [[99, 2, said]]
        },
        "no step": {"do": 3},
        "a list": [],
        "text": "delete",
        "a colour": {"do": "describe", "object": 1, "info": {"color": [1, 2]}},
        "a status": {"do": "describe", "object": 1, "info": {"status": 7}},
        "a patch beyond": {"do": "paint", "patch": whole(region=[90, 90, 92, 92])},
    }  # fmt: skip


@pytest.mark.parametrize("name", steps())
def test_a_step_of_any_kind_is_done_or_refused_in_our_words(session, name):
    data = json.loads(json.dumps(Record.of(session).to_dict()))
    step = json.loads(
        json.dumps(steps()[name]).replace("SETUP", next(iter(data["setups"])))
    )
    data["steps"] = [*data["steps"][:4], step]
    try:
        again = drain(replay(Record.from_dict(data), only(session.image)))
    except NapariSamError:
        return
    assert is_true(again)


def damaged(data):
    """Every value of a record, replaced by what does not belong there."""
    paths = list(_paths(data))
    for path in paths:
        for value in (None, [], {}, "x", -1, 1e308, float("nan"), 2**70, True):
            broken = deepcopy(data)
            inner = broken
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = value
            yield path, value, broken


def _paths(data, path=()):
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from _paths(value, (*path, key))


def test_whatever_is_changed_in_a_record_is_our_error_or_the_truth(session):
    data = json.loads(json.dumps(Record.of(session).to_dict()))
    for path, value, broken in damaged(data):
        try:
            again = drain(replay(Record.from_dict(broken), only(session.image)))
        except NapariSamError:
            continue
        except Exception as wrong:
            pytest.fail(f"{path} = {value!r}: {type(wrong).__name__} {wrong}")
        assert is_true(again), (path, value)


@pytest.mark.parametrize(
    "text",
    [b"[" * 100_000, b'{"format":' * 50_000, b"\xff\xfe\x00", b"", b"\x00" * 99],
    ids=["nested", "objects", "half", "empty", "zeros"],
)
def test_what_is_no_record_is_said_in_one_line(tmp_path, text):
    path = tmp_path / "a.session.json"
    path.write_bytes(text)
    with pytest.raises(SessionError) as refused:
        read_record(path)
    assert "\n" not in str(refused.value)


def test_a_record_with_a_mark_of_its_encoding_is_read(session, tmp_path):
    text = json.dumps(Record.of(session).to_dict())
    for encoding in ("utf-8-sig", "utf-16"):
        path = tmp_path / f"{encoding}.json"
        path.write_text(text, encoding=encoding)
        assert read_record(path) == Record.from_dict(json.loads(text))


def line(text):
    return b"%08x %s\n" % (zlib.crc32(text), text)


ODD = {
    "nested": line(b"[" * 100_000),
    "a list": line(b"[]"),
    "a number": line(b"7"),
    "an odd process": line(
        b'{"format": "napari-sam journal", "version": 1, "host": "HOST", "pid": 1e999}'
    ),
    "no steps": line(b'{"format": "napari-sam journal", "version": 1, "start": 3}')
    + line(b'{"op": "do", "edit": {"patch": 3}}'),
    "undone too often": line(
        b'{"format": "napari-sam journal", "version": 1, "start": []}'
    )
    + line(b'{"op": "undo"}'),
    "text": b"hello\n",
    "a bomb": line(b'{"format": "napari-sam journal", "version": 1, "start": []}')
    + line(json.dumps({"op": "do", "edit": {"patch": whole(bits=BOMB)}}).encode()),
}


@pytest.mark.parametrize("name", ODD)
def test_one_odd_journal_hides_no_other(session, tmp_path, name):
    import socket

    journal = Journal(session, folder=tmp_path)
    assert journal.flush()
    journal.close()
    identity = ImageIdentity.of(session.frames)
    odd = tmp_path / f"{identity.key}-0.jsonl"
    odd.write_bytes(ODD[name].replace(b"HOST", socket.gethostname().encode()))
    found = find_journals(identity, folder=tmp_path)
    assert journal.path in [one.path for one in found]
    with pytest.raises(SessionError):
        restore(odd, session.image)
    assert restore(journal.path, session.image).labels.tobytes() == (
        session.labels.tobytes()
    )


def test_a_journal_of_a_later_version_stays_and_is_said(session, tmp_path, caplog):
    identity = ImageIdentity.of(session.frames)
    path = tmp_path / f"{identity.key}-0.jsonl"
    path.write_bytes(line(b'{"format": "napari-sam journal", "version": 2}'))
    assert find_journals(identity, folder=tmp_path) == []
    assert path.exists()
    assert "version 2 of a napari-sam journal" in caplog.text
    assert "Update napari-sam" in caplog.text
    with pytest.raises(SessionError, match="Update napari-sam"):
        restore(path, session.image)


@pytest.mark.parametrize("version", [0, -1, "1", None, 1.5, True, {}])
def test_a_version_that_never_was_is_no_reason_to_update(session, version):
    data = Record.of(session).to_dict() | {"version": version}
    if version is True:  # equals 1
        assert Record.from_dict(data) == Record.of(session)
        return
    with pytest.raises(SessionError, match="never was"):
        Record.from_dict(data)


def test_a_damaged_line_within_a_journal_is_said_a_torn_end_is_not(
    session, tmp_path, caplog
):
    journal = Journal(session, folder=tmp_path)
    assert journal.flush()
    journal.close()
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole[:-9])
    restore(journal.path, session.image)
    assert caplog.text == ""
    lines = whole.split(b"\n")
    lines[1] = b"0" + lines[1][1:-1]
    journal.path.write_bytes(b"\n".join(lines))
    restore(journal.path, session.image)
    assert "line 2 is damaged" in caplog.text
