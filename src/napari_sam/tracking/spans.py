"""Spans: the frames between two anchors of an object, which propagation fills."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

    from napari_sam.core.images.frames import Frames
    from napari_sam.tracking.object_frame import ObjectFrame


class Span(NamedTuple):
    """Frames of one object between two anchors, as positions along a line of frames.

    Attributes
    ----------
    object_id
        Whose.
    first, last
        First and last position to be filled.
    forward, backward
        Whether the object is there just before the first, and just after the last.
    """

    object_id: int
    first: int
    last: int
    forward: bool
    backward: bool

    @property
    def is_filled(self) -> bool:
        """Whether the object is there at either end; else it is nowhere between."""
        return self.forward or self.backward

    @property
    def meets(self) -> bool:
        """Whether the span is filled from both ends."""
        return self.forward and self.backward


def lines_of_frames(frames: Frames, axis: str) -> list[list[int]]:
    """Return the frames along an axis, once for each place along the others."""
    lines: dict[tuple[int, ...], list[int]] = {}
    for frame in range(len(frames)):
        where = frames.unravel(frame)
        where.pop(axis)
        lines.setdefault(tuple(where.values()), []).append(frame)
    return list(lines.values())


def spans_between(
    anchors: Mapping[int, Mapping[int, ObjectFrame]],
    positions: range,
    *,
    changed: Mapping[int, Set[int]] | None = None,
) -> list[Span]:
    """Return the spans that the anchors of each object leave.

    Parameters
    ----------
    anchors
        Objects by position along the line, then by id.
    positions
        Positions to be filled.
    changed
        Ids of changed objects by position: only spans next to those are returned. By
        default all.
    """
    where: dict[int, list[int]] = {}
    for at in sorted(anchors):
        for i in anchors[at]:
            where.setdefault(i, []).append(at)
    spans = []
    for i, own in where.items():
        ends: list[int | None] = [None, *own, None]
        for left, right in itertools.pairwise(ends):
            if changed is not None and not any(
                i in changed.get(end, ()) for end in (left, right) if end is not None
            ):
                continue
            spans.append(_span(i, left, right, anchors, positions))
    return [s for s in spans if s.first <= s.last]


def _span(
    object_id: int,
    left: int | None,
    right: int | None,
    anchors: Mapping[int, Mapping[int, ObjectFrame]],
    positions: range,
) -> Span:
    first = positions.start if left is None else max(left + 1, positions.start)
    last = positions.stop - 1 if right is None else min(right - 1, positions.stop - 1)
    return Span(
        object_id,
        first,
        last,
        left is not None and anchors[left][object_id].mask is not None,
        right is not None and anchors[right][object_id].mask is not None,
    )
