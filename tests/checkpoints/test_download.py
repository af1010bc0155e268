"""A download ends with the right file or with a clear error, whatever happens."""

import errno
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace

import pytest

from napari_sam import checkpoints
from napari_sam.checkpoints import Patience, catalogue, integrity, transfer
from napari_sam.core.errors import CheckpointError, UnknownModelError
from napari_sam.core.progress import drain

from .server import Fault

QUICK = Patience(timeout=0.4, tries=3, wait=0.0)


def fetch(name="small", **options):
    return drain(checkpoints.iter_download(name, patience=QUICK, **options))


def wait_until(happened):
    while not happened():
        time.sleep(0.01)


def leftovers(home):
    return sorted(p.name for p in home.iterdir() if p.suffix in {".part", ".etag"})


FAULTS = {
    "nothing": [],
    "cut": [Fault(cut=200_000)],
    "cut three times": [Fault(cut=100_000), Fault(cut=100_000), Fault(cut=100_000)],
    "cut at once": [Fault(cut=0), Fault(cut=0)],
    "stalls": [Fault(cut=200_000, stall=True)],
    "stalls at once": [Fault(cut=0, stall=True)],
    "error 500, then 503": [Fault(status=500), Fault(status=503)],
    "wrong bytes": [Fault(body=b"\0" * 500_000)],
    "wrong bytes, cut": [Fault(body=b"\0" * 500_000, cut=200_000, etag='"x"')],
    "same tag, other bytes": [
        Fault(body=b"\0" * 500_000, cut=200_000, etag='"x"'),
        Fault(etag='"x"'),
    ],
    "a page": [Fault(body=b"<html>log in</html>")],
    "no ranges": [Fault(cut=200_000), Fault(knows_ranges=False)],
    "another range": [Fault(cut=200_000), Fault(off_by=7)],
    "tag changed": [Fault(cut=200_000, etag='"old"'), Fault(etag='"new"')],
    "weak tags": [Fault(cut=200_000, etag='W/"old"'), Fault(etag='W/"new"')],
    "too long": [Fault(body=b"\0" * 600_000)],
    "cut, then too long": [Fault(cut=300_000), Fault(cut=300_000, status=503)],
}


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_every_fault_is_overcome(entry, server, home, payload, faults):
    server.faults += faults
    found = fetch()
    assert found == home / "small.pt"
    assert found.read_bytes() == payload
    assert leftovers(home) == []
    assert checkpoints.path("small") == found


#: What a server says of lengths that is not so, or not at all.
LENGTHS = {
    "no length, no end": [Fault(length="", endless=True)],
    "a length too long, no end": [Fault(length="9" * 15, endless=True)],
    "a length too long": [Fault(length="900000")],
    "a length of 30 digits": [Fault(length="9" * 30)],
    "a length too short": [Fault(length="1000")],
    "a length that is none": [Fault(length="many")],
    "a negative length": [Fault(length="-5")],
    "an empty 416 of a part too long": [Fault(is_silent=True)],
}


@pytest.mark.parametrize("faults", LENGTHS.values(), ids=LENGTHS)
def test_a_known_size_is_believed_before_a_server(entry, server, home, payload,
                                                  monkeypatch, faults):  # fmt: skip
    sized = replace(entry, weights=replace(entry.weights, size=len(payload)))
    monkeypatch.setattr(catalogue, "published", lambda: (sized,))
    if faults[0].is_silent:
        home.mkdir(parents=True)
        (home / "small.pt.part").write_bytes(payload + b"more")
    server.faults += faults
    assert fetch().read_bytes() == payload
    assert leftovers(home) == []


def test_an_empty_416_ends_what_is_whole(entry, server, home, payload):
    home.mkdir(parents=True)
    (home / "small.pt.part").write_bytes(payload)
    server.faults += [Fault(is_silent=True)] * 9
    assert fetch().read_bytes() == payload
    assert len(server.asked) == 1


def test_a_416_without_a_question_is_given_up(entry, server):
    server.faults += [Fault(status=416)] * 20
    with pytest.raises(CheckpointError, match="0 bytes"):
        fetch()


def test_a_length_always_too_long_does_not_hide_a_whole_file(entry, server, payload):
    server.faults += [Fault(length="600000", knows_ranges=False)] * 20
    assert fetch().read_bytes() == payload


