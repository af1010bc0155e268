"""`ZarrStore`: embeddings on disk, in zarr, the latest ones also in memory."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit
from urllib.request import url2pathname

from zarr.storage import FsspecStore, LocalStore

from napari_sam.core.errors import MissingFileError, StoreError, StoreMismatchError
from napari_sam.stores import inspection, maintenance
from napari_sam.stores.layout import GroupKey, from_stored, pixels_digest, to_stored
from napari_sam.stores.memory_store import MemoryStore
from napari_sam.stores.store_files import LocalFiles, RemoteFiles
from napari_sam.stores.tile_arrays import TileArrays

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zarr.abc.store import Store

    from napari_sam.core.embedding import (
        Embedding,
        EmbeddingArray,
        EmbeddingArrays,
        EmbeddingKey,
    )
    from napari_sam.stores.inspection import StoreInfo
    from napari_sam.stores.layout import Layout
    from napari_sam.stores.maintenance import PruneResult, VerifyResult
    from napari_sam.stores.store_files import Files

logger = logging.getLogger(__name__)


class ZarrStore:
    """A store of embeddings in a folder of zarr arrays that processes may share.

    An embedding is found by its key, which is model, tiling, plane and tile, and
    believed by its content: what was damaged, half written, or made of other pixels
    is as if it were not there. If the disk cannot be written, work goes on in memory.
    See `open_store` for the options.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        mode: Literal["a", "r"] = "a",
        precision: Literal["float16", "float32"] = "float16",
        memory: int = 2 * 1024**3,
        max_size: int | None = None,
    ) -> None:
        _check_choice("mode", mode, ("a", "r"))
        _check_choice("precision", precision, ("float16", "float32"))
        self.path, self.mode, self.precision = str(path), mode, precision
        self.max_size = max_size
        self.memory = MemoryStore(memory)
        store, self.files = _connect(self.path, read_only=mode == "r")
        self._arrays = TileArrays(store, self.files)
        if not self._is_there() and mode == "r":
            raise MissingFileError(f"There is no store of embeddings at {self.path}.")
        self.unwritten = 0
        self._size: int | None = None
        self._tidying = Lock()

    def __repr__(self) -> str:
        return f"ZarrStore({self.path!r}, mode={self.mode!r})"

    def __reduce__(self) -> tuple[object, ...]:
        """Another process opens it anew."""
        options = (self.mode, self.precision, self.memory.limit, self.max_size)
        return _reopen, (self.path, *options)

    def get(self, key: EmbeddingKey) -> Embedding | None:
        """Return the embedding, or None if absent, damaged or of other pixels."""
        found = self.memory.get(key)
        if found is not None:
            return found
        read = self._read(key)
        return None if read is None else self.memory.put(key, read)

    def put(self, key: EmbeddingKey, embedding: EmbeddingArrays) -> Embedding:
        """Store an embedding; return what a later `get` will return, to the bit.

        If it cannot be written, it is stored in memory, and a warning says so once.
        """
        layout, stored = to_stored(embedding, self.precision)
        if self.mode == "a":
            self._write(key, layout, stored)
        parts = {p.name: from_stored(p, stored[p.name]) for p in layout.arrays}
        return self.memory.put(key, parts)

    def info(self) -> StoreInfo:
        """Count its embeddings. Nothing is read but names, sizes and attributes."""
        return inspection.inspect(self.files, self._arrays, self.path)

    def verify(self, *, delete: bool = False) -> VerifyResult:
        """Read all embeddings, and list the damaged ones.

        Parameters
        ----------
        delete
            Also delete what is damaged or was left behind by an interrupted writer.
        """
        if delete:
            self._check_writable()
        return maintenance.verify(self.files, self._arrays, delete=delete)

    def prune(
        self,
        *,
        max_size: int | None = None,
        older: float | None = None,
        keep: Sequence[str] = (),
    ) -> PruneResult:
        """Delete embeddings, the least recently used first.

        Parameters
        ----------
        max_size
            Until no more than this many bytes are left.
        older
            Those that were not used for this many seconds.
        keep
            Those of every model but these: names, or beginnings of fingerprints.
        """
        self._check_writable()
        pruned = maintenance.prune(
            self.files, self._arrays, max_size=max_size, older=older, keep=keep
        )
        self._forget()
        return pruned

    def clear(self) -> None:
        """Delete the store. Files that are not the store's stay."""
        self._check_writable()
        maintenance.clear(self.files)
        self._forget()

    def _is_there(self) -> bool:
        try:
            return inspection.is_store(self.files, self.path)
        except OSError as wrong:
            raise StoreMismatchError(
                f"{self.path} cannot be read as a store of embeddings: {wrong}. Give "
                "another place, or the right to read there."
            ) from wrong

    def _read(self, key: EmbeddingKey) -> EmbeddingArrays | None:
        group, (plane, _, tile) = GroupKey.of(key, self.precision), key.at
        try:
            record = self._arrays.record(group, plane, tile)
            if record is None or record.pixels_digest != pixels_digest(key):
                return None
            found = self._arrays.read(group, plane, tile, record)
        except FileNotFoundError:
            return None
        except Exception as wrong:
            # zarr and its codecs raise errors of many types at damaged bytes.
            logger.info("%s cannot be read in %s: %s", key.at, self.path, wrong)
            self._arrays.forget()
            return None
        if found is None:
            logger.info("%s is damaged in %s", key.at, self.path)
            self._arrays.forget()
            return None
        if self.mode == "a":
            self.files.touch(inspection.record_path(group.path, plane, tile))
        return found

    def _write(
        self,
        key: EmbeddingKey,
        layout: Layout,
        stored: Mapping[str, EmbeddingArray],
    ) -> None:
        group, (plane, _, tile) = GroupKey.of(key, self.precision), key.at
        try:
            self._arrays.write(group, (plane, tile), pixels_digest(key), layout, stored)
        except Exception as wrong:
            self._arrays.forget()
            self._warn(wrong)
            self.unwritten += 1
            maintenance.discard(self.files, group.path, layout, plane, tile)
        else:
            nbytes = sum(a.nbytes for a in stored.values())
            self._make_room((group.path, plane, tile), nbytes)

    def _make_room(self, written: inspection.TileId, nbytes: int) -> None:
        """Evict down to `max_size`; sizes before compression say when to count."""
        if self.max_size is None:
            return
        with self._tidying:
            self._size = None if self._size is None else self._size + nbytes
            if self._size is None or self._size > self.max_size:
                self._size = maintenance.evict(self.files, self.max_size, spare=written)

    def _warn(self, wrong: Exception) -> None:
        if not self.unwritten:
            reason = " ".join(str(wrong).split()) or type(wrong).__name__
            warnings.warn(
                f"Embeddings cannot be written to {self.path} ({reason}). Work goes "
                "on with those in memory; what is made now is made again next time. "
                "Free some space, or give a store that can be written.",
                RuntimeWarning,
                stacklevel=2,
            )

    def _check_writable(self) -> None:
        if self.mode == "r":
            raise StoreError(
                f'{self.path} was opened with mode="r", which changes nothing. Open it '
                'with mode="a".'
            )

    def _forget(self) -> None:
        self._arrays.forget()
        self._size = None


def _reopen(
    path: str,
    mode: Literal["a", "r"],
    precision: Literal["float16", "float32"],
    memory: int,
    max_size: int | None,
) -> ZarrStore:
    return ZarrStore(
        path, mode=mode, precision=precision, memory=memory, max_size=max_size
    )


def _connect(path: str, *, read_only: bool) -> tuple[Store, Files]:
    """Open a folder or a URL, once for zarr and once for its files."""
    if path.startswith("file://"):
        path = url2pathname(urlsplit(path).path)
    if "://" in path:
        files = RemoteFiles(path)
        return FsspecStore.from_url(path, read_only=read_only), files
    root = Path(path).expanduser()
    return LocalStore(root, read_only=read_only), LocalFiles(root)


def _check_choice(name: str, given: str, choices: tuple[str, ...]) -> None:
    if given not in choices:
        expected = " or ".join(map(repr, choices))
        raise StoreError(f"{name}={given!r}: expected {expected}.")
