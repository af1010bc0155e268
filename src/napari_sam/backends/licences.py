"""Licences that a person accepts before a model may be used, and where that is kept."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from napari_sam.core.atomic_write import replacing
from napari_sam.core.errors import CheckpointError, UnknownModelError
from napari_sam.core.home import home
from napari_sam.core.json_values import parse_json

if TYPE_CHECKING:
    from pathlib import Path

#: Names of models, with commas between them, whose licences are accepted.
VARIABLE = "NAPARI_SAM_ACCEPT_LICENCE"
#: Files of a licence beside weights.
_FILES = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "LICENCE.txt")


class Licence(NamedTuple):
    """A licence that has conditions of its own.

    Attributes
    ----------
    model
        What the model is called.
    title
        Of the licence.
    url
        Where its text is.
    gist
        What a person should know before reading it.
    good_for
        What the model takes.
    weights
        The folder of huggingface.co that a person who accepts it gets.
    """

    model: str
    title: str
    url: str
    gist: str
    good_for: str
    weights: str


LICENCES = {
    "sam3": Licence(
        "SAM 3",
        "SAM License",
        "https://github.com/facebookresearch/sam3/blob/main/LICENSE",
        "It is Meta's own and no open-source licence: among others, it forbids "
        "military and nuclear uses, and asks that whoever hands on the model hands on "
        "the licence, too",
        "words and examples of them, points, boxes",
        "facebook/sam3",
    )
}


def accept(name: str, *, folder: Path | None = None) -> Path:
    """Write down that a person has accepted the licence of a model, on this machine.

    Parameters
    ----------
    name
        The name of the model, such as ``sam3``.
    folder
        With the weights; a digest of the licence's text in it is kept.

    Returns
    -------
    Path
        The file that says so. Deleting it takes the acceptance back.

    Raises
    ------
    UnknownModelError
        If no model of that name asks for it.
    """
    licence, text = licence_of(name), text_of(folder)
    noted = {
        "model": licence.model,
        "licence": licence.title,
        "url": licence.url,
        "accepted": datetime.now(UTC).isoformat(timespec="seconds"),
        "sha256": None if text is None else sha256(text.encode()).hexdigest(),
    }
    path = _path(name)
    with replacing(path) as part:
        part.write_text(json.dumps(noted, indent=1), "utf-8")
    return path


def is_accepted(name: str) -> bool:
    """Whether the licence of a model is accepted, on this machine or by `VARIABLE`."""
    named = os.environ.get(VARIABLE, "").replace(",", " ").split()
    if name in named:
        return True
    try:
        return "accepted" in parse_json(_path(name).read_bytes())
    except (OSError, ValueError, TypeError):
        return False


def check_accepted(name: str, *, folder: Path | None = None) -> None:
    """Refuse a model whose licence is not accepted, and say how that is done.

    Raises
    ------
    CheckpointError
        If it is not accepted.
    """
    if is_accepted(name):
        return
    licence = licence_of(name)
    own = file_of(folder)
    where = licence.url if own is None else f"{own} and {licence.url}"
    raise CheckpointError(
        f"{licence.model} is under the {licence.title} ({where}). {licence.gist}. Read "
        "it. If you accept it, say so once: napari-sam models accept "
        f"{name}, napari_sam.accept_licence({name!r}), or {VARIABLE}={name} in the "
        "environment."
    )


def licence_of(name: str) -> Licence:
    """Return the licence of a model.

    Raises
    ------
    UnknownModelError
        If no model of that name asks for acceptance.
    """
    if name not in LICENCES:
        raise UnknownModelError(
            f"{name!r} asks nobody to accept a licence. Those that do: "
            f"{', '.join(LICENCES)}."
        )
    return LICENCES[name]


def file_of(folder: Path | None) -> Path | None:
    """Return the file of the licence beside weights, if there is one."""
    if folder is None:
        return None
    found = (folder / name for name in _FILES)
    return next((path for path in found if path.is_file()), None)


def text_of(folder: Path | None) -> str | None:
    """Return the text of the licence beside weights, if there is one."""
    path = file_of(folder)
    return None if path is None else path.read_text("utf-8", errors="replace")


def _path(name: str) -> Path:
    return home() / "licences" / f"{name}.json"
