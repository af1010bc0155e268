"""Times of a session: where frames lie along the axis that objects are followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.errors import SessionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam.core.address import Address
    from napari_sam.core.images.frames import Frames
    from napari_sam.session.session_state import SessionState


def time_axis(frames: Frames) -> str:
    """Return the axis that objects are followed along: ``t``, else ``z``.

    Raises
    ------
    SessionError
        If there is one plane only.
    """
    for axis in "tz":
        if axis in frames.sizes:
            return axis
    raise SessionError(
        "Tracks need a movie or a stack; this image has one frame. Its axes are "
        f"{frames.axes!r}: name another one t or z if it is one."
    )


def time_of(frames: Frames, frame: int) -> int:
    """Return the position of a frame along that axis."""
    return frames.unravel(frame)[time_axis(frames)]


def frames_at(frames: Frames, time: int) -> list[int]:
    """Return the frames at a time; none beyond the ends."""
    if not 0 <= time < frames.sizes[time_axis(frames)]:
        return []
    return [f for f in range(len(frames)) if time_of(frames, f) == time]


def known_addresses(state: SessionState, object_id: int) -> list[Address]:
    """Return where anything is known of an object, frame by frame."""
    found = {
        *state.footprints.of_object(object_id),
        *state.tracked.of_object(object_id),
        *state.open_prompts.of_object(object_id),
        *state.committed_prompts.of_object(object_id),
    }
    return sorted(found)


def within(
    state: SessionState,
    object_id: int,
    *,
    first: int | None = None,
    last: int | None = None,
) -> Iterator[Address]:
    """Yield where anything is known of an object, between two times."""
    for at in known_addresses(state, object_id):
        time = time_of(state.frames, at.frame)
        if (first is None or first <= time) and (last is None or time <= last):
            yield at


def lifetime(state: SessionState, object_id: int) -> tuple[int, int]:
    """Return the first and the last time at which an object has pixels.

    Raises
    ------
    SessionError
        If it has none.
    """
    frames = [at.frame for at in state.footprints.of_object(object_id)]
    if not frames:
        raise SessionError(f"There is no object {object_id} in the labels.")
    times = [time_of(state.frames, f) for f in frames]
    return min(times), max(times)
