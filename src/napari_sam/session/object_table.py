"""The table of objects: what is known of each, and which numbers are free."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import count as naturals
from itertools import islice
from typing import Literal, TypeAlias

from napari_sam.core.errors import SessionError
from napari_sam.session.codec import stored
from napari_sam.session.labels.label_store import MOST

#: How far the work on an object is.
Status: TypeAlias = Literal["open", "committed", "approved", "rejected"]

STATUSES: tuple[Status, ...] = ("open", "committed", "approved", "rejected")

#: Numbers of objects that are gone which may wait to be cleared away.
_IDLE = 4096


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What is known of an object besides its pixels.

    Attributes
    ----------
    name
        As people call it.
    category
        Its class, such as ``"nucleus"``.
    status
        ``"open"`` while nothing of it is in the labels, then ``"committed"``;
        ``"approved"`` protects it, ``"rejected"`` marks what is to be looked at again.
    color
        Red, green, blue and opacity from 0 to 1, or None for the usual one.
    category_score
        How probable the class is, from 0 to 1, where a classifier named it; None where
        a person did.
    """

    name: str = ""
    category: str = ""
    status: Status = "open"
    color: tuple[float, float, float, float] | None = None
    category_score: float | None = stored("class_score", default=None, omit_empty=True)

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise SessionError(f"status={self.status!r}: expected one of {STATUSES}.")

    @property
    def is_named(self) -> bool:
        """Whether a person gave its class, or approved the one of a classifier."""
        said = self.category_score is None or self.status == "approved"
        return bool(self.category) and said


class ObjectTable(Mapping[int, ObjectInfo]):
    """Every object by its number, the largest number and those that are protected.

    An object has a row here as long as it has pixels, prompts or a name.
    """

    def __init__(self) -> None:
        self._infos: dict[int, ObjectInfo] = {}
        self._approved: set[int] = set()
        # All numbers, negative, with some that are gone since among them.
        self._heap: list[int] = []

    def __len__(self) -> int:
        return len(self._infos)

    def __iter__(self) -> Iterator[int]:
        return iter(self._infos)

    def __getitem__(self, object_id: int) -> ObjectInfo:
        return self._infos[object_id]

    def __contains__(self, object_id: object) -> bool:
        return object_id in self._infos

    @property
    def approved(self) -> Set[int]:
        """Numbers of the objects that are protected, as they are at any time."""
        return self._approved

    @property
    def largest(self) -> int:
        """The largest number in use, or 0."""
        while self._heap and -self._heap[0] not in self._infos:
            heapq.heappop(self._heap)
        return -self._heap[0] if self._heap else 0

    def put(self, object_id: int, info: ObjectInfo | None) -> None:
        """Set what is known of an object; None removes it."""
        self._approved.discard(object_id)
        if info is None:
            self._infos.pop(object_id, None)
            return
        if object_id not in self._infos:
            self._add_number(object_id)
        self._infos[object_id] = info
        if info.status == "approved":
            self._approved.add(object_id)

    def _add_number(self, object_id: int) -> None:
        if len(self._heap) > 2 * len(self._infos) + _IDLE:
            self._heap = [-i for i in self._infos]
            heapq.heapify(self._heap)
        heapq.heappush(self._heap, -object_id)

    def free_id(self) -> int:
        """Return the number after the largest in use."""
        return self.free_ids(1)[0]

    def free_ids(self, count: int) -> list[int]:
        """Return numbers after the largest in use, or any that are free."""
        first = self.largest + 1
        if first + count - 1 <= MOST:
            return list(range(first, first + count))
        return list(islice((i for i in naturals(1) if i not in self._infos), count))
