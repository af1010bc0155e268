"""A store written by the code before embeddings had a type opens as it was."""

import shutil
from pathlib import Path

from napari_sam.core.embedding import Embedding
from napari_sam.stores.zarr_store import ZarrStore

from .known import embedding, key, same

GOLDEN = Path(__file__).parent / "golden" / "version1.zarr"


def _chunks(path):
    return {
        f.relative_to(path).as_posix(): f.read_bytes()
        for f in path.rglob("*")
        if f.is_file() and "/digest/c." not in f.as_posix()
    }


def test_an_old_store_gives_the_same_bits():
    found = ZarrStore(GOLDEN, mode="r").get(key(1))
    assert same(found, embedding(key(1), side=16))
    assert isinstance(found, Embedding)
    assert found.image_shape == (64, 64)


def test_an_embedding_is_written_to_the_same_bytes(tmp_path):
    """All files but the record, which has the time in it."""
    given = Embedding.from_mapping(embedding(key(1), side=16))
    ZarrStore(tmp_path / "new.zarr").put(key(1), given)
    assert _chunks(tmp_path / "new.zarr") == _chunks(GOLDEN)


def test_an_old_store_can_be_added_to(tmp_path):
    path = tmp_path / "old.zarr"
    shutil.copytree(GOLDEN, path)
    store = ZarrStore(path)
    store.put(key(2), embedding(key(2), side=16))
    again = ZarrStore(path)
    for n in (1, 2):
        assert same(again.get(key(n)), embedding(key(n), side=16))
    assert len(again.info().groups) == 1
