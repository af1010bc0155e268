"""Tests for every store of embeddings: subclass, make one, inherit the tests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.embedding import EmbeddingKey

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.protocols import EmbeddingStore


class StoreTests(ABC):
    """What every store of embeddings promises."""

    @abstractmethod
    def make_store(self) -> EmbeddingStore:
        """Return an empty store. Called once per test."""

    key = EmbeddingKey("model", "whole", (3, 0, 1), (1, 0, 0), "d1")

    @staticmethod
    def make_embedding(seed: int = 0) -> dict[str, NDArray[np.float32]]:
        """Return two small arrays."""
        rng = np.random.default_rng(seed)
        return {
            "fine": rng.normal(size=(4, 8, 8)).astype(np.float32),
            "coarse": rng.normal(size=(6, 2, 2)).astype(np.float32),
        }

    def test_what_is_absent_is_none(self) -> None:
        """An empty store knows nothing."""
        assert self.make_store().get(self.key) is None

    def test_put_returns_what_get_returns(self) -> None:
        """To the bit, so that a first click and a re-read agree."""
        store = self.make_store()
        stored = store.put(self.key, self.make_embedding())
        found = store.get(self.key)
        assert found is not None
        assert found.keys() == stored.keys() == self.make_embedding().keys()
        for name, array in stored.items():
            np.testing.assert_array_equal(found[name], array)
            assert found[name].dtype == array.dtype

    def test_other_pixels_are_not_believed(self) -> None:
        """An embedding of what the plane was before is not returned."""
        store = self.make_store()
        store.put(self.key, self.make_embedding())
        assert store.get(replace(self.key, digest="d2")) is None

    def test_other_tiles_models_and_tilings_have_other_embeddings(self) -> None:
        """Each key has its own embedding."""
        store = self.make_store()
        store.put(self.key, self.make_embedding())
        for other in (
            replace(self.key, at=(2, 0, 0)),
            replace(self.key, model="another"),
            replace(self.key, tiling="64x64+8x8"),
            replace(self.key, plane_shape=(9, 9)),
            replace(self.key, grid=(3, 1, 1), at=(1, 1, 0)),
        ):
            assert store.get(other) is None

    def test_a_second_put_replaces_the_first(self) -> None:
        """A changed plane is embedded again under the same address."""
        store = self.make_store()
        store.put(self.key, self.make_embedding(0))
        changed = replace(self.key, digest="d2")
        stored = store.put(changed, self.make_embedding(1))
        found = store.get(changed)
        assert found is not None
        np.testing.assert_array_equal(found["fine"], stored["fine"])

    def test_a_stored_embedding_does_not_change_with_the_original(self) -> None:
        """Writing to the array that was put in changes nothing."""
        store = self.make_store()
        original = self.make_embedding()
        stored = np.array(store.put(self.key, original)["fine"])
        original["fine"][:] = 0
        found = store.get(self.key)
        assert found is not None
        np.testing.assert_array_equal(found["fine"], stored)

    def test_what_is_handed_out_is_read_only(self) -> None:
        """Nobody can spoil the store by writing to an answer."""
        store = self.make_store()
        stored = store.put(self.key, self.make_embedding())
        found = store.get(self.key)
        assert found is not None
        for array in (*stored.values(), *found.values()):
            assert not array.flags.writeable

    def test_every_kind_of_array_can_be_stored(self) -> None:
        """Whole numbers and booleans exactly; any shape, any name, other each time."""
        store = self.make_store()
        kinds = {
            "bright": np.eye(5, dtype=bool),
            "a name/with.signs": np.arange(6, dtype=np.int64).reshape(1, 2, 3) - 2**40,
            "scalar": np.array(7, np.uint8),
            "nothing": np.zeros((0, 3), np.float32),
            "double": np.linspace(0, 1, 7),
            "turned": np.arange(6, dtype=np.float32).reshape(2, 3).T,
            "zeros": np.full((3, 3), -0.0, np.float32),
        }
        stored = store.put(self.key, kinds)
        other = replace(self.key, at=(2, 0, 0))
        store.put(other, {"bright": np.zeros((2, 9), bool)})
        found = store.get(self.key)
        assert found is not None
        for name, array in kinds.items():
            assert found[name].dtype == stored[name].dtype == array.dtype
            np.testing.assert_array_equal(found[name], stored[name])
            np.testing.assert_allclose(
                found[name].astype(float), array.astype(float), rtol=1e-3
            )
        found = store.get(other)
        assert found is not None
        assert found["bright"].shape == (2, 9)

    def test_threads_may_share_it(self) -> None:
        """Many write and read at once, and each gets what belongs to its key."""
        store = self.make_store()
        keys = [replace(self.key, at=(i, 0, 0), grid=(4, 0, 1)) for i in range(4)]

        def use(i: int) -> bool:
            stored = store.put(keys[i % 4], self.make_embedding(i % 4))
            found = store.get(keys[i % 4])
            return found is None or np.array_equal(found["fine"], stored["fine"])

        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(use, range(16)))