def test_a_server_of_an_unknown_size_that_never_ends_is_left(
    entry, server, monkeypatch
):
    monkeypatch.setattr(transfer, "_LARGEST", 2_000_000)
    server.faults += [Fault(length="", endless=True)] * 9
    with pytest.raises(CheckpointError, match=r"2000000 bytes\), twice"):
        fetch()


@pytest.mark.parametrize(
    "faults",
    [
        [Fault(body=b"\0" * 500_000, cut=200_000, etag='"old"')],
        [
            Fault(body=b"\0" * 500_000, cut=200_000, etag='"old"'),
            Fault(knows_tags=False),
        ],
        [Fault(cut=200_000), Fault(off_by=7)],
        [Fault(cut=200_000), Fault(knows_ranges=False)],
    ],
    ids=["changed", "changed, and the server does not care", "range", "no ranges"],
)
def test_parts_of_different_files_are_never_put_together(entry, server, faults):
    """What does not fit is seen in the answer, before all of it is read."""
    server.faults += faults
    work = checkpoints.iter_download("small", patience=QUICK)
    assert sum("verifying" in step.what for step in work) == 1


def test_a_changed_file_is_begun_anew_in_the_same_answer(entry, server):
    server.faults.append(Fault(body=b"\0" * 500_000, cut=200_000, etag='"old"'))
    fetch()
    assert len(server.asked) == 2


def test_what_came_before_a_cut_is_not_asked_for_again(entry, server):
    server.faults.append(Fault(cut=200_000))
    fetch()
    (_, first), (_, second) = server.asked
    assert first is None
    assert 100_000 < int(second.removeprefix("bytes=").rstrip("-")) <= 200_000


def test_giving_up_keeps_what_came_and_a_later_call_goes_on(entry, server, home):
    server.faults += [Fault(cut=200_000)] + [Fault(cut=0)] * 5
    with pytest.raises(CheckpointError, match=r"small\.pt could not be .* are here"):
        fetch()
    assert leftovers(home) == ["small.pt.part", "small.pt.part.etag"]
    server.faults.clear()
    server.asked.clear()
    fetch()
    ((_, asked),) = server.asked
    assert asked is not None


def test_a_server_that_always_cuts_and_knows_no_ranges_is_given_up(entry, server):
    server.faults += [Fault(cut=100_000, knows_ranges=False)] * 50
    with pytest.raises(CheckpointError, match="cut"):
        fetch()
    assert len(server.asked) < 10


def test_closing_keeps_what_came(entry, server, home, payload):
    with closing(checkpoints.iter_download("small", patience=QUICK)) as work:
        for step in work:
            if step.done > 200_000:
                break
    assert (home / "small.pt.part").stat().st_size > 100_000
    assert not (home / "small.pt").exists()
    assert fetch().read_bytes() == payload
    assert server.asked[-1][1] is not None


@pytest.mark.parametrize(
    ("status", "says"), [(404, "no file at http"), (410, "no file"), (403, "403")]
)
def test_a_refusal_is_not_tried_again(entry, server, status, says):
    server.faults += [Fault(status=status)] * 3
    with pytest.raises(CheckpointError, match=says):
        fetch()
    assert len(server.asked) == 1


def test_wrong_bytes_are_tried_anew_once_and_never_kept(entry, server, home):
    server.files["small.pt"] = b"something else"
    with pytest.raises(CheckpointError, match=r"expected sha256:.*got sha256:.*twice"):
        fetch()
    assert len(server.asked) == 2
    assert not (home / "small.pt").exists()
    assert leftovers(home) == []


def test_nobody_answering_is_said(entry, monkeypatch):
    gone = replace(entry.weights, url="http://127.0.0.1:9/small.pt")
    monkeypatch.setattr(catalogue, "published", lambda: (replace(entry, weights=gone),))
    with pytest.raises(CheckpointError, match="cannot be reached"):
        fetch()


def test_a_part_that_is_whole_is_not_downloaded_again(entry, server, home, payload):
    home.mkdir(parents=True)
    (home / "small.pt.part").write_bytes(payload)
    assert fetch().read_bytes() == payload
    assert [a for _, a in server.asked] == [f"bytes={len(payload)}-"]


