"""Recovery of sessions from journals: which there are, and how to go on with one."""

from __future__ import annotations

import logging
import zlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.core.address import Address
from napari_sam.core.errors import MissingFileError, SessionError
from napari_sam.core.json_values import parse_json
from napari_sam.session.actions import action_from_dict
from napari_sam.session.edits import ObjectEdit, apply_all
from napari_sam.session.edits.edit_codec import compound_from_dict
from napari_sam.session.labels.patch import LabelPatch
from napari_sam.session.model_setup import ImageIdentity, ModelSetup
from napari_sam.session.persistence import journal_files
from napari_sam.session.persistence.journal import FORMAT
from napari_sam.session.persistence.journal_files import journals_folder
from napari_sam.session.persistence.record import Record, check_format
from napari_sam.session.persistence.replay import check_image, started
from napari_sam.session.session import AnnotationSession

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from napari_sam.core.json_values import JsonObject
    from napari_sam.core.protocols import Promptable
    from napari_sam.session.labels.arrays import LabelArray


logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RecoverableSession:
    """A session that can be restored from its journal.

    Attributes
    ----------
    path
        The file.
    name
        Of the image.
    when
        Of the last step, in the time of this machine.
    steps
        How many can be undone.
    objects
        How many there are.
    """

    path: Path
    name: str
    when: datetime
    steps: int
    objects: int

    def discard(self) -> None:
        """Delete the journal."""
        journal_files.discard(self.path)


def find_journals(
    identity: ImageIdentity, *, folder: Path | None = None
) -> list[RecoverableSession]:
    """Return journals of an image that no session writes to, the latest first.

    What cannot be read, or was written by a later version, is left where it is, and
    said.
    """
    folder = journals_folder() if folder is None else folder
    found = []
    for path in folder.glob(f"{identity.key}-*.jsonl"):
        try:
            head, *lines = list(read_lines(path)) or [{}]
            if journal_files.in_use(path, head):
                continue
            check_format(head, FORMAT)
            work = _work(path, head, lines)
        except Exception as wrong:
            # Whatever one of them holds, the others are offered.
            logger.warning("The journal %s cannot be read: %s", path, wrong)
            continue
        journal_files.mark_offered(path)
        if work.steps:
            found.append(work)
    return sorted(found, key=lambda work: work.when, reverse=True)


def restore(
    path: str | Path, image: Promptable, *, labels: LabelArray | None = None
) -> AnnotationSession:
    """Bring a session back as it was, undo and redo included; no model is needed.

    Parameters
    ----------
    path
        A journal, as `find_journals` gives it.
    image
        The image that it is about.
    labels
        An empty array to write to, such as a zarr array. By default, a new one.

    Raises
    ------
    SessionError
        If it is no journal, or about another image.
    MissingFileError
        If there is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFileError(f"There is no file {path}.")
    try:
        return _restored(path, image, labels)
    except SessionError as wrong:
        raise SessionError(f"{path}: {wrong}") from wrong
    except (OSError, MemoryError):
        raise
    except Exception as wrong:
        # A file may hold anything, and checksums are no proof of who wrote it.
        raise SessionError(
            f"{path}: the journal is damaged: {type(wrong).__name__} {wrong}."
        ) from wrong


def _restored(
    path: Path, image: Promptable, labels: LabelArray | None
) -> AnnotationSession:
    head, *lines = list(read_lines(path)) or [{}]
    check_format(head, FORMAT)
    identity = ImageIdentity.from_dict(head["image"])
    check_image(identity, image.frames)
    start = tuple(LabelPatch.from_dict(p) for p in head["start"])
    record = Record(identity, {}, start, ())
    session = AnnotationSession(image, labels=started(record, image.frames, labels))
    for line in lines:
        _again(session, line)
    return session


def read_lines(path: Path) -> Iterator[JsonObject]:
    """Every line of a journal up to the first that is not whole."""
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, start=1):
        check, _, text = line.partition(b" ")
        if not _is_whole(check, text):
            # The end of what a crash cut off is nothing to wonder at.
            if left := sum(map(bool, lines[number:])):
                logger.warning(
                    "%s: line %d is damaged, and with it %d later ones are lost.",
                    path,
                    number,
                    left,
                )
            return
        yield parse_json(text)


def _is_whole(check: bytes, text: bytes) -> bool:
    try:
        return int(check, 16) == zlib.crc32(text)
    except ValueError:
        return False


def _again(session: AnnotationSession, line: JsonObject) -> None:
    history = session.history
    match line:
        case {"op": "do" | "amend" as how, "action": action, "edit": written}:
            edit = compound_from_dict(written)
            if how == "amend":
                history.done.pop()
            apply_all(edit.edits, session.state)
            history.push(action_from_dict(action), edit, line.get("group", 0))
        case {"op": "undo"}:
            apply_all(history.done[-1].edit.inverse().edits, session.state)
            history.back()
        case {"op": "redo"}:
            apply_all(history.undone[-1].edit.edits, session.state)
            history.forth()
        case {"op": "at", "at": place}:
            session.current = Address(*place)
        case {"op": "setup", "setup": written}:
            setup = ModelSetup.from_dict(written)
            session.setups[setup.key] = setup
        case _:
            raise SessionError(f"{line.get('op')!r} is no line of a journal.")


def _work(
    path: Path, head: JsonObject, lines: Sequence[JsonObject]
) -> RecoverableSession:
    done: list[JsonObject] = []
    undone: list[JsonObject] = []
    for line in lines:
        if line["op"] == "amend":
            done.pop()
        if line["op"] in ("do", "amend"):
            undone.clear()
            done.append(line)
        elif line["op"] == "undo":
            undone.append(done.pop())
        elif line["op"] == "redo":
            done.append(undone.pop())
    objects = {i for patch in head["start"] for i in patch["after"][0]} - {0}
    for step in done:
        for part in compound_from_dict(step["edit"]).edits:
            if isinstance(part, ObjectEdit):
                there = part.after is not None
                (objects.add if there else objects.discard)(part.object_id)
    when = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    return RecoverableSession(path, head.get("name", ""), when, len(done), len(objects))
