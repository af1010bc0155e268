"""Tracks of links: objects that go on as one are a segment, others are edges."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import TrackError
from napari_sam.core.linking import Detection
from napari_sam.core.propagation import Edge
from napari_sam.io.label_numbers import label_numbers
from napari_sam.tracking.linking.frame_objects import numbered
from napari_sam.tracking.track_segment import Segment
from napari_sam.tracking.tracks import Tracks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.linking import Link

#: Frames on which each object is, by time and label.
Where = dict[Detection, list[int]]


def tracks_of_links(
    labels: Frames,
    links: Iterable[Link],
    *,
    axis: str,
    where: Where | None = None,
    ids: Mapping[Detection, int] | None = None,
) -> Tracks:
    """Return the tracks of objects that were found frame by frame.

    A segment begins where an object appears, is born or comes of a merge; ids are
    numbers from 1, in the order of time and label.

    Parameters
    ----------
    labels
        Labels of every frame; they stay where they are.
    links
        Between objects that are there.
    axis
        The axis that they are along.
    where
        Frames on which each object is; by default all frames are read.
    ids
        The id of the segment that begins with an object, instead of those numbers.

    Raises
    ------
    TrackError
        If a link names an object that is not there or goes backward, or an object
        divides and merges at once.
    """
    found = detections_of(labels, axis) if where is None else where
    after, before = _neighbours(links, found)
    segment_of: dict[Detection, int] = {}
    members: dict[int, list[Detection]] = {}
    for one in sorted(found):
        earlier = before[one]
        joined = len(earlier) == 1 and len(after[earlier[0]]) == 1
        new = len(members) + 1 if ids is None else ids[one]
        number = segment_of[earlier[0]] if joined else new
        segment_of[one] = number
        members.setdefault(number, []).append(one)
    edges = {
        Edge(segment_of[a], segment_of[b])
        for b, sources in before.items()
        for a in sources
        if segment_of[a] != segment_of[b]
    }
    segments = [_segment(i, those, found) for i, those in members.items()]
    return Tracks(labels, segments, edges, axis=axis)


def detections_of(labels: Frames, axis: str) -> Where:
    """Return the frames on which each object is; every frame is read once."""
    found: Where = {}
    for frame in range(len(labels)):
        time = labels.unravel(frame)[axis]
        pixels = label_numbers(labels[frame]).astype(np.int64)
        for label in numbered(pixels.ravel())[0].tolist():
            if label:
                found.setdefault(Detection(time, int(label)), []).append(frame)
    return found


def _neighbours(
    links: Iterable[Link], found: Where
) -> tuple[
    Mapping[Detection, list[Detection]], defaultdict[Detection, list[Detection]]
]:
    after: defaultdict[Detection, list[Detection]] = defaultdict(list)
    before: defaultdict[Detection, list[Detection]] = defaultdict(list)
    for source, target in sorted(set(links)):
        unknown = [one for one in (source, target) if one not in found]
        if unknown or target.time <= source.time:
            raise TrackError(
                f"A link from {tuple(source)} to {tuple(target)} (time, label): "
                + ("there is no such object." if unknown else "it must go forward.")
            )
        after[source].append(target)
        before[target].append(source)
    return after, before


def _segment(number: int, members: list[Detection], found: Where) -> Segment:
    rows = [(frame, one.label) for one in members for frame in found[one]]
    frames, labels = zip(*sorted(rows), strict=True)
    return Segment(number, frames, labels)
