"""Contents of a store: which groups, how many tiles, which files they are."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, TypeAlias

from napari_sam.core.errors import StoreMismatchError
from napari_sam.core.json_values import parse_json
from napari_sam.stores.layout import FORMAT, VERSION, GroupKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam.core.json_values import JsonObject
    from napari_sam.stores.store_files import Files
    from napari_sam.stores.tile_arrays import TileArrays

#: Path of a group, plane and tile.
TileId: TypeAlias = tuple[str, int, int]
#: What zarr calls a file while it writes it.
UNFINISHED = re.compile(r"\.[0-9a-f]{32}\.partial$")

_CHUNK = re.compile(
    r"([^/]+/[^/]+)/(digest|features/[^/]+/[^/]+)/c\.(\d+)\.(\d+)(?:\.\d+)*"
)
#: What the folder of a model is called, and every file that a store may hold in one.
_FOLDER = re.compile(r".+-[0-9a-f]{8}")
_OURS = re.compile(
    r"[^/]+-[0-9a-f]{8}/(zarr\.json|[^/]+-level\d+-[0-9a-f]{8}/(zarr\.json|"
    r"(digest|features(/[^/]+){0,2})/(zarr\.json|c\.\d+\.\d+(\.\d+)*)))"
)


@dataclass
class TileFiles:
    """The files of one tile: chunks and, if `has_record`, its record."""

    paths: list[str] = field(default_factory=list)
    nbytes: int = 0
    used: float = 0.0
    has_record: bool = False


@dataclass(frozen=True, slots=True)
class GroupInfo:
    """Embeddings of one model and tiling; `key` is None if damaged."""

    path: str
    key: GroupKey | None
    stored: int
    nbytes: int
    used: float


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """What a store holds."""

    path: str
    version: int
    nbytes: int
    groups: tuple[GroupInfo, ...]


def is_store(files: Files, path: str) -> bool:
    """Whether there is a store; False if there is nothing yet.

    Raises
    ------
    StoreMismatchError
        If there is something else, or a store of a later version.
    """
    names = [n for n in files.entries() if not UNFINISHED.search(n)]
    about = attributes(files, "")
    if about is None:
        # A store whose first file is damaged is known by the groups in it.
        names = [n for n in names if n != "zarr.json"]
        about = next((a for n in names if (a := _model(files, n))), {})
    version = about.get("version", 0)
    if about.get("format") != FORMAT or not isinstance(version, int):
        # zarr describes a group that was deleted again, without what we noted there.
        is_other = about or _is_array(files)
        names = [n for n in names if is_other or n != "zarr.json"]
        if not names:
            return False
        if not about and _are_remains(files, names):
            return True
        raise StoreMismatchError(
            f"{path} is not a store of embeddings, but holds {_some(names)}. Give the "
            "path of a store, or of a new folder."
        )
    if version > VERSION:
        raise StoreMismatchError(
            f"{path} was written by a later napari-sam: its layout has version "
            f"{version}, and this one reads up to {VERSION}. Update napari-sam, or "
            "give another path."
        )
    return True


def record_path(group: str, plane: int, tile: int) -> str:
    """Where the record of a tile is."""
    return f"{group}/digest/c.{plane}.{tile}.0"


def inspect(files: Files, arrays: TileArrays, path: str) -> StoreInfo:
    """Return the contents of a store, counted."""
    total = sum(f.size for f in files.walk())
    found: dict[str, list[TileFiles]] = {}
    for (group, _, _), entry in tile_files(files).items():
        found.setdefault(group, []).append(entry)
    groups = tuple(
        GroupInfo(
            group,
            group_key_at(arrays, group),
            sum(h.has_record for h in entries),
            sum(h.nbytes for h in entries),
            max(h.used for h in entries),
        )
        for group, entries in sorted(found.items())
    )
    return StoreInfo(path, VERSION, total, groups)


def tile_files(files: Files) -> dict[TileId, TileFiles]:
    """Every tile of which there is a file."""
    found: dict[TileId, TileFiles] = {}
    for file in files.walk():
        match = _CHUNK.fullmatch(file.path)
        if match:
            group, what, plane, tile = match.groups()
            entry = found.setdefault((group, int(plane), int(tile)), TileFiles())
            entry.paths.append(file.path)
            entry.nbytes += file.size
            entry.used = max(entry.used, file.used)
            entry.has_record |= what == "digest"
    return found


def group_key_at(arrays: TileArrays, path: str) -> GroupKey | None:
    """Return the key of a group, or None if that is damaged."""
    try:
        about = arrays.attributes(path)
        values = {f.name: about[f.name] for f in fields(GroupKey)}
    except Exception:
        return None
    kinds = {"str": str, "int": int}
    sound = all(type(values[f.name]) is kinds[str(f.type)] for f in fields(GroupKey))
    return GroupKey(**values) if sound else None


def is_store_entry(files: Files, name: str) -> bool:
    """Whether what has this name at the top belongs to the store."""
    return (
        bool(UNFINISHED.search(name))
        or _model(files, name) is not None
        or _are_remains(files, [name])
    )


def _are_remains(files: Files, names: Sequence[str]) -> bool:
    """Whether all of this is what a writer leaves of a store that was cleared."""
    if not names or not all(_FOLDER.fullmatch(name) for name in names):
        return False
    paths = (UNFINISHED.sub("", file.path) for file in files.walk())
    inside = (path for path in paths if path.partition("/")[0] in names)
    return all(_OURS.fullmatch(path) for path in inside)


def _model(files: Files, name: str) -> JsonObject | None:
    """Attributes of the group of a model; None for anything else, also for a store."""
    about = attributes(files, name)
    is_model = about is not None and about.get("format") == FORMAT and "model" in about
    return about if is_model else None


def attributes(files: Files, path: str) -> JsonObject | None:
    """Attributes of a zarr group, read without zarr; None if missing or damaged."""
    try:
        data = parse_json(files.read(f"{path}/zarr.json".lstrip("/")) or b"")
        return dict(data.get("attributes", {}))
    except (ValueError, AttributeError, TypeError):
        return None


def _is_array(files: Files) -> bool:
    """Whether a zarr array lies here, which a store never is."""
    try:
        data = parse_json(files.read("zarr.json") or b"")
    except ValueError:
        return False
    return isinstance(data, dict) and data.get("node_type") == "array"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (" ..." if len(names) > 3 else "")
