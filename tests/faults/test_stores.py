"""Stores of embeddings: every byte that changes an answer is under the proof."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from contextlib import suppress

import numpy as np
import pytest

from napari_sam.core.embedding import EmbeddingKey
from napari_sam.core.errors import StoreError
from napari_sam.stores.layout import to_single
from napari_sam.stores.zarr_store import ZarrStore


def key(plane=0):
    return EmbeddingKey(
        model="model", tiling="whole", grid=(4, 0, 1), at=(plane, 0, 0),
        digest=f"pixels {plane}", plane_shape=(8, 8),
    )  # fmt: skip


ARRAYS = {
    "fine": np.arange(-16, 16, dtype=np.float32).reshape(2, 4, 4) / 8,
    "count": np.arange(6, dtype=np.int32).reshape(2, 3),
}  # fmt: skip


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "store"
    ZarrStore(path).put(key(), ARRAYS)
    return path


def described(path, name):
    (found,) = path.glob(f"*/*/features/*/{name}/zarr.json")
    return found


def swapped(name, value):
    return lambda about: about.__setitem__(name, value)


def endian(about):
    about["codecs"][0]["configuration"]["endian"] = "big"


CHANGES = {
    "float16 as int16": ("fine", swapped("data_type", "int16")),
    "float16 as uint16": ("fine", swapped("data_type", "uint16")),
    "int32 as float32": ("count", swapped("data_type", "float32")),
    "int32 as uint32": ("count", swapped("data_type", "uint32")),
    "rows for columns": ("count", swapped("shape", [4, 1, 3, 2])),
    "one axis for two": ("count", swapped("shape", [4, 1, 6])),
    "another byte order": ("count", endian),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_description_that_changed_is_not_believed(path, change):
    name, edit = change
    file = described(path, name)
    about = json.loads(file.read_text())
    edit(about)
    if len(about["shape"]) == 3 or about["shape"][2:] == [3, 2]:
        grid = about["chunk_grid"]["configuration"]
        grid["chunk_shape"] = [1, 1, *about["shape"][2:]]
        about["dimension_names"] = None
        if len(about["shape"]) == 3:
            (chunk,) = file.parent.glob("c.*")
            chunk.rename(chunk.with_name("c.0.0.0"))
    file.write_text(json.dumps(about))
    store = ZarrStore(path)
    assert store.get(key()) is None
    assert len(store.verify().damaged) == 1
    # What is written again is right again.
    store.put(key(), ARRAYS)
    found = ZarrStore(path).get(key())
    assert found is not None
    assert all((found.arrays[n] == a).all() for n, a in ARRAYS.items())


def test_no_byte_of_any_file_changes_an_answer(path):
    """Each byte of the descriptions is turned into another."""
    right = ZarrStore(path).get(key())
    rng = np.random.default_rng(3)
    for file in sorted(path.rglob("*")):
        if not file.is_file():
            continue
        content = file.read_bytes()
        for at in rng.permutation(len(content))[:40]:
            broken = bytearray(content)
            broken[at] ^= 1 << int(rng.integers(8))
            file.write_bytes(bytes(broken))
            try:
                found = ZarrStore(path).get(key())
            except StoreError:
                found = None
            if found is not None:
                for name, array in right.arrays.items():
                    assert found.arrays[name].dtype == array.dtype, (file, at)
                    assert found.arrays[name].tobytes() == array.tobytes(), (file, at)
        file.write_bytes(content)


FLUSHED = """
import numpy as np, torch
from napari_sam.stores.layout import to_single
every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
bits = every.view(np.uint16).astype(np.int64)
if not torch.set_flush_denormal(True):
    print("unknown")
else:
    print(to_single(every).view(np.uint32).tolist()[1:0x7c00:7])
