"""Whatever happens to a store: the right embedding, or none. Never a wrong one."""

import errno
import gc
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from napari_sam.core.errors import StoreMismatchError
from napari_sam.stores.zarr_store import ZarrStore

from .known import PLANES, VERSIONS, embedding, key, right_or_none, same

WRITER = [sys.executable, "-W", "error::RuntimeWarning"]
WRITER += [str(Path(__file__).with_name("writer.py"))]
KEYS = [key(plane, version) for plane in range(PLANES) for version in range(VERSIONS)]
posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and signals")


def check_all(path):
    """Read all with fresh eyes; return how many were found."""
    store = ZarrStore(path, memory=1)
    return sum(right_or_none(store, of) for of in KEYS)


def check_works(path):
    """Write and read again, as a person would who goes on with this store."""
    ZarrStore(path).put(KEYS[0], embedding(KEYS[0]))
    assert same(ZarrStore(path).get(KEYS[0]), embedding(KEYS[0]))


@posix
def test_killed_while_writing(path):
    with subprocess.Popen(
        [*WRITER, "kill", path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        for _ in range(14):
            writer.stdin.write("again\n")
            writer.stdin.flush()
            assert writer.stdout.readline() == "killed\n"
            check_all(path)
        writer.stdin.close()
    assert writer.returncode == 0
    check_works(path)
    ZarrStore(path).verify(delete=True)
    assert ZarrStore(path).verify().damaged == ()


@posix
def test_processes_and_threads_write_the_same_tiles_at_once(path):
    done = subprocess.run([*WRITER, "compete", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    check_all(path)
    check_works(path)


def empty(file, other):
    file.write_bytes(b"")


def halve(file, other):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip(file, other):
    data = bytearray(file.read_bytes())
    rng = random.Random(str(file.name))
    for _ in range(3):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    file.write_bytes(data)


def delete(file, other):
    file.unlink()


def exchange(file, other):
    file.write_bytes(other.read_bytes())


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    path = tmp_path_factory.mktemp("stores") / "original.zarr"
    for of in (KEYS[0], key(1, 0)):
        ZarrStore(path).put(of, embedding(of))
    return path


@pytest.mark.parametrize("damage", [empty, halve, flip, delete, exchange])
def test_each_file_damaged_in_turn(original, path, damage):
    files = sorted(f.relative_to(original) for f in original.rglob("*") if f.is_file())
    assert len(files) > 14
    for file in files:
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(original, path)
        same_kind = sorted(f for f in path.rglob(file.name[:3] + "*") if f.is_file())
        others = [f for f in same_kind if f != path / file]
        damage(path / file, others[len(others) // 2])
        try:
            check_all(path)
            check_works(path)
        except StoreMismatchError:
            assert file == Path("zarr.json"), file


@pytest.mark.parametrize("what", ["digest", "features/*/fine"])
@pytest.mark.parametrize("change", ["shape", "separator"])
def test_an_array_whose_description_changed_is_made_again(original, path, what, change):
    shutil.copytree(original, path)
    (file,) = path.glob(f"*/*/{what}/zarr.json")
    about = json.loads(file.read_text())
    if change == "shape":
        about["shape"][0] += 1
    else:
        about["chunk_key_encoding"]["configuration"]["separator"] = "/"
    file.write_text(json.dumps(about))
    check_all(path)
    check_works(path)
    assert json.loads(file.read_text())["shape"][0] == PLANES
    assert right_or_none(ZarrStore(path), key(1, 0)), "its chunks were still right"


@pytest.mark.parametrize("what", ["digest", "fine", "coarse"])
def test_a_chunk_of_another_tile_is_not_believed(original, path, what):
    shutil.copytree(original, path)
    (first,) = path.rglob(f"{what}/c.0.*")
    (second,) = path.rglob(f"{what}/c.1.*")
    first.write_bytes(second.read_bytes())
    store = ZarrStore(path)
    assert not right_or_none(store, KEYS[0])
    assert right_or_none(store, key(1, 0))
    [damaged] = store.verify().damaged
    assert (damaged.plane, damaged.tile) == (0, 0)


def test_a_tile_moved_with_its_record_is_not_believed(original, path):
    """As by a person who makes the embeddings of one tiling pass for another's."""
    shutil.copytree(original, path)
    (old,) = (p for p in path.glob("*/*") if p.is_dir())
    other = {"tiling": "64x64+8x8 c- l0:255 g1"}
    ZarrStore(path).put(key(1, 0, **other), embedding(key(1, 0, **other)))
    (new,) = (p for p in path.glob("*/*") if p.is_dir() and p != old)
    for chunk in old.rglob("c.0.*"):
        shutil.copy(chunk, new / chunk.relative_to(old))
    store = ZarrStore(path)
    assert not right_or_none(store, key(0, 0, **other))
    assert right_or_none(store, key(1, 0, **other))
    assert right_or_none(store, KEYS[0])


@posix
def test_a_file_that_may_not_grow(path):
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    store = ZarrStore(path)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
        with pytest.warns(RuntimeWarning, match="cannot be written"):
            kept = store.put(KEYS[0], embedding(KEYS[0]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert same(kept, embedding(KEYS[0]))
    assert same(store.get(KEYS[0]), kept)
    assert check_all(path) == 0
    assert not [f for f in path.rglob("c.*") if f.is_file()], "space is given back"
    check_works(path)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a megabyte, where one may make such a thing."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(command).returncode:
        pytest.skip("mounting is not allowed here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_is_full(small_disk):
    path = small_disk / "cells.zarr"
    keys = [key(i, 0, grid=(40, 0, 1)) for i in range(40)]
    store = ZarrStore(path)
    gc.collect()  # what other tests left open would warn in here when it is collected
    with pytest.warns(RuntimeWarning, match="cannot be written") as said:
        kept = [store.put(of, embedding(of)) for of in keys]
    assert len(said) == 1
    assert all(same(k, embedding(of)) for k, of in zip(kept, keys, strict=True))
    assert all(same(store.get(of), embedding(of)) for of in keys)
    again = ZarrStore(path, memory=1)
    found = sum(right_or_none(again, of) for of in keys)
    assert 5 < found < 40
    assert again.verify().damaged == ()


def test_a_disk_that_is_read_only(small_disk):
    path = small_disk / "cells.zarr"
    ZarrStore(path).put(KEYS[0], embedding(KEYS[0]))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    store = ZarrStore(path)
    assert same(store.get(KEYS[0]), embedding(KEYS[0]))
    with pytest.warns(RuntimeWarning, match="Read-only"):
        store.put(KEYS[1], embedding(KEYS[1]))
    store.put(KEYS[2], embedding(KEYS[2]))
    assert same(store.get(KEYS[1]), embedding(KEYS[1]))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO])
def test_errors_of_the_disk_are_said_once_and_work_goes_on(path, monkeypatch, code):
    store = ZarrStore(path)

    def fail(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(store._arrays, "write", fail)
    with pytest.warns(RuntimeWarning, match=os.strerror(code)) as said:
        [store.put(of, embedding(of)) for of in KEYS]
    assert len(said) == 1
    assert all(same(store.get(of), embedding(of)) for of in KEYS)


def test_a_store_of_a_later_version_is_refused(original, path):
    shutil.copytree(original, path)
    about = json.loads((path / "zarr.json").read_text())
    about["attributes"]["version"] = 2
    (path / "zarr.json").write_text(json.dumps(about))
    for mode in ("a", "r"):
        with pytest.raises(StoreMismatchError, match=r"later napari-sam.*version 2"):
            ZarrStore(path, mode=mode)
