"""Tiles in zarr arrays: one chunk for each array of each tile."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from threading import Lock
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np
import zarr
from zarr.errors import ContainsArrayError, ContainsGroupError

from napari_sam.stores.chunks import CODECS, is_plain, read_chunk
from napari_sam.stores.layout import (
    FORMAT,
    VERSION,
    Layout,
    TileRecord,
    checksum,
    from_stored,
    is_as_described,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from zarr.abc.store import Store

    from napari_sam.core.embedding import EmbeddingArray, EmbeddingArrays
    from napari_sam.core.json_values import JsonDict, JsonObject
    from napari_sam.stores.chunks import ZarrArray
    from napari_sam.stores.layout import ArraySpec, GroupKey
    from napari_sam.stores.store_files import Files

_Found = TypeVar("_Found")
#: Times that a tile is written while somebody clears the store.
_TRIES = 20
#: Raised when another writer was faster.
_EXISTS = (ContainsArrayError, ContainsGroupError, FileExistsError)


class TileArrays:
    """The arrays of a store: reads and writes embeddings of tiles.

    What is damaged raises errors of any type, or fails its checksum.

    Groups and arrays stay open; `forget` opens them anew.
    """

    def __init__(self, store: Store, files: Files) -> None:
        self._store, self._files = store, files
        self._making = Lock()
        self.forget()

    def forget(self) -> None:
        """Close all arrays and groups."""
        self._reading: dict[str, tuple[ZarrArray, bool]] = {}
        self._writing: dict[str, ZarrArray] = {}
        self._layouts: dict[str, Layout] = {}

    def record(self, group: GroupKey, plane: int, tile: int) -> TileRecord | None:
        """Return the record of a tile, which is written last."""
        packed = self._chunk(f"{group.path}/digest", plane, tile)
        return TileRecord.unpack(packed) if packed.any() else None

    def read(
        self, group: GroupKey, plane: int, tile: int, record: TileRecord
    ) -> EmbeddingArrays | None:
        """Return an embedding, or None if its checksum is wrong."""
        path = f"{group.path}/features/{record.layout}"
        layout = self._layout(path)

        def read_array(
            spec: ArraySpec,
        ) -> tuple[EmbeddingArray, EmbeddingArray]:
            stored = self._chunk(f"{path}/{spec.path}", plane, tile)
            if not is_as_described(spec, stored):
                raise ValueError(f"{spec.name} is {stored.dtype} {stored.shape}")
            return stored, from_stored(spec, stored)

        with ThreadPoolExecutor(max(1, len(layout.arrays))) as pool:
            found = list(pool.map(read_array, layout.arrays))
        names = [spec.name for spec in layout.arrays]
        stored = {name: stored for name, (stored, _) in zip(names, found, strict=True)}
        if checksum(group, record.pixels_digest, layout, stored) != record.checksum:
            return None
        return {name: array for name, (_, array) in zip(names, found, strict=True)}

    def write(
        self,
        group: GroupKey,
        at: tuple[int, int],
        digest: bytes,
        layout: Layout,
        stored: Mapping[str, EmbeddingArray],
    ) -> None:
        """Write the arrays of a tile, then their record.

        Where the store was cleared meanwhile, it is written once more.
        """
        for left in reversed(range(_TRIES)):
            if not self._is_described(group):
                self.forget()
            try:
                self._write(group, at, digest, layout, stored)
            except FileNotFoundError:
                self.forget()
                if not left:
                    raise
            else:
                if self._is_described(group):
                    return

    def _is_described(self, group: GroupKey) -> bool:
        """Whether the files are there without which a tile is not found."""
        return all(
            self._files.read(f"{path}zarr.json") is not None
            for path in ("", f"{group.model_path}/", f"{group.path}/digest/")
        )

    def _write(
        self,
        group: GroupKey,
        at: tuple[int, int],
        digest: bytes,
        layout: Layout,
        stored: Mapping[str, EmbeddingArray],
    ) -> None:
        path = f"{group.path}/features/{layout.token}"
        self._make_groups(group, path, layout)
        for spec in layout.arrays:
            array = self._open_or_create(
                f"{path}/{spec.path}", group, spec.shape, spec.stored_dtype
            )
            array[_chunk(at)] = stored[spec.name][None, None]
        proven = checksum(group, digest, layout, stored)
        record = TileRecord(digest, proven, layout.token, time.time()).pack()
        array = self._open_or_create(
            f"{group.path}/digest", group, record.shape, "uint8"
        )
        array[_chunk(at)] = record[None, None]

    def attributes(self, path: str) -> JsonObject:
        """Return the attributes of a group."""
        group = zarr.open_group(self._store, path=path, mode="r")
        return group.attrs.asdict()

    def _chunk(self, path: str, plane: int, tile: int) -> EmbeddingArray:
        if path not in self._reading:
            array = self._opened(path, "r")
            self._reading[path] = array, is_plain(array)
        array, plain = self._reading[path]
        if plain:
            return read_chunk(self._files, path, array, plane, tile)
        return np.asarray(array[plane, tile])

    def _layout(self, path: str) -> Layout:
        if path not in self._layouts:
            self._layouts[path] = Layout.from_dict(self.attributes(path))
        return self._layouts[path]

    def _make_groups(self, group: GroupKey, path: str, layout: Layout) -> None:
        if path in self._layouts:
            return
        header: JsonDict = {"format": FORMAT, "version": VERSION}
        image = {k: getattr(group, k) for k in ("planes", "rows", "columns")}
        with self._making:
            self._make_group("", {**header, "image": image}, fixed={})
            self._make_group(group.model_path, {**header, "model": group.model})
            self._make_group(group.path, {**header, **asdict(group)})
            self._make_group(f"{group.path}/features", {})
            self._make_group(path, layout.to_dict())
            self._layouts[path] = layout

    def _make_group(
        self,
        path: str,
        attributes: JsonDict,
        fixed: JsonObject | None = None,
    ) -> None:
        """Make a group, unless it is there with attributes of these values."""
        fixed = attributes if fixed is None else fixed
        found = _try_open(lambda: self.attributes(path))
        if isinstance(found, Mapping) and all(found.get(k) == fixed[k] for k in fixed):
            return
        if found is not None:
            self._files.delete(f"{path}/zarr.json".lstrip("/"))
        with suppress(*_EXISTS):
            zarr.create_group(self._store, path=path, attributes=attributes)

    def _open_or_create(
        self, path: str, group: GroupKey, shape: tuple[int, ...], dtype: str
    ) -> ZarrArray:
        """Open an array to write to; make it if there is none, or a damaged one."""
        with self._making:
            if path not in self._writing:
                found = _try_open(lambda: self._opened(path, "r+"))
                if not isinstance(found, zarr.Array) or not _is_like(
                    found, group, shape, dtype
                ):
                    if found is not None:
                        self._files.delete(f"{path}/zarr.json")
                    found = self._create(path, group, shape, dtype)
                self._writing[path] = found
            return self._writing[path]

    def _create(
        self, path: str, group: GroupKey, shape: tuple[int, ...], dtype: str
    ) -> ZarrArray:
        with suppress(*_EXISTS):
            zarr.create_array(
                self._store,
                name=path,
                shape=(group.planes, group.tiles, *shape),
                chunks=_chunks(shape),
                dtype=dtype,
                compressors=CODECS,
                fill_value=0,
                chunk_key_encoding={"name": "default", "separator": "."},
                dimension_names=("plane", "tile", *(None for _ in shape)),
            )
        return self._opened(path, "r+")

    def _opened(self, path: str, mode: Literal["r", "r+"]) -> ZarrArray:
        return zarr.open_array(
            self._store, path=path, mode=mode, config={"write_empty_chunks": True}
        )


def _chunks(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (1, 1, *(max(1, n) for n in shape))


def _chunk(at: tuple[int, int]) -> tuple[slice, slice]:
    """Select one whole chunk, which is then written without being read."""
    return slice(at[0], at[0] + 1), slice(at[1], at[1] + 1)


def _is_like(
    array: ZarrArray, group: GroupKey, shape: tuple[int, ...], dtype: str
) -> bool:
    """Whether an array is as it was made: its description may be damaged, too."""
    return (
        array.shape == (group.planes, group.tiles, *shape)
        and array.chunks == _chunks(shape)
        and array.dtype == np.dtype(dtype)
        and array.metadata.encode_chunk_key((0, 0)) == "c.0.0"
    )


def _try_open(open_it: Callable[[], _Found]) -> _Found | _Damaged | None:
    """Return what is found, None if there is nothing, or that it is damaged."""
    try:
        return open_it()
    except FileNotFoundError:
        return None
    except OSError:
        raise
    except Exception:
        # zarr raises errors of many types at damaged descriptions.
        return _Damaged()


class _Damaged:
    """A damaged group or array: it is there and cannot be read."""
