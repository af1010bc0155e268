"""What a session holds about objects, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from napari_sam.core.errors import SessionError
from napari_sam.core.prompts import Prompts

#: What may happen to pixels of other objects where a new mask lies on them.
Overlap: TypeAlias = Literal["keep", "overwrite"]
#: How far the work on an object is.
Status: TypeAlias = Literal["open", "committed", "approved", "rejected"]

OVERLAPS: tuple[Overlap, ...] = ("keep", "overwrite")
STATUSES: tuple[Status, ...] = ("open", "committed", "approved", "rejected")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about one object in one plane: all that its mask depends on.

    Attributes
    ----------
    prompts
        What was said about it, the chosen candidate included.
    threshold
        Logits above this are the object.
    """

    prompts: Prompts = field(default_factory=Prompts)
    threshold: float = 0.0

    def __bool__(self) -> bool:
        """Whether it can be answered."""
        return bool(self.prompts)


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
    """

    name: str = ""
    category: str = ""
    status: Status = "open"
    color: tuple[float, float, float, float] | None = None

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise SessionError(f"status={self.status!r}: expected one of {STATUSES}.")
