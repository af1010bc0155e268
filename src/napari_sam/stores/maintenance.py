"""Maintenance of a store: verifying, pruning and clearing it."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam.stores.inspection import (
    UNFINISHED,
    TileFiles,
    group_key_at,
    is_store_entry,
    record_path,
    tile_files,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam.stores.inspection import TileId
    from napari_sam.stores.layout import GroupKey, Layout
    from napari_sam.stores.store_files import Files
    from napari_sam.stores.tile_arrays import TileArrays

#: Files without a record may belong to a writer who is not done, for so many seconds.
_PATIENCE = 3600.0
#: How far below its limit a store is brought, so that this happens rarely.
_SLACK = 0.9


@dataclass(frozen=True, slots=True)
class Damage:
    """A damaged tile, and the reason why it is not valid."""

    path: str
    plane: int
    tile: int
    reason: str


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """How many embeddings were read, which are damaged, and what is left over."""

    read: int
    damaged: tuple[Damage, ...]
    leftovers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PruneResult:
    """How many embeddings were deleted, and what is left."""

    deleted: int
    freed: int
    nbytes: int


def verify(files: Files, arrays: TileArrays, *, delete: bool) -> VerifyResult:
    """Read every tile; optionally delete what is not believed."""
    damaged, read = [], 0
    found = tile_files(files)
    for (path, plane, tile), entry in sorted(found.items()):
        if not entry.has_record:
            continue
        read += 1
        reason = _damage(arrays, path, plane, tile)
        if reason is not None:
            damaged.append(Damage(path, plane, tile, reason))
            if delete:
                _delete(files, (path, plane, tile), entry)
    left = [p for h in found.values() if _is_left(h) for p in h.paths]
    left += [
        f.path
        for f in files.walk()
        if UNFINISHED.search(f.path) and time.time() - f.used > _PATIENCE
    ]
    if delete:
        for path in left:
            files.delete(path)
        arrays.forget()
    return VerifyResult(read, tuple(damaged), tuple(sorted(left)))


def prune(
    files: Files,
    arrays: TileArrays,
    *,
    max_size: int | None,
    older: float | None,
    keep: Sequence[str],
) -> PruneResult:
    """Delete tiles that are old, of other models, or too many."""
    before = sum(f.size for f in files.walk())
    deleted, now = 0, time.time()
    found = tile_files(files)
    paths = {path for path, _, _ in found}
    others = {
        p for p in paths if keep and not _is_spared(group_key_at(arrays, p), keep)
    }
    for tile_id, entry in found.items():
        old = older is not None and now - entry.used > older
        if old or tile_id[0] in others or _is_left(entry):
            _delete(files, tile_id, entry)
            deleted += entry.has_record
    if max_size is not None:
        deleted += _shrink(files, max_size)
    after = sum(f.size for f in files.walk())
    return PruneResult(deleted, before - after, after)


def evict(files: Files, max_size: int, *, spare: TileId) -> int:
    """Bring a store below a size, but for the tile just written; return its size."""
    size = sum(f.size for f in files.walk())
    if size <= max_size:
        return size
    with suppress(OSError):
        _shrink(files, int(_SLACK * max_size), spare=spare)
    return sum(f.size for f in files.walk())


def clear(files: Files) -> None:
    """Delete a store; what makes it one goes last, unless somebody writes to it."""
    for name in files.entries():
        if is_store_entry(files, name):
            files.delete(name)
    if any(is_store_entry(files, name) for name in files.entries()):
        return
    files.delete("zarr.json")
    if not files.entries():
        files.delete("")


def discard(files: Files, group: str, layout: Layout, plane: int, tile: int) -> None:
    """Delete what there is of a tile that could not be written."""
    entry = TileFiles()
    for spec in layout.arrays:
        folder = f"{group}/features/{layout.token}/{spec.path}"
        end = ".0" * len(spec.shape)
        entry.paths.append(f"{folder}/c.{plane}.{tile}{end}")
    with suppress(OSError):
        _delete(files, (group, plane, tile), entry)


def _shrink(files: Files, max_size: int, *, spare: TileId | None = None) -> int:
    """Delete the least recently used until a store is small; count them."""
    size, deleted = sum(f.size for f in files.walk()), 0
    by_use = sorted(tile_files(files).items(), key=lambda item: item[1].used)
    for tile_id, entry in by_use:
        if size <= max_size:
            break
        if tile_id != spare:
            _delete(files, tile_id, entry)
            size -= entry.nbytes
            deleted += entry.has_record
    return deleted


def _delete(files: Files, tile_id: TileId, entry: TileFiles) -> None:
    """Delete the record first: what lacks one is not believed."""
    files.delete(record_path(*tile_id))
    for path in entry.paths:
        files.delete(path)


def _damage(arrays: TileArrays, path: str, plane: int, tile: int) -> str | None:
    """Why a tile is not believed, or None if it is."""
    group = group_key_at(arrays, path)
    if group is None or group.path != path:
        return "the description of its group is damaged"
    try:
        record = arrays.record(group, plane, tile)
        found = record and arrays.read(group, plane, tile, record)
    except Exception as wrong:
        why = " ".join(str(wrong).split()) or type(wrong).__name__
        return f"a file of it cannot be read ({why})"
    return None if found else "its bytes are not those that were written"


def _is_left(entry: TileFiles) -> bool:
    """Whether a tile was begun and not finished, by a writer who is gone."""
    return not entry.has_record and time.time() - entry.used > _PATIENCE


def _is_spared(group: GroupKey | None, keep: Sequence[str]) -> bool:
    return group is not None and any(
        group.model == name or group.model.startswith(f"{name}-") for name in keep
    )
