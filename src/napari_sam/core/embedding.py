"""The embedding of a tile, and the key it is stored under."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self, TypeAlias

import numpy as np
from xxhash import xxh3_128

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: One array of an embedding, of any type of number.
EmbeddingArray: TypeAlias = "NDArray[np.generic]"
#: The arrays of an embedding by name. SAM fills one, SAM 2 three.
EmbeddingArrays: TypeAlias = "Mapping[str, EmbeddingArray]"
#: Under this name stores and plain mappings hold the rows and columns of the tile.
_SHAPE = "shape"


@dataclass(frozen=True, eq=False)
class Embedding(Mapping[str, "EmbeddingArray"]):
    """The embedding of one tile: arrays, the tile's shape, and a digest as identity.

    It is also a mapping of names to arrays: the form in which stores keep it, which has
    the tile's shape as one more array, ``shape``. `from_mapping` is the inverse.

    Attributes
    ----------
    arrays
        What the image encoder computed.
    image_shape
        Rows and columns of the tile; None where a backend does not say.
    """

    arrays: EmbeddingArrays
    image_shape: tuple[int, int] | None = None

    @classmethod
    def from_mapping(cls, mapping: EmbeddingArrays) -> Self:
        """Return a mapping of arrays as an embedding; an embedding as it is."""
        if isinstance(mapping, cls):
            return mapping
        arrays = {name: a for name, a in mapping.items() if name != _SHAPE}
        if _SHAPE not in mapping:
            return cls(arrays)
        rows, cols = (int(n) for n in mapping[_SHAPE])
        return cls(arrays, (rows, cols))

    @cached_property
    def digest(self) -> str:
        """Digest of the content: equal for embeddings of equal arrays and shape."""
        found = xxh3_128()
        for name, array in sorted(self.items()):
            found.update(f"{name} {array.dtype.str} {array.shape} ".encode())
            found.update(np.ascontiguousarray(array).data)
        return found.hexdigest()

    def __getitem__(self, name: str) -> EmbeddingArray:
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (dict(self.arrays), self.image_shape)

    @cached_property
    def _items(self) -> dict[str, EmbeddingArray]:
        items = dict(self.arrays)
        if self.image_shape is not None:
            items[_SHAPE] = np.array(self.image_shape, np.int32)
            items[_SHAPE].flags.writeable = False
        return items


@dataclass(frozen=True, slots=True)
class EmbeddingKey:
    """The key that an embedding is stored under, with the digest of its pixels.

    Attributes
    ----------
    model
        Fingerprint of the backend: weights, precision and preprocessing.
    tiling
        How the plane was cut and rendered for the model: tiling and appearance.
    grid
        Number of planes, level, and number of tiles per plane on that level.
    at
        Plane, level and tile.
    digest
        Digest of the pixels that were encoded.
    plane_shape
        Rows and columns of the whole plane.
    """

    model: str
    tiling: str
    grid: tuple[int, int, int]
    at: tuple[int, int, int]
    digest: str
    plane_shape: tuple[int, int] = (0, 0)
