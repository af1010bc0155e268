"""The list of objects, brought up to date bit by bit: number, name, class, area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_sam.session import AnnotationSession


@dataclass(frozen=True, slots=True)
class Entry:
    """An object as a row of the list.

    Attributes
    ----------
    index
        Its number.
    name
        As people call it.
    category
        Its class.
    status
        How far the work on it is.
    area
        Pixels it has, on all frames.
    frame
        The first frame that it is on, or -1.
    category_score
        How probable its class is, where a classifier named it.
    """

    index: int
    name: str
    category: str
    status: str
    area: int
    frame: int
    category_score: float | None = None


class ObjectList:
    """Every object of a session, by its number; brought up to date bit by bit."""

    def __init__(self, session: AnnotationSession) -> None:
        self._session = session
        self._entries: dict[int, Entry] = {}
        self._outdated = set(session.objects)

    @property
    def entries(self) -> list[Entry]:
        """The objects, by their numbers."""
        self._look()
        return [self._entries[i] for i in sorted(self._entries)]

    def __contains__(self, object_id: object) -> bool:
        self._look()
        return object_id in self._entries

    def entry(self, object_id: int) -> Entry:
        """Return what is known of one object."""
        self._look()
        return self._entries[object_id]

    def update(self, ids: Iterable[int]) -> None:
        """Mark rows of objects as outdated: they are read anew with the list."""
        self._outdated.update(ids)

    def _look(self) -> None:
        state, ids = self._session.state, self._outdated
        self._outdated = set()
        for i in ids:
            ats = state.footprints.of_object(i)
            info = state.objects.get(i)
            if info is None:
                self._entries.pop(i, None)
                continue
            self._entries[i] = Entry(
                index=i,
                name=info.name,
                category=info.category,
                status=info.status,
                area=sum(state.footprints[at].area for at in ats),
                frame=ats[0].frame if ats else -1,
                category_score=info.category_score,
            )

    def columns(self) -> dict[str, list[Any]]:
        """Return the table as napari keeps it beside labels."""
        entries = self.entries
        return {
            "index": [e.index for e in entries],
            "name": [e.name for e in entries],
            "class": [e.category for e in entries],
            "status": [e.status for e in entries],
            "area": [e.area for e in entries],
        }
