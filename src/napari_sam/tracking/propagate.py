"""Propagation: from objects on some frames to the same objects on all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.errors import AxesError, PromptError
from napari_sam.core.propagation import LearningPropagator
from napari_sam.tracking.bodies import IN_A_ROW
from napari_sam.tracking.object_frame import ObjectFrame, PropagationProgress
from napari_sam.tracking.propagators import propagator
from napari_sam.tracking.seeds import anchors_of_seeds, anchors_of_tracks, mask_of
from napari_sam.tracking.settings import PropagateSettings
from napari_sam.tracking.spans import lines_of_frames, spans_between
from napari_sam.tracking.sweep import Line, Sweep
from napari_sam.tracking.track_segment import State

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.mask import Mask
    from napari_sam.core.propagation import PropagatedObject, Propagator
    from napari_sam.image import PromptableImage
    from napari_sam.tracking.seeds import Anchors, Seeds
    from napari_sam.tracking.spans import Span
    from napari_sam.tracking.sweep import ByPosition
    from napari_sam.tracking.tracks import Tracks

#: Frames that are learnt from, at most: each has to be embedded.
_LEARNT = 8


def iter_propagate(
    image: PromptableImage,
    seeds: Seeds,
    *,
    axis: str | None = None,
    method: str | Propagator = "auto",
    frames: tuple[int, int] | None = None,
    settings: PropagateSettings | None = None,
    tracks: Tracks | None = None,
) -> Generator[PropagationProgress, None, None]:
    """Propagate objects along an axis, and yield frames as they are finished.

    Closing the generator stops between two frames; what was yielded stays right.
    Embeddings come from the image's store, and those of the next frame are computed
    while masks are decoded.

    Parameters
    ----------
    image
        The frames, with a model.
    seeds
        Where objects are: label images by frame, or prompts or masks by `Address`.
        None, or prompts of which none is positive, say that an object is absent: it
        ends, or has not appeared yet.
    axis
        ``t`` or ``z``; by default ``t`` where there is one.
    method
        ``"prompt"``, ``"memory"`` or a `Propagator`; ``"auto"`` is the memory of a
        video model, and prompts for others.
    frames
        First and last position along the axis to fill, both included; by default all.
    settings
        How objects are propagated.
    tracks
        Tracks that the seeds correct: only frames up to the next prompted, approved or
        absent frame of the objects in the seeds are computed, and no others change.

    Yields
    ------
    PropagationProgress
        With the objects that are known for good since the step before. The first has
        the seeds.

    Raises
    ------
    AxesError
        If there is no such axis.
    PromptError
        If the seeds hold no object, or a frame is not there.
    """
    settings = settings or PropagateSettings()
    along = propagation_axis(image.frames, axis)
    worker = propagator(method, image, settings)
    new = anchors_of_seeds(image, seeds)
    lines = _lines(image.frames, along, new, frames, tracks)
    if lines and isinstance(worker, LearningPropagator):
        worker.learn(_known(_merged(anchors_of_tracks(tracks), new) if tracks else new))
    total, done = sum(line.steps for line in lines), 0
    yield PropagationProgress(0, total, "propagating", new)
    for line in lines:
        remaining = _rows_in_spans(tracks, line) if tracks else set()
        for found in Sweep(image, worker, line).run():
            done += 1
            finished = _finished(found, line, settings.flag_below)
            remaining -= {(f, i) for f, objects in finished.items() for i in objects}
            yield PropagationProgress(done, total, "propagating", finished)
        if remaining:
            removed = _by_frame(remaining)
            yield PropagationProgress(done, total, "propagating", removed=removed)


def propagation_axis(frames: Frames, axis: str | None) -> str:
    """Return the axis to go along: the one given, or ``t``, or ``z``.

    Raises
    ------
    AxesError
        If the planes do not lie along it.
    """
    known = [a for a in "tz" if a in frames.sizes]
    found = axis or next(iter(known), None)
    if found is None or found not in known:
        raise AxesError(
            f"axis={axis!r}: objects are propagated along t or z, and the axes are "
            f"{frames.axes!r}. Name the axes of the image, e.g. axes='tyx'."
        )
    return found


def _lines(
    frames: Frames,
    axis: str,
    new: Anchors,
    limits: tuple[int, int] | None,
    tracks: Tracks | None,
) -> list[Line]:
    """Return the lines of frames on which there is something to fill."""
    anchors = _merged(anchors_of_tracks(tracks), new) if tracks else new
    lines = []
    for line in lines_of_frames(frames, axis):
        where = {frame: at for at, frame in enumerate(line)}
        here = {where[f]: o for f, o in anchors.items() if f in where}
        changed = {where[f]: set(o) for f, o in new.items() if f in where}
        spans = spans_between(
            here,
            _positions(limits, len(line)),
            changed=changed if tracks else None,
        )
        if spans:
            lines.append(Line(line, here, spans, _fixed(tracks, line, spans)))
    return lines


def _known(anchors: Anchors) -> dict[int, dict[int, Mask]]:
    """Return masks that a person decided, of the frames that have most of them."""
    found = {
        frame: masks
        for frame, objects in anchors.items()
        if (masks := {i: o.mask for i, o in objects.items() if o.mask})
    }
    most = sorted(found, key=lambda frame: (-len(found[frame]), frame))[:_LEARNT]
    return {frame: found[frame] for frame in sorted(most)}


def _rows_in_spans(tracks: Tracks, line: Line) -> set[tuple[int, int]]:
    """Return frames and ids of tracks that are computed anew."""
    return {
        (frame, s.object_id)
        for s in line.spans
        if s.object_id in tracks
        for frame in line.frames[s.first : s.last + 1]
        if tracks[s.object_id].index(frame) is not None
    }


def _by_frame(rows: set[tuple[int, int]]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for frame, i in sorted(rows):
        found.setdefault(frame, set()).add(i)
    return found


def _positions(limits: tuple[int, int] | None, size: int) -> range:
    if limits is None:
        return range(size)
    first, last = limits
    if not 0 <= first <= last < size:
        raise PromptError(
            f"frames={limits}: expected the first and the last of {size} positions, "
            "counted from 0."
        )
    return range(first, last + 1)


def _merged(known: Anchors, new: Anchors) -> Anchors:
    frames = {*known, *new}
    return {f: {**known.get(f, {}), **new.get(f, {})} for f in frames}


def _fixed(
    tracks: Tracks | None, line: Sequence[int], spans: Sequence[Span]
) -> Callable[[int], Mapping[int, Mask]]:
    """Return what looks up the masks of tracks that the spans leave as they are."""

    def fixed(at: int) -> Mapping[int, Mask]:
        if tracks is None:
            return {}
        going = {s.object_id for s in spans if s.first <= at <= s.last}
        labels = tracks.on_frame(line[at])
        return {
            i: mask_of(tracks, line[at], n) for i, n in labels.items() if i not in going
        }

    return fixed


def _finished(
    found: ByPosition, line: Line, flag_below: float
) -> dict[int, dict[int, ObjectFrame]]:
    return {
        line.frames[at]: {i: _object(o, flag_below) for i, o in objects.items()}
        for at, objects in found.items()
        if objects
    }


def _object(propagated: PropagatedObject, flag_below: float) -> ObjectFrame:
    confidence = propagated.confidence
    return ObjectFrame(
        propagated.mask,
        State.PROPAGATED,
        confidence,
        confidence < flag_below,
        propagated.bodies == IN_A_ROW,
    )
