"""Layout of a store of embeddings: groups, arrays, records, checksums.

::

    cells.zarr/                         attributes: format, version, image
    └── {model}/                        attributes: model
        └── {tiling}-level{n}-{hash}/   attributes: those of a `GroupKey`
            ├── digest                  uint8  (planes, tiles, 48)   a `TileRecord` each
            └── features/{layout}/      attributes: those of a `Layout`
                └── {name}                     (planes, tiles, *shape)

The first two names are made of what they hold alone, so two writers who need the same
group write the same one.
"""

from __future__ import annotations

import json
import re
import struct
from dataclasses import asdict, dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Self

import numpy as np
from xxhash import xxh3_128

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_sam.core.embedding import (
        EmbeddingArray,
        EmbeddingArrays,
        EmbeddingKey,
    )
    from napari_sam.core.json_values import JsonDict, JsonObject

FORMAT = "napari-sam embeddings"
#: Raised when a reader of the old layout could misunderstand the new one.
VERSION = 1
#: Floats of this many bytes and more are rounded, if they are to be.
_SINGLE = 4
_FLOAT = np.dtype("<f4").str
#: Numbers that are widened at once: they stay in the processor's cache.
_BLOCK = 1 << 16
#: Sign, exponent and fraction of a half, 13 bits to the left, its sign repeated.
_BITS = np.int32(-0x70002000)
#: From the exponents' offset of half precision, 15, to that of single, 127.
_OFFSET = np.float32(2.0**112)
#: The smallest number in half precision, and how often it is in the first normal one.
_SMALLEST, _NORMAL = np.float32(2.0**-24), np.uint16(0x400)
#: The largest number in half precision.
_LARGEST = 65504