def test_a_part_longer_than_the_file_is_thrown_away(entry, server, home, payload):
    home.mkdir(parents=True)
    (home / "small.pt.part").write_bytes(payload * 2)
    assert fetch().read_bytes() == payload


def test_what_is_there_is_not_downloaded(entry, server):
    fetch()
    fetch()
    assert len(server.asked) == 1


@pytest.mark.parametrize("kind", ["sha256", "md5", "xxh128"])
def test_every_kind_of_hash_is_verified(entry, server, home, payload, kind, request):
    digest = integrity.digest
    home.mkdir(parents=True)
    (home / "small.pt").write_bytes(payload)
    right = digest(home / "small.pt", kind)
    assert right.startswith(f"{kind}:")
    integrity.check(home / "small.pt", replace(entry.weights, hash=right))
    (home / "small.pt").write_bytes(payload[:-1] + b"!")
    with pytest.raises(CheckpointError, match=f"expected {right}"):
        integrity.check(home / "small.pt", replace(entry.weights, hash=right))


def test_a_file_placed_by_hand_is_verified_before_it_is_used(entry, server, home):
    home.mkdir(parents=True)
    (home / "small.pt").write_bytes(b"not it")
    for ask in (fetch, lambda: checkpoints.path("small")):
        with pytest.raises(CheckpointError, match=r"expected sha256.*Delete it"):
            ask()
    assert server.asked == []
    assert (home / "small.pt").read_bytes() == b"not it"


def test_a_file_is_read_once_and_again_when_it_changed(entry, home, monkeypatch):
    fetch()
    read = []
    digest = integrity.digest
    monkeypatch.setattr(integrity, "digest", lambda *a: read.append(a) or digest(*a))
    checkpoints.path("small")
    checkpoints.path("small")
    assert read == []
    (home / "small.pt").write_bytes(b"changed")
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoints.path("small")
    assert len(read) == 1


def test_a_folder_that_cannot_be_written_to_serves_what_it_has(
    entry, home, payload, monkeypatch
):
    fetch()
    for name in ("small.pt.verified", "small.pt.lock"):
        (home / name).unlink()

    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "read-only")

    monkeypatch.setattr(type(home), "write_text", refuse)
    monkeypatch.setattr("filelock.FileLock", refuse)
    assert fetch().read_bytes() == payload


def test_a_full_disk_is_seen_before_anything_is_written(entry, home, monkeypatch):
    monkeypatch.setattr(
        transfer.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000)
    )
    with pytest.raises(CheckpointError, match="0 MB left"):
        fetch()
    assert not (home / "small.pt.part").exists()


def test_a_disk_that_fills_up_keeps_the_part(entry, server, home, monkeypatch):
    fsync = os.fsync

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(transfer.os, "fsync", full)
    with pytest.raises(CheckpointError, match="is full"):
        fetch()
    assert (home / "small.pt.part").stat().st_size == 500_000
    monkeypatch.setattr(transfer.os, "fsync", fsync)
    fetch()


def test_a_mirror_is_asked_instead(entry, server, payload):
    server.files = {"models/small.pt": payload}
    fetch(mirror=f"{server.url}/models/")
    assert [path for path, _ in server.asked] == ["/models/small.pt"]


@pytest.mark.parametrize("as_url", [False, True])
def test_a_folder_is_a_mirror_that_works_offline(
    entry, server, tmp_path, payload, monkeypatch, as_url
):
    stick = tmp_path / "a stick"
    stick.mkdir()
    (stick / "small.pt").write_bytes(payload)
    monkeypatch.setenv("NAPARI_SAM_OFFLINE", "1")
    monkeypatch.setenv("NAPARI_SAM_MIRROR", stick.as_uri() if as_url else str(stick))
    assert fetch().read_bytes() == payload
    assert server.asked == []
    assert (stick / "small.pt").exists()


def test_a_folder_is_not_believed_either(entry, tmp_path):
    (tmp_path / "small.pt").write_bytes(b"wrong")
    with pytest.raises(CheckpointError, match="expected"):
        fetch(mirror=str(tmp_path))
    (tmp_path / "small.pt").unlink()
    with pytest.raises(CheckpointError, match=r"no small\.pt in .* published at http"):
        fetch(mirror=str(tmp_path))


