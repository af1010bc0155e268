"""Tracks as a notebook shows them: frames along time, and a strip for each object."""

from __future__ import annotations

from base64 import b64encode
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.images.frames import Frames
from napari_sam.tracking.picture import labels_picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_sam.tracking.track_segment import Segment
    from napari_sam.tracking.tracks import Tracks

#: Frames that are shown, and strips of objects at most.
_FRAMES, _STRIPS = 5, 24
#: Pixels of a frame's width, of a strip's length and height, and left of the strips.
_WIDTH, _LENGTH, _HEIGHT, _LEFT = 180, 840, 18, 60
#: Of frames that a person should look at.
_FLAGGED = "#d55e00"


def tracks_html(tracks: Tracks) -> str:
    """Return a page of some frames of tracks, and below them each object along time.

    Objects have the same colour in frames and strips. Frames that a person should look
    at are marked in their strip, and so are divisions.
    """
    count = len(tracks.source)
    chosen = np.unique(np.linspace(0, count - 1, min(count, _FRAMES)).round())
    figures = "".join(_figure(tracks, int(frame)) for frame in chosen)
    more = len(tracks.segments) - _STRIPS
    left = f"<p>{more} more objects are not shown.</p>" if more > 0 else ""
    return (
        f'<div style="font-size: 13px">'
        f'<div style="display: flex; gap: 8px; flex-wrap: wrap">{figures}</div>'
        f"{_strips(tracks)}{left}</div>"
    )


def _figure(tracks: Tracks, frame: int) -> str:
    plane = Frames(tracks.labels, tracks.source.axes)[frame]
    code = b64encode(labels_picture(plane)).decode()
    where = ", ".join(f"{a} = {n}" for a, n in tracks.source.unravel(frame).items())
    return (
        f'<figure style="margin: 0"><img alt="Objects at {where}" width="{_WIDTH}" '
        f'style="image-rendering: pixelated" src="data:image/png;base64,{code}"/>'
        f'<figcaption style="text-align: center">{where}</figcaption></figure>'
    )


def _strips(tracks: Tracks) -> str:
    shown = tracks.segments[:_STRIPS]
    rows = {segment.id: k for k, segment in enumerate(shown)}
    unit = (_LENGTH - _LEFT) / tracks.source.sizes[tracks.axis]
    parts = [part for one in shown for part in _strip(tracks, one, rows, unit)]
    height = _HEIGHT * len(shown) + 4
    return (
        f'<svg role="img" aria-label="Objects along {tracks.axis}" width="{_LENGTH}" '
        f'height="{height}" style="max-width: 100%; margin-top: 8px" '
        f'viewBox="0 0 {_LENGTH} {height}" fill="currentColor">{"".join(parts)}</svg>'
    )


def _strip(
    tracks: Tracks, segment: Segment, rows: dict[int, int], unit: float
) -> Iterator[str]:
    """Yield an object's number, where it is along time, what is flagged, daughters."""
    from napari_sam.io.pictures import COLOURS

    top = _HEIGHT * rows[segment.id]
    colour = "rgb({}, {}, {})".format(*COLOURS[(segment.id - 1) % len(COLOURS)])
    yield f'<text x="0" y="{top + 13}" font-size="13">{segment.id}</text>'
    times = np.array([tracks.time(int(frame)) for frame in segment.frames])
    for start, end in _runs(np.unique(times[segment.labels > 0])):
        yield _bar(start, end, top + 3, _HEIGHT - 6, colour, unit)
    for start, end in _runs(np.unique(times[segment.flags])):
        title = f"object {segment.id}: look at {tracks.axis} = {start} to {end - 1}"
        yield _bar(start, end, top + 1, 4, _FLAGGED, unit, title=title)
    x = _LEFT + unit * (times.max() + 1)
    for daughter in tracks.divisions.get(segment.id, ()):
        if daughter in rows:
            below = _HEIGHT * rows[daughter] + _HEIGHT // 2
            yield (
                f'<path d="M {x:.1f} {top + _HEIGHT // 2} V {below}" fill="none" '
                f'stroke="currentColor"><title>{segment.id} divides</title></path>'
            )


def _runs(times: NDArray[np.integer]) -> list[tuple[int, int]]:
    """Return where successive times begin, and where they have ended."""
    if not len(times):
        return []
    breaks = [0, *(np.flatnonzero(np.diff(times) > 1) + 1).tolist(), len(times)]
    return [(int(times[a]), int(times[b - 1]) + 1) for a, b in pairwise(breaks)]


def _bar(
    start: int,
    end: int,
    top: int,
    height: int,
    colour: str,
    unit: float,
    *,
    title: str = "",
) -> str:
    x, width = _LEFT + unit * start, unit * (end - start)
    inside = f"<title>{title}</title>" if title else ""
    return (
        f'<rect x="{x:.1f}" y="{top}" width="{width:.1f}" height="{height}" '
        f'fill="{colour}">{inside}</rect>'
    )
