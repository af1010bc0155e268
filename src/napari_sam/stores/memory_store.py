"""`MemoryStore`: embeddings in memory, the least recently used first out."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.embedding import Embedding

if TYPE_CHECKING:
    from napari_sam.core.embedding import EmbeddingArray, EmbeddingArrays, EmbeddingKey


class MemoryStore:
    """A store of embeddings in memory, up to `limit` bytes. Threads may share it.

    Parameters
    ----------
    limit
        In bytes. The newest embedding stays even if it alone exceeds this.
    """

    def __init__(self, limit: int = 2 * 1024**3) -> None:
        self.limit = limit
        self._items: OrderedDict[EmbeddingKey, Embedding] = OrderedDict()
        self._nbytes = 0
        self._lock = Lock()

    def __repr__(self) -> str:
        used = f"{self.nbytes / 2**20:.0f} of {self.limit / 2**20:.0f} MB"
        return f"MemoryStore({len(self)} embeddings, {used})"

    def __len__(self) -> int:
        return len(self._items)

    @property
    def nbytes(self) -> int:
        """Bytes held now."""
        return self._nbytes

    def get(self, key: EmbeddingKey) -> Embedding | None:
        """Return the embedding, or None."""
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)
            return self._items.get(key)

    def put(self, key: EmbeddingKey, embedding: EmbeddingArrays) -> Embedding:
        """Store a read-only copy, dropping the least recently used to make room."""
        stored = _frozen(embedding)
        with self._lock:
            if key in self._items:
                self._nbytes -= _nbytes(self._items.pop(key))
            self._items[key] = stored
            self._nbytes += _nbytes(stored)
            while self._nbytes > self.limit and len(self._items) > 1:
                _, dropped = self._items.popitem(last=False)
                self._nbytes -= _nbytes(dropped)
        return stored


def _frozen(given: EmbeddingArrays) -> Embedding:
    embedding = Embedding.from_mapping(given)
    arrays = {name: _read_only(a) for name, a in embedding.arrays.items()}
    return Embedding(arrays, embedding.image_shape)


def _read_only(array: EmbeddingArray) -> EmbeddingArray:
    if array.flags.owndata and not array.flags.writeable:
        return array
    copy = np.array(array)
    copy.flags.writeable = False
    return copy


def _nbytes(embedding: Embedding) -> int:
    return sum(a.nbytes for a in embedding.values())
