"""Tests for every store of embeddings: subclass, make one, inherit the tests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.values import EmbeddingKey

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
        kept = store.put(self.key, self.make_embedding())
        found = store.get(self.key)
        assert found is not None
        assert found.keys() == kept.keys() == self.make_embedding().keys()
        for name, array in kept.items():
            np.testing.assert_array_equal(found[name], array)
            assert found[name].dtype == array.dtype

    def test_other_pixels_are_not_believed(self) -> None:
        """An embedding of what the plane was before is not returned."""
        store = self.make_store()
        store.put(self.key, self.make_embedding())
        assert store.get(replace(self.key, digest="d2")) is None

    def test_other_places_models_and_tilings_are_apart(self) -> None:
        """Each key has its own embedding."""
        store = self.make_store()
        store.put(self.key, self.make_embedding())
        for other in (
            replace(self.key, at=(2, 0, 0)),
            replace(self.key, model="another"),
            replace(self.key, tiling="64x64+8x8"),
        ):
            assert store.get(other) is None

    def test_a_second_put_replaces_the_first(self) -> None:
        """A changed plane is embedded again under the same address."""
        store = self.make_store()
        store.put(self.key, self.make_embedding(0))
        changed = replace(self.key, digest="d2")
        kept = store.put(changed, self.make_embedding(1))
        found = store.get(changed)
        assert found is not None
        np.testing.assert_array_equal(found["fine"], kept["fine"])

    def test_what_was_kept_does_not_change_with_the_original(self) -> None:
        """Writing to the array that was put in changes nothing."""
        store = self.make_store()
        mine = self.make_embedding()
        kept = np.array(store.put(self.key, mine)["fine"])
        mine["fine"][:] = 0
        found = store.get(self.key)
        assert found is not None
        np.testing.assert_array_equal(found["fine"], kept)

    def test_what_is_handed_out_is_read_only(self) -> None:
        """Nobody can spoil the store by writing to an answer."""
        store = self.make_store()
        kept = store.put(self.key, self.make_embedding())
        found = store.get(self.key)
        assert found is not None
        for array in (*kept.values(), *found.values()):
            assert not array.flags.writeable
