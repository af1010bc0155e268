from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from napari_sam.stores.memory_store import MemoryStore
from napari_sam.testing import StoreTests


class TestMemoryStore(StoreTests):
    def make_store(self):
        return MemoryStore()

    def test_the_least_recently_used_goes_first(self):
        one = {"a": np.zeros(100, np.uint8)}
        store = MemoryStore(limit=250)
        keys = [replace(self.key, at=(i, 0, 0)) for i in range(3)]
        store.put(keys[0], one)
        store.put(keys[1], one)
        assert store.get(keys[0]) is not None
        store.put(keys[2], one)
        assert [store.get(k) is not None for k in keys] == [True, False, True]
        assert store.nbytes == 200

    def test_the_newest_is_kept_even_if_it_alone_is_too_large(self):
        store = MemoryStore(limit=10)
        store.put(self.key, {"a": np.zeros(100, np.uint8)})
        assert store.get(self.key) is not None
        assert len(store) == 1

    def test_replacing_does_not_count_twice(self):
        store = MemoryStore()
        for _ in range(3):
            store.put(self.key, {"a": np.zeros(100, np.uint8)})
        assert store.nbytes == 100

    def test_threads_can_share_it(self):
        store = MemoryStore(limit=1000)
        keys = [replace(self.key, at=(i, 0, 0)) for i in range(40)]

        def use(i):
            store.put(keys[i % 40], {"a": np.full(100, i % 40, np.uint8)})
            found = store.get(keys[(i * 7) % 40])
            return found is None or (found["a"] == (i * 7) % 40).all()

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(use, range(2000)))
        assert store.nbytes <= 1000
