"""Looking after a store: finding what is damaged, deleting what may go."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam.stores.inspect import (
    UNFINISHED,
    TileFiles,
    group_key_at,
    is_ours,
    record_path,
    tile_files,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam.stores.arrays import Arrays
    from napari_sam.stores.inspect import TileId
    from napari_sam.stores.layout import GroupKey, Layout
    from napari_sam.stores.store_files import Files

#: Files without a record may belong to a writer who is not done, for so many seconds.
_PATIENCE = 3600.0
#: How far below its limit a store is brought, so that this happens rarely.
_SLACK = 0.9


@dataclass(frozen=True, slots=True)
class Damage:
    """A tile that is not what was written, and why it is not believed."""

    path: str
    plane: int
    tile: int
    reason: str


@dataclass(frozen=True, slots=True)
class Verified:
    """How many embeddings were read, which are damaged, and what is left over."""

    read: int
    damaged: tuple[Damage, ...]
    leftovers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many embeddings were deleted, and what is left."""

    deleted: int
    freed: int
    nbytes: int


def verify(files: Files, arrays: Arrays, *, delete: bool) -> Verified:
    """Read every tile; optionally delete what is not believed."""
    damaged, read = [], 0
    found = tile_files(files)
    for (path, plane, tile), holding in sorted(found.items()):
        if not holding.proven:
            continue
        read += 1
        reason = _damage(arrays, path, plane, tile)
        if reason is not None:
            damaged.append(Damage(path, plane, tile, reason))
            if delete:
                _delete(files, (path, plane, tile), holding)
    left = [p for h in found.values() if _is_unfinished(h) for p in h.paths]
    left += [
        f.path
        for f in files.walk()
        if UNFINISHED.search(f.path) and time.time() - f.used > _PATIENCE
    ]
    if delete:
        for path in left:
            files.delete(path)
        arrays.forget()
    return Verified(read, tuple(damaged), tuple(sorted(left)))


def prune(
    files: Files,
    arrays: Arrays,
    *,
    max_size: int | None,
    older: float | None,
    keep: Sequence[str],
) -> Pruned:
    """Delete tiles that are old, of other models, or too many."""
    before = sum(f.size for f in files.walk())
    deleted, now = 0, time.time()
    found = tile_files(files)
    paths = {path for path, _, _ in found}
    others = {
        p for p in paths if keep and not _is_protected(group_key_at(arrays, p), keep)
    }
    for spot, holding in found.items():
        old = older is not None and now - holding.used > older
        if old or spot[0] in others or _is_unfinished(holding):
            _delete(files, spot, holding)
            deleted += holding.proven
    if max_size is not None:
        deleted += _shrink(files, max_size)
    after = sum(f.size for f in files.walk())
    return Pruned(deleted, before - after, after)


def evict(files: Files, max_size: int, *, spare: TileId) -> int:
    """Bring a store below a size, but for the tile just written; return its size."""
    size = sum(f.size for f in files.walk())
    if size <= max_size:
        return size
    with suppress(OSError):
        _shrink(files, int(_SLACK * max_size), spare=spare)
    return sum(f.size for f in files.walk())


def clear(files: Files) -> None:
    """Delete a store; what makes it one goes last."""
    for name in files.entries():
        if is_ours(files, name):
            files.delete(name)
    files.delete("zarr.json")
    if not files.entries():
        files.delete("")


def discard(files: Files, place: str, layout: Layout, plane: int, tile: int) -> None:
    """Delete what there is of a tile that could not be written."""
    holding = TileFiles()
    for part in layout.parts:
        folder = f"{place}/features/{layout.token}/{part.path}"
        end = ".0" * len(part.shape)
        holding.paths.append(f"{folder}/c.{plane}.{tile}{end}")
    with suppress(OSError):
        _delete(files, (place, plane, tile), holding)


def _shrink(files: Files, max_size: int, *, spare: TileId | None = None) -> int:
    """Delete the least recently used until a store is small; count them."""
    size, deleted = sum(f.size for f in files.walk()), 0
    by_use = sorted(tile_files(files).items(), key=lambda item: item[1].used)
    for spot, holding in by_use:
        if size <= max_size:
            break
        if spot != spare:
            _delete(files, spot, holding)
            size -= holding.nbytes
            deleted += holding.proven
    return deleted


def _delete(files: Files, spot: TileId, holding: TileFiles) -> None:
    """Delete the record first: what lacks one is not believed."""
    files.delete(record_path(*spot))
    for path in holding.paths:
        files.delete(path)


def _damage(arrays: Arrays, path: str, plane: int, tile: int) -> str | None:
    """Why a tile is not believed, or None if it is."""
    place = group_key_at(arrays, path)
    if place is None or place.path != path:
        return "the description of its group is damaged"
    try:
        record = arrays.record(place, plane, tile)
        found = record and arrays.read(place, plane, tile, record)
    except Exception as wrong:
        why = " ".join(str(wrong).split()) or type(wrong).__name__
        return f"a file of it cannot be read ({why})"
    return None if found else "its bytes are not those that were written"


def _is_unfinished(holding: TileFiles) -> bool:
    """Whether a tile was begun and not finished, by a writer who is gone."""
    return not holding.proven and time.time() - holding.used > _PATIENCE


def _is_protected(place: GroupKey | None, keep: Sequence[str]) -> bool:
    return place is not None and any(
        place.model == name or place.model.startswith(f"{name}-") for name in keep
    )
