"""The log of a review: what a person decided about objects, line by line."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam.core.errors import ImageError, NotWrittenError
from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_sam.core.json_values import JsonDict, JsonObject
    from napari_sam.labelling.object_rows import ReviewStatus

_STATUSES = ("accepted", "rejected", "corrected", "found")


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about an object.

    Attributes
    ----------
    image
        Name of the image, without its suffix.
    object
        Its number.
    status
        What became of it; ``"found"`` takes earlier decisions back.
    category
        The class that it was given.
    before, after
        Its pixels, if these are others now.
    """

    image: str
    object: int
    status: ReviewStatus
    category: str
    before: Mask | None = None
    after: Mask | None = None

    @property
    def key(self) -> tuple[str, int]:
        """Image and number."""
        return self.image, self.object

    @property
    def changes_pixels(self) -> bool:
        """Whether the label image is another now."""
        return self.before is not None


class ReviewLog:
    """Decisions in the order in which they were made; each is on the disk at once.

    Parameters
    ----------
    path
        The file, which is made with the first decision. A last line that a crash has
        torn is passed over.

    Attributes
    ----------
    decisions
        Those that were not taken back, in their order.
    last
        The one that was made, or taken back, last of all; or None.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.decisions: list[Decision] = []
        self.last: Decision | None = None
        for entry in _entries(path):
            if "undo" not in entry:
                self.last = _decision(entry)
                self.decisions.append(self.last)
            elif self.decisions:
                self.last = self.decisions.pop()

    def __len__(self) -> int:
        return len(self.decisions)

    def knows(self, image: str) -> bool:
        """Whether something was decided about an image."""
        return any(one.image == image for one in self.decisions)

    def append(self, decision: Decision) -> None:
        """Append a decision to the review log.

        Raises
        ------
        NotWrittenError
            If it cannot be; it is not taken then.
        """
        self._append(_entry(decision))
        self.decisions.append(decision)
        self.last = decision

    def undo(self) -> Decision | None:
        """Take the last decision back, and return it; None in an empty log."""
        if not self.decisions:
            return None
        self._append({"undo": True})
        self.last = self.decisions.pop()
        return self.last

    def put_aside(self) -> None:
        """Begin anew; the file stays under another name."""
        if self._path.exists():
            aside, n = self._path, 0
            while aside.exists():
                n += 1
                aside = self._path.with_suffix(f".{n}.jsonl")
            self._path.replace(aside)
        self.decisions.clear()

    def _append(self, entry: JsonDict) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"\n{json.dumps(entry)}\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as wrong:
            raise NotWrittenError(
                f"{self._path} cannot be written: {wrong.strerror or wrong}. The "
                "decision was not taken; make room and decide again."
            ) from wrong


def _entries(path: Path) -> Iterator[JsonObject]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue  # torn by a crash
        if isinstance(entry, dict):
            yield entry


def _entry(one: Decision) -> JsonDict:
    entry: JsonDict = {
        "image": one.image,
        "object": one.object,
        "status": one.status,
        "class": one.category,
    }
    for name, mask in (("before", one.before), ("after", one.after)):
        if mask is not None:
            entry[name] = _packed(mask)
    return entry


def _decision(entry: JsonObject) -> Decision:
    try:
        if entry["status"] not in _STATUSES:
            raise ValueError(entry["status"])
        return Decision(
            str(entry["image"]),
            int(entry["object"]),
            entry["status"],
            str(entry["class"]),
            *(_unpacked(entry[n]) if n in entry else None for n in ("before", "after")),
        )
    except (KeyError, TypeError, ValueError) as wrong:
        raise ImageError(f"A line of the review is damaged: {wrong!r}.") from None


def _packed(mask: Mask) -> JsonDict:
    r = mask.region
    box = [r.top, r.left, r.bottom, r.right]
    return {"box": box, "runs": mask.run_lengths.tolist()}


def _unpacked(entry: JsonObject) -> Mask:
    region = Region(*map(int, entry["box"]))
    return Mask.from_runs(region, entry["runs"])
