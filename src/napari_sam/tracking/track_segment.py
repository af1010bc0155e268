"""A segment of a track: one object from where it appears until it ends or divides."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from napari_sam.core.errors import TrackError
from napari_sam.core.propagation import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, DTypeLike, NDArray

__all__ = ["Segment", "State"]

#: A flag for each frame.
Flags: TypeAlias = "NDArray[np.bool_]"


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """One object on successive frames, between divisions and merges.

    Columns of one table, a row for each frame; arrays that cannot be written to. Frames
    may be left out: a gap.

    Attributes
    ----------
    id
        Its number, from 1; never used again for another.
    frames
        Frames, ascending, int32.
    labels
        The object's label on each of them, uint32; 0 where it is absent. By default,
        its `id` on all of them.
    states
        `State` on each frame, uint8. By default, propagated.
    confidences
        Estimate of the IoU with the true mask, 0 to 1, float32. By default, 1.
    flags
        Whether a person should look at this frame. By default, none.

    Examples
    --------
    >>> Segment(3, [4, 5, 7]).has_gaps
    True
    """

    id: int
    frames: NDArray[np.int32]
    labels: NDArray[np.uint32]
    states: NDArray[np.uint8]
    confidences: NDArray[np.float32]
    flags: Flags

    def __init__(
        self,
        id: int,
        frames: ArrayLike,
        labels: ArrayLike | None = None,
        *,
        states: ArrayLike | None = None,
        confidences: ArrayLike | None = None,
        flags: ArrayLike | None = None,
    ) -> None:
        own = _column(frames, np.int32)
        columns = {
            "frames": own,
            "labels": _column(labels, np.uint32, like=own, default=id),
            "states": _column(states, np.uint8, like=own),
            "confidences": _column(confidences, np.float32, like=own, default=1),
            "flags": _column(flags, np.bool_, like=own),
        }
        object.__setattr__(self, "id", int(id))
        for name, column in columns.items():
            object.__setattr__(self, name, column)
        _check(self)

    def __len__(self) -> int:
        return len(self.frames)

    def __repr__(self) -> str:
        return f"Segment({self.id}, {len(self)} frames, {self.first} to {self.last})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Segment) and self._content == other._content

    def __hash__(self) -> int:
        return hash(self._content)

    @property
    def first(self) -> int:
        """First frame of the segment."""
        return int(self.frames[0])

    @property
    def last(self) -> int:
        """Last frame of the segment."""
        return int(self.frames[-1])

    @property
    def present(self) -> NDArray[np.bool_]:
        """Whether the object is there, on each of its frames."""
        return np.asarray(self.states != State.ABSENT)

    @property
    def has_gaps(self) -> bool:
        """Whether frames between its first and its last are left out."""
        return bool((np.diff(self.frames) > 1).any())

    def index(self, frame: int) -> int | None:
        """Return the row of a frame, or None if it is none of its frames."""
        at = int(np.searchsorted(self.frames, frame))
        return at if at < len(self) and self.frames[at] == frame else None

    def take(
        self, rows: NDArray[np.bool_] | slice, *, id: int | None = None
    ) -> Segment:
        """Return the segment of some of its rows, under another id if one is given."""
        return Segment(
            self.id if id is None else id,
            self.frames[rows],
            self.labels[rows],
            states=self.states[rows],
            confidences=self.confidences[rows],
            flags=self.flags[rows],
        )

    def joined(self, other: Segment) -> Segment:
        """Return this segment with the rows of another, in order of their frames.

        Raises
        ------
        TrackError
            If both have a frame.
        """
        order = np.argsort(np.concatenate([self.frames, other.frames]), kind="stable")
        both = {
            name: np.concatenate([getattr(self, name), getattr(other, name)])[order]
            for name in _COLUMNS
        }
        return Segment(self.id, both.pop("frames"), both.pop("labels"), **both)

    def with_state(self, frames: Sequence[int], state: State) -> Segment:
        """Return the segment with another state on some of its frames, and no flags."""
        rows = np.isin(self.frames, np.asarray(frames, np.int32))
        return self.changed(
            labels=np.where(rows, 0, self.labels) if state is State.ABSENT else None,
            states=np.where(rows, int(state), self.states),
            confidences=np.where(rows, 1, self.confidences),
            flags=self.flags & ~rows,
        )

    def changed(self, **columns: ArrayLike | None) -> Segment:
        """Return the segment with other columns; those that are None stay."""
        kept = {name: getattr(self, name) for name in _COLUMNS}
        kept |= {name: new for name, new in columns.items() if new is not None}
        return Segment(self.id, kept.pop("frames"), kept.pop("labels"), **kept)

    @property
    def _content(self) -> tuple[int, ...] | tuple[int | bytes, ...]:
        return self.id, *(getattr(self, name).tobytes() for name in _COLUMNS)


_COLUMNS = tuple(f.name for f in fields(Segment) if f.name != "id")


def _column(
    values: ArrayLike | None,
    dtype: DTypeLike,
    *,
    like: NDArray[np.generic] | None = None,
    default: float = 0,
) -> NDArray[np.generic]:
    """Return a column as an array of its own that cannot be written to."""
    if values is None:
        assert like is not None
        column = np.full(len(like), default, dtype)
    else:
        column = np.array(values, dtype)
    column.flags.writeable = False
    return column


def _check(segment: Segment) -> None:
    columns = [getattr(segment, name) for name in _COLUMNS]
    if segment.id < 1:
        raise TrackError(f"id={segment.id}: segments are counted from 1.")
    if any(c.shape != (len(segment.frames),) for c in columns) or not len(segment):
        raise TrackError(
            f"Segment {segment.id} needs a frame at least, and a value of each column "
            f"for each; the columns have the shapes {[c.shape for c in columns]}."
        )
    if segment.frames[0] < 0 or (np.diff(segment.frames) <= 0).any():
        raise TrackError(
            f"The frames of segment {segment.id} must ascend from 0, each once; "
            f"{segment.frames.tolist()[:8]} given."
        )
    if ((segment.labels == 0) != (segment.states == State.ABSENT)).any():
        raise TrackError(
            f"Segment {segment.id}: its label is 0 where it is absent, and only there."
        )
