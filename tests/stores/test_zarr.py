import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import numpy as np
import pytest
import zarr
from zarr.codecs import BytesCodec

import napari_sam as sam
from napari_sam.core.errors import MissingFileError, StoreError, StoreMismatchError
from napari_sam.core.prompts import Prompts
from napari_sam.stores import tile_arrays
from napari_sam.stores.chunks import CODECS, is_plain
from napari_sam.stores.layout import to_single
from napari_sam.stores.zarr_store import ZarrStore
from napari_sam.testing import StoreTests, ThresholdBackend

from .known import embedding, key, same

BIG = Prompts.point(15, 25)


class TestZarrStore(StoreTests):
    @pytest.fixture(autouse=True)
    def _somewhere(self, path):
        self.path = path

    def make_store(self):
        return ZarrStore(self.path)


class TestZarrStoreWithoutMemory(TestZarrStore):
    def make_store(self):
        class FromDisk(ZarrStore):
            def get(self, key):
                return ZarrStore(self.path, precision=self.precision).get(key)

        return FromDisk(self.path)


class TestZarrStoreInSinglePrecision(TestZarrStoreWithoutMemory):
    def make_store(self):
        store = super().make_store()
        store.precision = "float32"
        return store


class TestZarrStoreAtAUrl(TestZarrStoreWithoutMemory):
    @pytest.fixture(autouse=True)
    def _somewhere(self):
        self.path = f"memory://{uuid4()}/cells.zarr"


def test_plain_zarr_reads_it(path):
    of = key(2, 0)
    ZarrStore(path).put(of, embedding(of))
    [(_, fine)] = [
        (name, array)
        for name, array in zarr.open_group(path, mode="r").members(max_depth=None)
        if name.endswith("/fine")
    ]
    assert fine.shape == (4, 1, 8, 64, 64)
    assert fine.chunks == (1, 1, 8, 64, 64)
    assert fine.dtype == np.float16
    assert fine.metadata.dimension_names[:2] == ("plane", "tile")
    np.testing.assert_array_equal(fine[2, 0], embedding(of)["fine"])


def test_every_half_is_widened_as_numpy_does():
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    finite = every[np.isfinite(every)]
    for halves in (every, finite, finite[:20000].reshape(-1, 2).T, every[:0]):
        found, expected = to_single(halves), halves.astype(np.float32)
        assert found.shape == expected.shape
        np.testing.assert_array_equal(found.view(np.uint32), expected.view(np.uint32))


def test_tiles_are_read_alike_with_and_without_zarr(path, monkeypatch):
    of = key(2, 0)
    ZarrStore(path).put(of, embedding(of))
    known = []
    monkeypatch.setattr(tile_arrays, "is_plain", lambda a: known.append(is_plain(a)))
    assert same(ZarrStore(path).get(of), embedding(of))
    assert known == [True] * 4, "all arrays of an embedding, and the digest"
    monkeypatch.undo()
    monkeypatch.setattr(zarr.Array, "__getitem__", None)
    assert same(ZarrStore(path).get(of), embedding(of))


def test_arrays_that_are_not_as_ours_are_left_to_zarr(path):
    def made(**options):
        return zarr.create_array(
            zarr.storage.MemoryStore(),
            **{
                "shape": (4, 2, 8),
                "chunks": (1, 1, 8),
                "dtype": "f2",
                "compressors": CODECS,
                "chunk_key_encoding": {"name": "default", "separator": "."},
                **options,
            },
        )

    assert is_plain(made())
    assert not is_plain(made(chunks=(1, 2, 8)))
    assert not is_plain(made(compressors=CODECS[:1]))
    assert not is_plain(made(compressors="auto"))
    assert not is_plain(made(serializer=BytesCodec(endian="big")))
    assert not is_plain(made(chunk_key_encoding={"name": "default"}))