def test_offline_nothing_is_asked_and_it_is_said_what_to_do(
    entry, server, home, monkeypatch
):
    monkeypatch.setenv("NAPARI_SAM_OFFLINE", "1")
    with pytest.raises(CheckpointError) as error:
        fetch()
    for word in (entry.weights.url, str(home / "small.pt"), "NAPARI_SAM_MIRROR"):
        assert word in str(error.value)
    assert server.asked == []
    monkeypatch.setenv("NAPARI_SAM_OFFLINE", "0")
    fetch()


@pytest.mark.parametrize("mirror", ["http://", "https:///x"])
def test_an_address_that_is_none_is_said(entry, mirror):
    with pytest.raises(CheckpointError, match="no address"):
        fetch(mirror=mirror)


def test_the_second_of_two_waits_and_then_finds_the_file(entry, server, payload):
    server.gate = threading.Event()
    said, found = [], []

    def second():
        work = checkpoints.iter_download("small", patience=QUICK)
        found.append(drain(work, lambda step: said.append(step.what)))
        return found

    slow = Patience(timeout=30.0)
    first = checkpoints.iter_download("small", patience=slow)
    begun = threading.Thread(target=lambda: found.append(drain(first)))
    begun.start()
    wait_until(lambda: server.asked)
    other = threading.Thread(target=second)
    other.start()
    wait_until(lambda: said)
    server.gate.set()
    begun.join()
    other.join()
    assert said[0] == "another process downloads small.pt"
    assert len(found) == 2
    assert len(server.asked) == 1


PROCESS = """
import sys
from napari_sam import checkpoints
from napari_sam.checkpoints import catalogue
entry = catalogue.ModelEntry("small", "sam", "tests", catalogue.Download(*sys.argv[1:]))
catalogue.published = lambda: (entry,)
print(checkpoints.download("small"))
"""


def test_two_processes_at_once_download_it_once(entry, server, home, payload):
    server.gate = threading.Event()
    file = entry.weights
    command = [sys.executable, "-c", PROCESS, file.file, file.url, file.hash]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    wait_until(lambda: server.asked)
    server.gate.set()
    outputs = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert {out.decode().strip() for out, _ in outputs} == {str(home / "small.pt")}
    assert (home / "small.pt").read_bytes() == payload
    assert len(server.asked) == 1


def test_a_killed_process_leaves_what_a_later_one_goes_on_from(entry, server, home):
    server.faults.append(Fault(cut=200_000, stall=True))
    file = entry.weights
    command = [sys.executable, "-c", PROCESS, file.file, file.url, file.hash]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    part = home / "small.pt.part"
    while not (part.exists() and part.stat().st_size > 100_000):
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate()
    fetch()
    assert server.asked[-1][1] is not None


def test_progress_is_in_bytes(entry, payload):
    steps = list(checkpoints.iter_download("small", patience=QUICK))
    came = [s.done for s in steps if "downloading" in s.what]
    assert came == sorted(came)
    assert came[-1] == steps[-1].total == len(payload)
    assert steps[-1].what == "verifying small.pt"


def test_verify_reads_again_whatever_was_noted(entry, home, payload):
    fetch()
    ((name, is_right),) = [(v.name, v.is_right) for v in checkpoints.verify()]
    assert (name, is_right) == ("small", True)
    stat = (home / "small.pt").stat()
    (home / "small.pt").write_bytes(b"!" + payload[1:])
    os.utime(home / "small.pt", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert checkpoints.path("small")  # believed: neither size nor time has changed
    (found,) = checkpoints.verify("small")
    assert not found.is_right
    with pytest.raises(CheckpointError):
        checkpoints.path("small")


def test_a_note_that_is_broken_is_not_believed(entry, home):
    fetch()
    (home / "small.pt.verified").write_text("{")
    checkpoints.path("small")
    assert json.loads((home / "small.pt.verified").read_text())["hash"]


def test_a_name_that_is_none_is_met_with_the_right_one(entry):
    with pytest.raises(UnknownModelError, match="Did you mean 'small'"):
        fetch("smal")
    with pytest.raises(CheckpointError, match="models download small"):
        checkpoints.path("small")


def test_a_published_copy_is_removed_and_can_come_again(entry, home):
    fetch()
    assert checkpoints.remove("small") == (home / "small.pt",)
    assert not checkpoints.is_here(entry)
    with pytest.raises(CheckpointError, match="no file on this disk"):
        checkpoints.remove("small")
    fetch()
