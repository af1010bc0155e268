"""The timeline: what is known of each object at each time, kept up to date by steps."""

from __future__ import annotations

import heapq
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.core.address import Address
from napari_sam.core.propagation import State
from napari_sam.session.edits import PromptsEdit, TrackEdit
from napari_sam.session.labels.patch import LabelPatch
from napari_sam.session.time_axis import lifetime, time_axis, time_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from napari_sam.session import AnnotationSession
    from napari_sam.session.history import Step


class Mark(IntEnum):
    """The known state of an object at a time; of several planes, the largest."""

    NOTHING = 0
    ABSENT = 1
    APPROVED = 2
    PROMPTED = 3
    PROPAGATED = 4
    FLAGGED = 5


#: Colours that stay apart for the colour-blind, and on dark and light themes.
COLORS = {
    Mark.NOTHING: "#00000000",
    Mark.ABSENT: "#4a4a4a",
    Mark.APPROVED: "#009e73",
    Mark.PROMPTED: "#56b4e9",
    Mark.PROPAGATED: "#9aa7b2",
    Mark.FLAGGED: "#f0e442",
}
#: What they mean, for a person.
WORDS = {
    Mark.NOTHING: "not there",
    Mark.ABSENT: "marked as absent",
    Mark.APPROVED: "approved",
    Mark.PROMPTED: "prompted or drawn",
    Mark.PROPAGATED: "propagated",
    Mark.FLAGGED: "flagged",
}


class ReviewFrame(NamedTuple):
    """A propagated frame of an object, to be reviewed.

    Attributes
    ----------
    flagged
        Whether its confidence is below the limit.
    confidence
        Estimate of the IoU with the true mask, 0 to 1.
    at
        The object, and the frame.
    divides
        Whether it seems to have divided there.
    """

    flagged: bool
    confidence: float
    at: Address
    divides: bool = False


_MARKS = {
    State.ABSENT: Mark.ABSENT,
    State.APPROVED: Mark.APPROVED,
    State.PROMPTED: Mark.PROMPTED,
    State.PROPAGATED: Mark.PROPAGATED,
}


class Timeline:
    """What is known of the objects of a session, time by time.

    A step changes only the cells that it is about, so that painting them never waits.

    Parameters
    ----------
    session
        Of a movie or a stack.

    Attributes
    ----------
    length
        How many times there are.
    rows
        `Mark` of each time, uint8, by object.
    """

    def __init__(self, session: AnnotationSession) -> None:
        self._session = session
        self.length = session.frames.sizes[time_axis(session.frames)]
        self.rows: dict[int, NDArray[np.uint8]] = {}
        self._times = [time_of(session.frames, f) for f in range(len(session.frames))]
        self._frames: list[list[int]] = [[] for _ in range(self.length)]
        for frame, time in enumerate(self._times):
            self._frames[time].append(frame)
        self._to_review: dict[Address, ReviewFrame] = {}
        self._refresh([*session.state.footprints, *session.state.tracked])

    def time(self, frame: int) -> int:
        """Return the time of a frame."""
        return self._times[frame]

    def on_step(self, step: Step) -> None:
        """Look again at what a step changed, was it done or undone."""
        self._refresh(dict.fromkeys(_changed(step)))

    def frame_at(self, object_id: int, time: int) -> int:
        """Return the frame of a time; of several planes, the first with the object."""
        frames, state = self._frames[time], self._session.state
        there = (f for f in frames if state.known(Address(f, object_id)) is not None)
        return next(there, frames[0])

    def divides_at(self, object_id: int) -> int | None:
        """Return the last time of an object that divides; None if it does not."""
        state = self._session.state
        if not any(e.source == object_id for e in state.edges):
            return None
        if not state.footprints.of_object(object_id):
            return None
        return lifetime(state, object_id)[1]

    def describe(self, object_id: int, time: int, words: Mapping[Mark, str]) -> str:
        """Return the known state of an object at a time, in words."""
        row = self.rows.get(object_id)
        mark = Mark.NOTHING if row is None else Mark(int(row[time]))
        told = words[mark]
        if mark in (Mark.PROPAGATED, Mark.FLAGGED):
            at = Address(self.frame_at(object_id, time), object_id)
            known = self._session.state.tracked.get(at)
            if known is not None:
                told += f", confidence {known.confidence:.2f}"
                told += ", divides?" * known.divides
        return told + ", divides" * (self.divides_at(object_id) == time)

    def frames_to_review(self, most: int) -> list[ReviewFrame]:
        """Return the propagated frames: divisions first, then those flagged."""
        return heapq.nsmallest(most, self._to_review.values(), key=_order)

    def is_to_review(self, at: Address) -> bool:
        """Whether a frame is propagated, and not approved or corrected yet."""
        return at in self._to_review

    def _refresh(self, ats: Iterable[Address]) -> None:
        for at in ats:
            self._note_frame(at)
        cells = {(at.object_id, self._times[at.frame]) for at in ats}
        for object_id, time in cells:
            row = self.rows.setdefault(object_id, np.zeros(self.length, np.uint8))
            row[time] = max(
                self._mark(Address(f, object_id)) for f in self._frames[time]
            )
        for object_id in {i for i, _ in cells}:
            if not self.rows[object_id].any():
                del self.rows[object_id]

    def _note_frame(self, at: Address) -> None:
        known = self._session.state.tracked.get(at)
        if known is not None and known.state is State.PROPAGATED:
            confidence, divides = known.confidence, known.divides
            self._to_review[at] = ReviewFrame(known.flagged, confidence, at, divides)
        else:
            self._to_review.pop(at, None)

    def _mark(self, at: Address) -> Mark:
        state = self._session.state.known(at)
        if state is State.PROPAGATED and self._session.state.tracked[at].flagged:
            return Mark.FLAGGED
        return Mark.NOTHING if state is None else _MARKS[state]


def _order(frame: ReviewFrame) -> tuple[bool, bool, float, Address]:
    """Put divisions first: what is said of one mends all frames after it."""
    return not frame.divides, not frame.flagged, frame.confidence, frame.at


def _changed(step: Step) -> Iterator[Address]:
    for part in step.edit.edits:
        match part:
            case LabelPatch():
                for i in {*part.before.values, *part.after.values} - {0}:
                    yield Address(part.frame, i)
            case TrackEdit() | PromptsEdit():
                yield part.at
