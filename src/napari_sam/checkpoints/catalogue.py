"""The catalogue of models: of two lists of ours, and those added on this machine."""

from __future__ import annotations

import logging
import tomllib
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from napari_sam.checkpoints.entries import Download, ModelEntry, Preprocessing
from napari_sam.checkpoints.environment import own_folder
from napari_sam.core.errors import UnknownModelError
from napari_sam.core.json_values import parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari_sam.core.json_values import JsonObject, UncheckedJson

logger = logging.getLogger(__name__)


def models() -> tuple[ModelEntry, ...]:
    """Return every model known by name: the published, then one's own.

    Neither torch nor the network is needed for it.
    """
    return (*published(), *own())


def find(name: str) -> ModelEntry:
    """Return the entry of a model, be it of masks or of words.

    Raises
    ------
    UnknownModelError
        If there is none of that name.
    """
    every = (*models(), *word_models())
    # A model of one's own may have had its name before there were models of words.
    known = {entry.name: entry for entry in reversed(every)}
    if name not in known:
        close = get_close_matches(name, known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise UnknownModelError(
            f"There is no checkpoint {name!r}.{hint} Known: "
            f"{', '.join(m.name for m in every)}."
        )
    return known[name]


@cache
def published() -> tuple[ModelEntry, ...]:
    """Return the models of `models.toml`, in its order."""
    return _listed("models.toml")


def word_models() -> tuple[ModelEntry, ...]:
    """Return the models of words, which ``--concepts`` takes; each is a folder."""
    return published_words()


@cache
def published_words() -> tuple[ModelEntry, ...]:
    """Return the models of `word_models.toml`, in its order."""
    return _listed("word_models.toml")


def _listed(name: str) -> tuple[ModelEntry, ...]:
    text = files("napari_sam.checkpoints").joinpath(name).read_text("utf-8")
    found = tomllib.loads(text)
    return tuple(_published(m, found["citations"]) for m in found["model"])


def _published(entry: JsonObject, citations: Mapping[str, str]) -> ModelEntry:
    prepared = dict(entry.get("preprocessing", {}))
    if "percentiles" in prepared:
        low, high = prepared["percentiles"]
        prepared["percentiles"] = (float(low), float(high))
    return ModelEntry(
        entry["name"],
        entry["architecture"],
        entry["good_for"],
        weights=_download(entry.get("weights")),
        decoder=_download(entry.get("decoder")),
        preprocessing=Preprocessing(**prepared),
        licence=entry["licence"],
        data=entry["data"],
        citations=tuple(citations[key] for key in entry["cite"]),
        note=entry.get("note", ""),
        files=tuple(Download(**file) for file in entry.get("files", ())),
    )


def _download(entry: JsonObject | None) -> Download | None:
    return None if entry is None else Download(**entry)


def own() -> tuple[ModelEntry, ...]:
    """Return the models that were added on this machine, by name.

    A description that cannot be read is left out, with a word in the log.
    """
    found = []
    for path in sorted(own_folder().glob("*.json")):
        try:
            found.append(_own(path))
        except Exception as wrong:
            # Whatever one of them holds, the others are listed.
            logger.warning("%s is no description of a model: %s", path, wrong)
    return tuple(found)


def _own(path: Path) -> ModelEntry:
    entry = parse_json(path.read_bytes())
    name, file = path.stem, str(entry["file"])
    if "/" in file or "\\" in file:
        raise ValueError(f"{file!r} is not a name of a file in its folder")
    return ModelEntry(
        name,
        _architecture(entry["architecture"]),
        str(entry["note"] or "a model of your own"),
        weights=Download(f"own/{file}", "", str(entry["hash"]), _size(entry["size"])),
        licence="your own",
        data="see its maker",
        note=str(entry.get("made_by") or ""),
        own=True,
    )


def _size(given: UncheckedJson) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given < 2**62:
        raise ValueError(f"{given!r} is no size of a file")
    return given


def _architecture(given: UncheckedJson) -> str | None:
    if given is not None and not isinstance(given, str):
        raise ValueError(f"{given!r} is no architecture")
    return given