@dataclass(frozen=True, slots=True)
class GroupKey:
    """The group of one model, tiling and level, for images of one size.

    Attributes
    ----------
    model, tiling, level
        As in `EmbeddingKey`.
    planes, rows, columns
        Size of the image.
    tiles
        Tiles per plane on this level.
    precision
        Of the floats in it: ``float16`` or ``float32``.
    """

    model: str
    tiling: str
    level: int
    planes: int
    rows: int
    columns: int
    tiles: int
    precision: str

    @classmethod
    def of(cls, key: EmbeddingKey, precision: str) -> Self:
        """Return the group of an embedding."""
        planes, level, tiles = key.grid
        return cls(
            key.model, key.tiling, level, planes, *key.plane_shape, tiles, precision
        )

    @property
    def model_path(self) -> str:
        """Path of the group of the model."""
        return f"{_slug(self.model)}-{_hash(self.model)}"

    @property
    def path(self) -> str:
        """Path of the group, in the store."""
        return _path(self)


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """One array of an embedding: its type as the model gave it and as it is stored."""

    name: str
    dtype: str
    stored_dtype: str
    shape: tuple[int, ...]

    @property
    def path(self) -> str:
        """Name of its array on disk."""
        safe = re.fullmatch(r"[A-Za-z0-9]\w*", self.name, re.ASCII)
        return self.name if safe else f"{_slug(self.name)}-{_hash(self.name)}"

    def to_dict(self) -> JsonDict:
        """Return it as it is written in the attributes of a group."""
        return {
            "name": self.name,
            "dtype": self.dtype,
            "kept": self.stored_dtype,
            "shape": list(self.shape),
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> Self:
        """Inverse of `to_dict`."""
        return cls(data["name"], data["dtype"], data["kept"], tuple(data["shape"]))


@dataclass(frozen=True, slots=True)
class Layout:
    """The arrays of an embedding, without their values."""

    arrays: tuple[ArraySpec, ...]

    @property
    def token(self) -> str:
        """Short name of the layout: its digest."""
        return _hash(self.to_dict())

    def to_dict(self) -> JsonDict:
        """Return it as plain JSON types."""
        return {"arrays": [spec.to_dict() for spec in self.arrays]}

    @classmethod
    def from_dict(cls, data: JsonObject) -> Self:
        """Inverse of `to_dict`."""
        return cls(tuple(ArraySpec.from_dict(spec) for spec in data["arrays"]))


@dataclass(frozen=True, slots=True)
class TileRecord:
    """The record of a tile, written after its arrays; without it, none is valid.

    Attributes
    ----------
    pixels_digest
        Of the pixels that were encoded.
    checksum
        Of group, pixels and every stored byte.
    layout
        Which arrays there are.
    written
        When, in seconds since 1970.
    """

    pixels_digest: bytes
    checksum: bytes
    layout: str
    written: float

    def pack(self) -> NDArray[np.uint8]:
        """Return it as 48 bytes."""
        when = struct.pack("<d", self.written)
        parts = self.pixels_digest + self.checksum + self.layout.encode("ascii") + when
        return np.frombuffer(parts, np.uint8)

    @classmethod
    def unpack(cls, packed: EmbeddingArray) -> Self:
        """Inverse of `pack`."""
        data = packed.tobytes()
        (when,) = struct.unpack("<d", data[40:])
        return cls(data[:16], data[16:32], data[32:40].decode("ascii"), when)


def pixels_digest(key: EmbeddingKey) -> bytes:
    """Return the digest of the pixels of a key, in 16 bytes."""
    return blake2b(key.digest.encode(), digest_size=16).digest()


def checksum(
    group: GroupKey,
    digest: bytes,
    layout: Layout,
    stored: Mapping[str, EmbeddingArray],
) -> bytes:
    """Return the checksum of a tile: 16 bytes that change if any bit of it does.

    Group and pixels are part of it, so that a chunk that was copied or moved from
    elsewhere is not believed. It guards against accidents, not against attackers.
    """
    what = xxh3_128(_json([asdict(group), digest.hex(), layout.to_dict()]))
    for spec in layout.arrays:
        what.update(np.ascontiguousarray(stored[spec.name]).data)
    return what.digest()


def to_stored(
    embedding: EmbeddingArrays, precision: str
) -> tuple[Layout, dict[str, EmbeddingArray]]:
    """Return the arrays as they are stored.

    In half precision, floats are rounded to 11 bits; an array with a number too large
    for that is stored in single precision.
    """
    stored = {name: _rounded(a, precision) for name, a in sorted(embedding.items())}
    parts = (
        ArraySpec(name, embedding[name].dtype.str, a.dtype.str, a.shape)
        for name, a in stored.items()
    )
    return Layout(tuple(parts)), stored


def is_as_described(spec: ArraySpec, stored: EmbeddingArray) -> bool:
    """Whether an array was read with the type and shape that it was written with.

    The same bytes in another type are other numbers: a description of an array on
    disk is no proof of itself, and that of the layout is under the checksum.
    """
    written = np.dtype(spec.stored_dtype).newbyteorder("=")
    return stored.dtype.newbyteorder("=") == written and stored.shape == spec.shape


def from_stored(spec: ArraySpec, stored: EmbeddingArray) -> EmbeddingArray:
    """Return an array as a model takes it: of its first type, and read-only."""
    if stored.dtype == np.float16 and spec.dtype == _FLOAT:
        array = to_single(stored.view(np.float16))
    else:
        array = stored.astype(spec.dtype)
    array.flags.writeable = False
    return array


def to_single(half: NDArray[np.float16]) -> NDArray[np.float32]:
    """Return half precision in single precision, as `astype` does in twice the time.

    Sign, exponent and fraction are moved to where single precision has them; what is
    missing is the exponents' offset, a factor. Infinities lack a rule of their own, and
    so do numbers below the normal ones: other libraries set the processor to take them
    for zero, for a whole process.
    """
    out = np.empty(half.shape, np.float32)
    given, numbers = np.ravel(half), out.reshape(-1)
    moved, bits = given.view(np.int16), numbers.view(np.int32)
    for start in range(0, given.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        bits[block] = moved[block]
        bits[block] <<= 13
        bits[block] &= _BITS
        numbers[block] *= _OFFSET
        if numbers[block].max() > _LARGEST or numbers[block].min() < -_LARGEST:
            numbers[block] = given[block]
        _widen_small(moved[block], numbers[block])
    return out


def _widen_small(half: NDArray[np.int16], single: NDArray[np.float32]) -> None:
    """Set what is below the normal numbers of half precision, by whole numbers."""
    size = half.view(np.uint16) & np.uint16(0x7FFF)
    at = np.flatnonzero((size - np.uint16(1)) < _NORMAL - 1)
    sizes = size[at].astype(np.float32) * _SMALLEST
    single[at] = np.where(half[at] < 0, -sizes, sizes)


@lru_cache(maxsize=256)
def _path(group: GroupKey) -> str:
    cut = _slug(group.tiling.partition(" ")[0])
    return f"{group.model_path}/{cut}-level{group.level}-{_hash(asdict(group))}"


def _rounded(array: EmbeddingArray, precision: str) -> EmbeddingArray:
    array = np.asarray(array, array.dtype.newbyteorder("="))
    if not array.any():
        # zarr may leave out a chunk of zeros, and would take -0.0 for one.
        array = np.zeros_like(array)
    if array.dtype.kind != "f" or array.dtype.itemsize < _SINGLE:
        return array
    with np.errstate(over="ignore"):
        stored = array.astype(precision)
    fits = np.isfinite(stored).all() or np.array_equal(
        np.isinf(stored), np.isinf(array)
    )
    return stored if fits else array


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def _hash(value: object) -> str:
    return blake2b(_json(value), digest_size=4).hexdigest()


def _slug(text: str) -> str:
    """Return the spec of a name that any file system takes."""
    return re.sub(r"[^A-Za-z0-9+]+", "-", text)[:40].strip("-") or "unnamed"
