import os
import time
from dataclasses import replace

import pytest

from napari_sam.stores.zarr_store import ZarrStore

from .known import embedding, key, same

DAY = 86400


def put(store, *keys):
    for of in keys:
        store.put(of, embedding(of))


def age(path, plane, days):
    """Make the files of a plane older."""
    for file in path.rglob(f"c.{plane}.*"):
        when = file.stat().st_mtime - days * DAY
        os.utime(file, (when, when))


def stored(path, *keys):
    store = ZarrStore(path, memory=1)
    return [same(store.get(of) or {}, embedding(of)) for of in keys]


def size(path):
    return sum(f.stat().st_size for f in path.rglob("*") if f.is_file())


def test_info_counts_by_model_and_tiling(path):
    other = key(3, model="other-1", at=(3, 0, 0))
    put(ZarrStore(path), key(0), key(1), other)
    info = ZarrStore(path, mode="r").info()
    assert info.nbytes == size(path)
    assert [(p.key.model, p.stored) for p in info.groups] == [
        ("model", 2),
        ("other-1", 1),
    ]
    assert info.groups[0].key.planes == 4
    assert sum(p.nbytes for p in info.groups) < info.nbytes
    assert abs(info.groups[0].used - time.time()) < 600


def test_verify_names_what_is_damaged_and_deletes_it(path):
    put(ZarrStore(path), key(0), key(1), key(2))
    (chunk,) = path.rglob("fine/c.1.*")
    chunk.write_bytes(chunk.read_bytes()[:-9])
    (chunk,) = path.rglob("coarse/c.2.*")
    chunk.unlink()
    found = ZarrStore(path).verify()
    assert found.read == 3
    assert [(d.plane, d.tile) for d in found.damaged] == [(1, 0), (2, 0)]
    assert "checksum" in found.damaged[0].reason
    assert "not those that were written" in found.damaged[1].reason
    assert ZarrStore(path).verify(delete=True).damaged == found.damaged
    assert ZarrStore(path).verify().read == 1
    assert not list(path.rglob("c.1.*")) + list(path.rglob("c.2.*"))
    assert stored(path, key(0), key(1)) == [True, False]


def test_verify_needs_to_know_whose_embeddings_they_are(path):
    put(ZarrStore(path), key(0))
    (group,) = path.glob("*/*/zarr.json")
    group.write_text("{}")
    [damage] = ZarrStore(path).verify().damaged
    assert "description" in damage.reason
    assert ZarrStore(path).info().groups[0].key is None
    assert stored(path, key(0)) == [True], "whoever has the key can still tell"


def test_leftovers_go_once_their_writer_must_be_gone(path):
    put(ZarrStore(path), key(0), key(1))
    for record in path.rglob("digest/c.1.*"):
        record.unlink()
    left = path / "zarr.0123456789abcdef0123456789abcdef.partial"
    left.write_text("half a fi")
    assert ZarrStore(path).verify(delete=True).leftovers == ()
    age(path, 1, days=1)
    os.utime(left, (0, 0))
    leftovers = ZarrStore(path).verify(delete=True).leftovers
    assert len(leftovers) == 4
    assert not list(path.rglob("c.1.*")) + list(path.rglob("*.partial"))
    assert stored(path, key(0)) == [True]


def test_prune_to_a_size_deletes_the_least_recently_used(path):
    put(ZarrStore(path), *map(key, range(4)))
    for plane in range(4):
        age(path, plane, days=10 - plane)
    assert stored(path, key(0)) == [True], "reading is using"
    one = sum(f.stat().st_size for f in path.rglob("c.0.*"))
    pruned = ZarrStore(path).prune(max_size=size(path) - 2 * one + 99)
    assert (pruned.deleted, pruned.nbytes) == (2, size(path))
    assert pruned.freed > one
    assert stored(path, *map(key, range(4))) == [True, False, False, True]


def test_prune_by_age_and_by_model(path):
    other = key(1, model="vit_b-12ab-float32")
    cousin = key(2, model="vit_bb-12ab")
    put(ZarrStore(path), key(0), key(3), other, cousin)
    age(path, 0, days=40)
    assert ZarrStore(path).prune(older=30 * DAY).deleted == 1
    assert stored(path, key(0), key(3), other) == [False, True, True]
    assert ZarrStore(path).prune(keep=["vit_b"]).deleted == 2
    assert stored(path, key(3), other, cousin) == [False, True, False]


def test_clear_leaves_what_is_not_ours(path):
    put(ZarrStore(path), key(0))
    store = ZarrStore(path)
    (path / "notes.txt").write_text("mine")
    store.clear()
    assert [f.name for f in path.rglob("*")] == ["notes.txt"]
    assert store.get(key(0)) is None


def test_a_store_keeps_below_its_limit(path):
    keys = [key(i, grid=(12, 0, 1)) for i in range(12)]
    put(ZarrStore(path), keys[0])
    one = size(path)
    limit = 6 * one
    store = ZarrStore(path, max_size=limit, memory=1)
    for i, of in enumerate(keys):
        put(store, of)
        age(path, i, days=20 - i)
        assert size(path) <= limit
        assert stored(path, of) == [True]
        assert store.get(keys[0]) is not None
    kept = stored(path, *keys)
    assert kept[0], "it was used all the time"
    assert kept[-1]
    assert 3 <= sum(kept) < 12
    assert kept[1:] == sorted(kept[1:])


def test_what_was_just_written_is_never_deleted(path):
    store = ZarrStore(path, max_size=1)
    for plane in range(3):
        put(store, key(plane))
        assert stored(path, *map(key, range(3))) == [p == plane for p in range(3)]


def test_other_levels_and_tiles_are_counted(path):
    base = key(0, grid=(4, 1, 6))
    put(ZarrStore(path), *(replace(base, at=(0, 1, i)) for i in range(3)))
    [place] = ZarrStore(path).info().groups
    assert (place.stored, place.key.tiles, place.key.level) == (3, 6, 1)


@pytest.mark.parametrize("work", ["info", "verify", "prune", "clear"])
def test_a_store_at_a_url_is_looked_after_as_well(work):
    store = ZarrStore(f"memory://upkeep-{work}/cells.zarr")
    put(store, key(0), key(1))
    if work == "info":
        assert store.info().groups[0].stored == 2
    elif work == "verify":
        store.files.delete(
            next(f.path for f in store.files.walk() if "fine/c.1" in f[0])
        )
        assert len(store.verify(delete=True).damaged) == 1
        assert store.info().groups[0].stored == 1
    elif work == "prune":
        assert store.prune(max_size=0).deleted == 2
    else:
        store.clear()
        assert store.files.entries() == []
