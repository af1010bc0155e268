"""How it is known where an object is on a frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum


class State(IntEnum):
    """How it is known where an object is on a frame.

    `PROMPTED` and `APPROVED` were decided by a person and are never changed by
    propagation; so was `ABSENT`, of a frame without the object.
    """

    PROPAGATED = 0
    PROMPTED = 1
    APPROVED = 2
    ABSENT = 3


@dataclass(frozen=True, slots=True)
class ObjectState:
    """What is known of an object on a frame, besides its pixels.

    Attributes
    ----------
    state
        How it is known where it is.
    confidence
        Estimate of the IoU with the true mask, 0 to 1.
    flagged
        Whether a person should look at it.
    divides
        Whether the object seems to have divided here.
    """

    state: State = State.PROPAGATED
    confidence: float = 1.0
    flagged: bool = False
    divides: bool = field(default=False, metadata={"omit_empty": True})
