"""Records of sessions: what was done, with which model, on which image.

A record holds no predicted masks: doing its steps again, on the same image with the
same model, gives the same labels to the byte.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam._version import __version__
from napari_sam.core.atomic_write import replacing
from napari_sam.core.errors import MissingFileError, NapariSamError, SessionError
from napari_sam.core.json_values import parse_json
from napari_sam.session.actions import Action, AddMasks, Commit, action_from_dict
from napari_sam.session.codec import VERSION, plain_number
from napari_sam.session.labels.patch import LabelPatch
from napari_sam.session.model_setup import ImageIdentity, ModelSetup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from napari_sam.core.json_values import JsonDict, JsonObject, UncheckedJson
    from napari_sam.session.history import Step
    from napari_sam.session.session import AnnotationSession

_FORMAT = "napari-sam session"
#: What reading values raises that are not what they should be.
_DAMAGE = (LookupError, TypeError, AttributeError, ValueError, ArithmeticError)


@dataclass(frozen=True, slots=True)
class Record:
    """The record of a session: what was done.

    Attributes
    ----------
    image
        The identity of the image.
    setups
        Models, by the keys that steps name.
    start
        Labels that were there already.
    steps
        What was done and not undone, in order.
    source
        Path or name of the image, for people.
    """

    image: ImageIdentity
    setups: Mapping[str, ModelSetup]
    start: tuple[LabelPatch, ...]
    steps: tuple[Action, ...]
    source: str = ""

    @classmethod
    def of(cls, session: AnnotationSession, *, source: str = "") -> Record:
        """Return the record of a session; prompts that are still open are in it too."""
        steps = tuple(_actions(session.history.done))
        used = {step.setup for step in steps if isinstance(step, Commit)}
        if unknown := used - set(session.setups):
            raise SessionError(
                f"A step commits masks of the model setup {min(unknown)!r}; the "
                "session knows of no such setup. Put masks into the labels by `commit`."
            )
        setups = {key: session.setups[key] for key in sorted(used)}
        image = ImageIdentity.of(session.frames)
        return cls(image, setups, session.start, steps, source)

    def to_dict(self) -> JsonDict:
        """Plain JSON types; `from_dict` is the exact inverse."""
        return {
            "format": _FORMAT,
            "version": VERSION,
            "napari_sam": __version__,
            "source": self.source,
            "image": self.image.to_dict(),
            "setups": {key: setup.to_dict() for key, setup in self.setups.items()},
            "start": [patch.to_dict() for patch in self.start],
            "steps": [step.to_dict() for step in self.steps],
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> Record:
        """Inverse of `to_dict`.

        Raises
        ------
        SessionError
            If it is no record, or one of a later version.
        """
        check_format(data, _FORMAT)
        try:
            return cls(
                image=ImageIdentity.from_dict(data["image"]),
                setups={k: ModelSetup.from_dict(s) for k, s in data["setups"].items()},
                start=tuple(LabelPatch.from_dict(p) for p in data["start"]),
                steps=tuple(action_from_dict(step) for step in data["steps"]),
                source=str(data.get("source", "")),
            )
        except SessionError:
            raise
        except NapariSamError as wrong:
            raise SessionError(
                f"The record of a session is damaged: {wrong}"
            ) from wrong
        except _DAMAGE as wrong:
            raise SessionError(
                f"The record of a session is damaged: {type(wrong).__name__} {wrong}."
            ) from wrong


def check_format(data: UncheckedJson, expected: str) -> None:
    """Refuse what is something else, or of a later version."""
    found = data.get("format") if isinstance(data, dict) else None
    if found != expected:
        raise SessionError(
            f"Expected a {expected}, a JSON object with "
            f'"format": "{expected}"; this is {found or "something else"}.'
        )
    version = data.get("version")
    if version != VERSION:
        is_later = type(version) is int and version > VERSION
        raise SessionError(
            f"It was written as version {version!r} of a {expected}; this napari-sam "
            f"reads version {VERSION}. "
            + ("Update napari-sam." if is_later else "There never was such a version.")
        )


def write_record(record: Record, path: str | Path) -> None:
    """Write JSON. What is there before is replaced only when all is on the disk."""
    text = json.dumps(record.to_dict(), indent=1, default=plain_number)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_record(path: str | Path) -> Record:
    """Read what `write_record` wrote.

    Raises
    ------
    MissingFileError
        If there is no such file.
    SessionError
        If it holds no record, or one of a later version.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFileError(f"There is no file {path}.")
    try:
        data = parse_json(path.read_bytes())
    except ValueError as wrong:
        raise SessionError(f"{path} is no JSON: {wrong}.") from wrong
    try:
        return Record.from_dict(data)
    except SessionError as wrong:
        raise SessionError(f"{path}: {wrong}") from wrong


def _actions(steps: Iterable[Step]) -> Iterator[Action]:
    """Every action in order; masks that were added as one step are one action."""
    for group, members in groupby(steps, key=lambda step: step.group):
        actions = [step.action for step in members]
        masks = [action for action in actions if isinstance(action, AddMasks)]
        if group and len(masks) == len(actions):
            yield AddMasks.joined(masks)
        else:
            yield from actions