"""


def test_numbers_are_widened_alike_where_others_flush_small_ones_to_zero():
    done = subprocess.run(
        [sys.executable, "-c", FLUSHED], capture_output=True, text=True, check=True
    )
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    expected = every.astype(np.float32).view(np.uint32)
    assert (to_single(every).view(np.uint32) == expected).all()
    if done.stdout.strip() != "unknown":
        assert json.loads(done.stdout) == expected.tolist()[1:0x7C00:7]


def test_a_store_that_is_cleared_beside_a_writer_opens(tmp_path):
    path = tmp_path / "store"
    for _ in range(4):
        stop = threading.Event()

        def write(stop=stop):
            store = ZarrStore(path, memory=0)
            while not stop.is_set():
                for plane in range(4):
                    store.put(key(plane), ARRAYS)

        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        try:
            other = ZarrStore(path)
            for _ in range(6):
                other.clear()
        finally:
            stop.set()
            writer.join(60)
        store = ZarrStore(path)
        store.put(key(), ARRAYS)
        assert ZarrStore(path).get(key()) is not None


@pytest.mark.parametrize(
    "left", ["model-0123abcd", "model-0123abcd/whole-level0-0123abcd/digest"]
)
def test_what_a_cleared_store_leaves_is_a_store(tmp_path, left):
    path = tmp_path / "store"
    (path / left).mkdir(parents=True)
    if left.endswith("digest"):
        (path / left / "c.0.0.0").write_bytes(b"half")
    store = ZarrStore(path)
    store.put(key(), ARRAYS)
    assert ZarrStore(path).get(key()) is not None
    store.clear()
    assert not path.exists()


def test_a_folder_of_others_is_not_taken_for_one(tmp_path):
    path = tmp_path / "data-0123abcd"
    (path / "scans-0123abcd").mkdir(parents=True)
    (path / "scans-0123abcd" / "a.tif").write_bytes(b"x")
    with pytest.raises(StoreError, match="not a store"):
        ZarrStore(path)


def test_a_store_behind_a_link_is_read_and_written(path, tmp_path):
    link = tmp_path / "link"
    os.symlink(path, link)
    store = ZarrStore(link)
    assert store.get(key()) is not None
    store.put(key(1), ARRAYS)
    assert ZarrStore(path).get(key(1)) is not None
    store.clear()


@pytest.mark.parametrize("text", ["[" * 100_000, '{"attributes": 3}', "\x00", "{"])
def test_a_description_that_is_nonsense_is_our_error(tmp_path, path, text):
    for file in path.rglob("zarr.json"):
        whole = file.read_text()
        file.write_text(text)
        with suppress(StoreError):
            ZarrStore(path).get(key())
            ZarrStore(path).verify()
            ZarrStore(path).info()
        file.write_text(whole)
    assert ZarrStore(path).get(key()) is not None


def _as_folder(file):
    file.unlink()
    file.mkdir()


def _as_link_to_itself(file):
    file.unlink()
    file.symlink_to(file.name)


def _as_link_to_nothing(file):
    file.unlink()
    file.symlink_to("/nowhere/at/all")


@pytest.mark.filterwarnings("ignore:Embeddings cannot be written")
@pytest.mark.parametrize(
    "change",
    [_as_folder, _as_link_to_itself, _as_link_to_nothing, lambda file: file.unlink(),
     lambda file: file.write_bytes(b""), lambda file: file.write_bytes(b"null")],
)  # fmt: skip
def test_whatever_becomes_of_a_file_the_answer_is_right_none_or_our_error(path, change):
    files = [f.relative_to(path) for f in path.rglob("*") if f.is_file()]
    for n, file in enumerate(files):
        # Each in a folder of its own: zarr may still write after it has failed.
        broken = path.with_name(f"broken-{n}")
        shutil.copytree(path, broken)
        change(broken / file)
        with suppress(StoreError):
            store = ZarrStore(broken)
            found = store.get(key())
            for name in found or ():
                np.testing.assert_array_equal(found[name], ARRAYS[name])
            store.put(key(), ARRAYS)


@pytest.mark.parametrize("value", [[1], {"a": 1}, 1.5, None])
def test_a_group_that_is_described_by_other_types_is_damaged(path, value):
    ZarrStore(path).put(key(), ARRAYS)
    (file,) = path.glob("*/*/zarr.json")
    about = json.loads(file.read_text())
    about["attributes"]["tiling"] = value
    file.write_text(json.dumps(about))
    assert len(ZarrStore(path).verify().damaged) == 1
