"""Embeddings: arrays with a shape and an identity, and still a mapping."""

import pickle

import numpy as np

from napari_sam.core.embedding import Embedding

ARRAYS = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.eye(2)}


def test_the_form_in_stores_has_the_shape_as_an_array():
    stored = dict(Embedding(ARRAYS, (7, 9)))
    assert list(stored) == ["b", "a", "shape"]
    assert stored["shape"].dtype == np.int32
    assert stored["shape"].tolist() == [7, 9]
    back = Embedding.from_mapping(stored)
    assert back.image_shape == (7, 9)
    assert set(back.arrays) == {"a", "b"}
    assert Embedding.from_mapping(back) is back


def test_a_mapping_without_a_shape_stays_one():
    found = Embedding.from_mapping(ARRAYS)
    assert found.image_shape is None
    assert list(found) == ["b", "a"]


def test_the_digest_is_of_the_content():
    one = Embedding(ARRAYS, (7, 9))
    copied = {name: a.copy() for name, a in reversed(ARRAYS.items())}
    assert one.digest == Embedding(copied, (7, 9)).digest
    assert one.digest != Embedding(ARRAYS, (9, 7)).digest
    copied["a"][0, 0] = 2
    assert one.digest != Embedding(copied, (7, 9)).digest
    assert (
        one.digest != Embedding({**ARRAYS, "a": np.eye(2, dtype="f4")}, (7, 9)).digest
    )


def test_it_can_be_sent_to_another_process():
    found = pickle.loads(pickle.dumps(Embedding(ARRAYS, (7, 9))))
    assert found.image_shape == (7, 9)
    assert found.digest == Embedding(ARRAYS, (7, 9)).digest
