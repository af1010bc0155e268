"""Records of sessions: what was done, with which model, on which image.

A record holds no predicted masks: doing its steps again, on the same image with the
same model, gives the same labels to the byte.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam._version import __version__
from napari_sam.core.errors import MissingFileError, SessionError
from napari_sam.core.progress import Progress
from napari_sam.session.actions import Action, AddMasks, Commit, action_from_dict
from napari_sam.session.codec import VERSION, plain_number
from napari_sam.session.labels.patch import LabelPatch
from napari_sam.session.model_setup import ImageIdentity, ModelSetup
from napari_sam.session.requests import predict
from napari_sam.session.session import AnnotationSession
from napari_sam.session.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.protocols import Promptable
    from napari_sam.session.history import Step
    from napari_sam.session.json_types import Json, JsonMapping, JsonObject
    from napari_sam.session.labels.arrays import LabelArray

_FORMAT = "napari-sam session"


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

    def to_dict(self) -> JsonObject:
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
    def from_dict(cls, data: JsonMapping) -> Record:
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
        except (LookupError, TypeError, AttributeError, ValueError) as wrong:
            raise SessionError(
                f"The record of a session is damaged: {type(wrong).__name__} {wrong}."
            ) from wrong


def check_format(data: Json, wanted: str) -> None:
    """Refuse what is something else, or of a later version."""
    found = data.get("format") if isinstance(data, dict) else None
    if found != wanted:
        raise SessionError(
            f"Expected a {wanted}, a JSON object with "
            f'"format": "{wanted}"; this is {found or "something else"}.'
        )
    version = data.get("version")
    if version != VERSION:
        raise SessionError(
            f"It was written as version {version!r} of a {wanted}; this napari-sam "
            f"reads version {VERSION}. Update napari-sam."
        )


def write_record(record: Record, path: str | Path) -> None:
    """Write JSON. What is there before is replaced only when all is on the disk."""
    path = Path(path)
    text = json.dumps(record.to_dict(), indent=1, default=plain_number)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


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
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as wrong:
        raise SessionError(f"{path} is no JSON: {wrong}.") from wrong
    try:
        return Record.from_dict(data)
    except SessionError as wrong:
        raise SessionError(f"{path}: {wrong}") from wrong


def replay(
    record: Record,
    image_for: Callable[[ModelSetup | None], Promptable],
    *,
    labels: LabelArray | None = None,
    similar: bool = False,
) -> Generator[Progress, None, AnnotationSession]:
    """Do it all again; one `Progress` a step.

    Parameters
    ----------
    record
        What was done.
    image_for
        Returns the image as a setup shows it, with its model; called once for each
        setup, and with None if nothing was asked.
    labels
        An empty array to write to, such as a zarr array. By default, a new one.
    similar
        Take another image of the same shape, such as the next time point.

    Raises
    ------
    SessionError
        If it is another image, or a step cannot be done on it.
    """
    images: dict[str, Promptable] = {}
    steps, keys = record.steps, list(record.setups) or [""]
    for key in keys:
        images[key] = image_for(record.setups.get(key))
    image = images[keys[0]]
    check_image(record.image, image.frames, similar=similar)
    session = AnnotationSession(image, labels=started(record, image.frames, labels))
    for i, action in enumerate(steps):
        yield Progress(i, len(steps), "replaying")
        if isinstance(action, Commit):
            _commit_again(session, action, images[action.setup])
        else:
            session.execute(action)
    session.mark_saved()
    yield Progress(len(steps), len(steps), "replaying")
    return session


def only(image: Promptable) -> Callable[[ModelSetup | None], Promptable]:
    """Return an `image_for` that knows one image, and refuses any other setup."""

    def image_for(setup: ModelSetup | None) -> Promptable:
        here = ModelSetup.of(image)
        if setup is not None and setup.key != here.key:
            raise SessionError(
                f"The masks are answers of {setup.model} ({setup.fingerprint}, "
                f"{setup.appearance.token}, tiling {setup.tiling}); this image asks "
                f"{here.model} ({here.fingerprint}, {here.appearance.token}, tiling "
                f"{here.tiling})."
            )
        return image

    return image_for


def started(
    record: Record, frames: Frames, labels: LabelArray | None
) -> LabelArray | None:
    """Return the labels that a session began with, or None if there were none.

    Raises
    ------
    SessionError
        If the labels to write to are not empty: what is there would get among them.
    """
    if labels is None and not record.start:
        return None
    state = State(frames, labels)
    if state.footprints:
        raise SessionError(
            "The labels to write to hold objects already; give an empty array."
        )
    for patch in record.start:
        state.labels.write(patch)
    return state.labels.array


def check_image(known: ImageIdentity, frames: Frames, *, similar: bool = False) -> None:
    """Refuse another image than the one that is known.

    Parameters
    ----------
    known
        What is expected.
    frames
        What is given.
    similar
        Take any image whose planes are as many and as large.
    """
    found = ImageIdentity.of(frames)
    names = ("axes", "shape") if similar else ("axes", "shape", "dtype", "sample")
    for name in names:
        was, now = getattr(known, name), getattr(found, name)
        if was != now and name == "sample":
            raise SessionError(
                "This is another image than the one the work was done on: shape and "
                "type agree, the pixels do not."
            )
        if was != now:
            raise SessionError(
                f"This is another image than the one the work was done on: its {name} "
                f"is {now}, expected {was}."
            )


def _actions(steps: Iterable[Step]) -> Iterator[Action]:
    """Every action in order; masks that were added as one step are one action."""
    for group, members in groupby(steps, key=lambda step: step.group):
        actions = [step.action for step in members]
        masks = [action for action in actions if isinstance(action, AddMasks)]
        if group and len(masks) == len(actions):
            yield AddMasks.joined(masks)
        else:
            yield from actions


def _commit_again(
    session: AnnotationSession, action: Commit, image: Promptable
) -> None:
    if session.image is not image:
        session.image = image
    new, now = dict(action.prompts), session.open_prompts
    prompts = {at: new[at] if at in new else now[at] for at in action.ats}
    setup = ModelSetup.of(image)
    session.setups[setup.key] = setup
    session.execute(replace(action, setup=setup.key), predict(image, prompts))
