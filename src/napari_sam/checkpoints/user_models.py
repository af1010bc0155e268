"""User models: files of weights copied into the home, and opened by name."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.checkpoints.catalogue import find, models, word_models
from napari_sam.checkpoints.environment import models_folder, own_folder
from napari_sam.checkpoints.integrity import digest, forget, remember
from napari_sam.checkpoints.safetensors_header import metadata_of
from napari_sam.checkpoints.transfer import make_room
from napari_sam.core.atomic_write import replacing
from napari_sam.core.errors import CheckpointError, MissingFileError, ModelError
from napari_sam.core.registry import backend_names

if TYPE_CHECKING:
    from napari_sam.checkpoints.entries import ModelEntry

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def add(
    file: str | Path,
    name: str,
    *,
    architecture: str | None = None,
    note: str = "",
    replace: bool = False,
) -> ModelEntry:
    """Add a file of weights to the user's models, under a name.

    The file is copied, not opened: whether it fits is seen when it is loaded. The
    command ``napari-sam models add`` looks into it first.

    Parameters
    ----------
    file
        Weights made here or elsewhere, ``.safetensors``, ``.pt`` or ``.pth``.
    name
        Letters, digits, dots, dashes and underscores.
    architecture
        ``pocket``, ``vit_t``, ``vit_b``, ``vit_l``, ``vit_h`` or ``sam``. By default,
        what the file says of itself.
    note
        What it is good for, in one line.
    replace
        Whether a model of one's own of that name may be replaced.

    Raises
    ------
    MissingFileError
        If there is no such file.
    ModelError
        If the name cannot be given.
    CheckpointError
        If the disk has no room.
    """
    source = Path(file)
    if not source.is_file():
        raise MissingFileError(f"There is no file {source}.")
    check_name(name, replace=replace)
    metadata = metadata_of(source)
    before = {d.file for m in models() if m.own and m.name == name for d in m.downloads}
    target = own_folder() / f"{name}{source.suffix or '.pt'}"
    _copy(source, target)
    described = {
        "file": target.name,
        "architecture": architecture or metadata.get("architecture"),
        "hash": digest(target, "sha256"),
        "size": target.stat().st_size,
        "note": note,
        "made_by": metadata.get("made_by", ""),
    }
    with replacing(own_folder() / f"{name}.json") as part:
        part.write_text(json.dumps(described, indent=1), "utf-8")
    entry = find(name)
    for left in before - {d.file for d in entry.downloads}:
        (models_folder() / left).unlink(missing_ok=True)
        forget(models_folder() / left)
    if entry.weights is not None:
        remember(target, entry.weights)
    return entry


def remove(name: str) -> tuple[Path, ...]:
    """Delete a model's files from this disk, and return them.

    A published one can be downloaded again; one of your own is gone.

    Raises
    ------
    UnknownModelError
        If there is no such model.
    CheckpointError
        If it has no file on this disk outside the package.
    """
    entry = find(name)
    paths = [models_folder() / d.file for d in entry.downloads]
    if entry.own:
        paths.insert(0, own_folder() / f"{name}.json")
    there = tuple(p for p in paths if p.is_file())
    if not there:
        raise CheckpointError(f"{name} has no file on this disk that could be removed.")
    for path in there:
        path.unlink()
        forget(path)
    return there


def check_name(name: str, *, replace: bool = False) -> None:
    """Check that a model of one's own can have a name.

    Raises
    ------
    ModelError
        If it is no name, or another model has it; one's own may be replaced.
    """
    if not _NAME.fullmatch(name):
        raise ModelError(
            f"{name!r} cannot be the name of a model: expected letters, digits, dots, "
            "dashes and underscores, beginning with a letter or a digit."
        )
    mine = _own_names()
    if name in mine and not replace:
        raise ModelError(
            f"You have a model {name!r} already. Give another name, or --replace "
            "(replace=True)."
        )
    listed = (*models(), *word_models())
    taken = {m.name for m in listed} | set(backend_names())
    if name in taken - mine:
        raise ModelError(f"{name!r} is the name of another model. Give another one.")


def _own_names() -> set[str]:
    return {m.name for m in models() if m.own}


def _copy(source: Path, target: Path) -> None:
    """Copy a file atomically; the next try writes over what a killed one left."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    make_room(part, source.stat().st_size)
    shutil.copyfile(source, part)
    with part.open("r+b") as written:
        os.fsync(written.fileno())
    os.replace(part, target)