def test_plain_zarr_refuses_a_damaged_chunk(path):
    ZarrStore(path).put(key(), embedding(key()))
    (chunk,) = path.rglob("fine/c.*")
    data = bytearray(chunk.read_bytes())
    data[len(data) // 2] ^= 1
    chunk.write_bytes(data)
    with pytest.raises(ValueError, match="checksum"):
        zarr.open_array(chunk.parent, mode="r")[0, 0]


def test_attributes_are_for_people(path):
    of = key(1, 0, model="vit_b/ää-float32")
    ZarrStore(path).put(of, embedding(of))
    root = zarr.open_group(path, mode="r")
    image = {"planes": 4, "rows": 64, "columns": 64}
    assert root.attrs.asdict() == {
        "format": "napari-sam embeddings",
        "version": 1,
        "image": image,
    }
    [(name, model)] = root.groups()
    assert name.startswith("vit-b-float32-")
    assert model.attrs["model"] == of.model
    [(name, place)] = model.groups()
    assert name.startswith("whole-level0-")
    assert place.attrs["tiling"] == of.tiling
    assert {k: place.attrs[k] for k in image} == image
    assert (place.attrs["precision"], place.attrs["tiles"]) == ("float16", 1)


def test_floats_are_halved_unless_said_otherwise(path):
    of, exact = key(), {"a": np.float32([1 / 3, 1e-3, 1000.1])}
    rounded = ZarrStore(path).put(of, exact)
    assert rounded["a"].dtype == np.float32
    np.testing.assert_array_equal(rounded["a"], exact["a"].astype(np.float16))
    kept = ZarrStore(path, precision="float32").put(of, exact)
    np.testing.assert_array_equal(kept["a"], exact["a"])
    for precision, value in (("float16", rounded), ("float32", kept)):
        assert same(ZarrStore(path, precision=precision).get(of), value)


def test_what_is_too_large_for_half_precision_is_not_rounded(path):
    of = key()
    exact = {"a": np.float32([1e6, 1 / 3]), "b": np.float32([np.inf, np.nan, 1 / 3])}
    ZarrStore(path).put(of, exact)
    found = ZarrStore(path).get(of)
    np.testing.assert_array_equal(found["a"], exact["a"])
    np.testing.assert_array_equal(found["b"], exact["b"].astype(np.float16))


def test_what_is_in_memory_is_not_read_again(path):
    store = ZarrStore(path)
    kept = store.put(key(), embedding(key()))
    assert store.get(key())["fine"] is kept["fine"]
    other = ZarrStore(path)
    assert other.get(key())["fine"] is other.get(key())["fine"]
    assert len(store.memory) == len(other.memory) == 1


def test_memory_is_limited(path):
    size = sum(a.nbytes for a in embedding(key()).values())
    store = ZarrStore(path, memory=2 * size)
    for plane in range(4):
        store.put(key(plane), embedding(key(plane)))
    assert (len(store.memory), store.memory.nbytes) == (2, 2 * size)
    assert same(store.get(key(0)), embedding(key(0)))


def changes(blobs):
    """Everything that may change about an image and how it is looked at."""
    spot = blobs.copy()
    spot[63, 63] = 1
    two = np.stack([blobs, 255 - blobs, blobs // 2])
    look = sam.Appearance
    return {
        "nothing": {},
        "a pixel": {"data": spot},
        "transposed": {"data": blobs.T},
        "reshaped": {"data": blobs.reshape(32, 128)},
        "a stack": {"data": blobs[None], "axes": "tyx"},
        "contrast": {"appearance": look(limits=((0, 100),))},
        "gamma": {"appearance": look(gamma=0.5)},
        "channel 0": {"data": two, "axes": "cyx", "appearance": look((0,))},
        "channel 1": {"data": two, "axes": "cyx", "appearance": look((1,))},
        "tiling": {"tiling": sam.Tiling((32, 64), (12, 12))},
        "weights": {"backend": ThresholdBackend(threshold=190)},
        "other weights": {"backend": ThresholdBackend(threshold=220)},
    }


def ask(blobs, path, *, data=None, backend=None, precision="float16", **options):
    """Return masks for points all over, and how many tiles were encoded."""
    backend = backend or ThresholdBackend()
    data = blobs if data is None else data
    store = None if path is None else sam.open_store(path, precision=precision)
    image = sam.PromptableImage(data, backend, store=store, **options)
    rows, cols = image.frames.plane_shape
    points = [(r, c) for r in range(5, rows, 20) for c in range(5, cols, 25)]
    answers = image.segment_many([Prompts.point(*p) for p in points])
    return [(a.region, a.mask.tobytes()) for a in answers], backend.encoded


def test_one_store_answers_every_image_and_model_like_none_does(blobs, path):
    for what, options in 2 * list(changes(blobs).items()):
        for precision in ("float16", "float32"):
            with_store, _ = ask(blobs, path, precision=precision, **options)
            without, _ = ask(blobs, None, **options)
            assert with_store == without, what
        options.pop("backend", None)


def test_a_second_process_encodes_nothing_of_the_same(blobs, path):
    assert ask(blobs, path)[1] == 1
    assert ask(blobs, path)[1] == 0
    assert ask(blobs, path, precision="float32")[1] == 1
    assert ask(blobs.T, path)[1] == 1
    assert ask(blobs, path, tiling=sam.Tiling((32, 64)))[1] == 2


def test_threads_may_use_one_store(path):
    store = ZarrStore(path, memory=1)
    keys = [key(plane, version) for plane in range(4) for version in range(2)]

    def use(i):
        of = keys[i % 8]
        found = store.get(of)
        return found is None or same(found, embedding(of)), store.put(of, embedding(of))

    with ThreadPoolExecutor(8) as pool:
        assert all(right for right, _ in pool.map(use, range(48)))


def test_a_store_that_is_only_read_stays_as_it_is(path):
    ZarrStore(path).put(key(0), embedding(key(0)))
    before = {f: f.stat().st_mtime_ns for f in path.rglob("*")}
    store = ZarrStore(path, mode="r")
    store.put(key(1), embedding(key(1)))
    for plane in (0, 1):
        assert same(store.get(key(plane)), embedding(key(plane)))
    assert {f: f.stat().st_mtime_ns for f in path.rglob("*")} == before
    for change in (store.clear, store.prune, lambda: store.verify(delete=True)):
        with pytest.raises(StoreError, match='mode="r"'):
            change()
    assert store.verify().read == 1


def test_opening_makes_nothing_and_reading_needs_something(path):
    ZarrStore(path)
    assert not path.exists()
    with pytest.raises(MissingFileError, match="no store of embeddings"):
        ZarrStore(path, mode="r")


def test_other_folders_are_refused(path, tmp_path):
    path.mkdir()
    ZarrStore(path)
    (path / "notes.txt").write_text("mine")
    with pytest.raises(StoreMismatchError, match=r"holds notes\.txt"):
        ZarrStore(path)
    picture = tmp_path / "picture.zarr"
    zarr.create_array(picture, shape=(2, 2), dtype="u1")
    with pytest.raises(StoreMismatchError, match="not a store"):
        ZarrStore(picture)
    parent = tmp_path / "parent"
    ZarrStore(parent / "one.zarr").put(key(), embedding(key()))
    with pytest.raises(StoreMismatchError, match=r"holds one\.zarr"):
        ZarrStore(parent)


@pytest.mark.parametrize("option", ["mode", "precision"])
def test_options_that_do_not_exist_are_refused(path, option):
    with pytest.raises(StoreError, match=f"{option}='w': expected"):
        ZarrStore(path, **{option: "w"})


def test_a_file_url_is_a_folder(path):
    ZarrStore(path.as_uri()).put(key(), embedding(key()))
    assert same(ZarrStore(path).get(key()), embedding(key()))


def test_urls_of_unknown_kinds_are_refused():
    with pytest.raises(StoreError, match="nowhere"):
        ZarrStore("nowhere://cells.zarr")


def test_another_process_opens_it_anew(path):
    store = ZarrStore(path, precision="float32", memory=5, max_size=10**9)
    store.put(key(), embedding(key()))
    twin = pickle.loads(pickle.dumps(store))
    assert same(twin.get(key()), embedding(key()))
    assert (twin.precision, twin.memory.limit, twin.max_size) == ("float32", 5, 10**9)


def test_a_store_that_was_cleared_by_others_is_written_again(path):
    store = ZarrStore(path)
    store.put(key(0), embedding(key(0)))
    ZarrStore(path).clear()
    assert not path.exists()
    store.put(key(1), embedding(key(1)))
    assert same(ZarrStore(path).get(key(1)), embedding(key(1)))
    assert ZarrStore(path).get(key(0)) is None


def test_zarr_is_loaded_when_a_store_is_opened():
    code = "import sys, napari_sam.image, napari_sam.api; print('zarr' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "False\n"
