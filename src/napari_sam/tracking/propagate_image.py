"""Propagation over an image, from seeds to `Tracks`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.tracking.propagate import iter_propagate, propagation_axis
from napari_sam.tracking.propagators import propagator
from napari_sam.tracking.recorded import RecordedPropagator
from napari_sam.tracking.settings import PropagateSettings
from napari_sam.tracking.track_builder import TrackBuilder

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from napari_sam.core.propagation import Propagator
    from napari_sam.image import PromptableImage
    from napari_sam.tracking.object_frame import PropagationProgress
    from napari_sam.tracking.seeds import Seeds
    from napari_sam.tracking.track_builder import PaintedLabels
    from napari_sam.tracking.tracks import Tracks


def iter_tracks(
    image: PromptableImage,
    seeds: Seeds,
    *,
    axis: str | None = None,
    method: str | Propagator = "auto",
    frames: tuple[int, int] | None = None,
    settings: PropagateSettings | None = None,
    tracks: Tracks | None = None,
    out: PaintedLabels | None = None,
    record: Path | None = None,
) -> Generator[PropagationProgress, None, Tracks]:
    """Like `iter_propagate`, and return tracks in the end.

    Parameters
    ----------
    image, seeds, axis, method, frames, settings, tracks
        As of `iter_propagate`.
    out
        Array of zeros ``(t, y, x)`` that masks are painted into, such as one of zarr.
        By default they stay in memory, as run lengths.
    record
        File in which steps are written down, and found again after an interruption.
    """
    settings = settings or PropagateSettings()
    along = propagation_axis(image.frames, axis)
    worker = propagator(method, image, settings)
    if record is not None:
        setup = f"{image.frames!r} {image.backend.fingerprint} {image.tiling} "
        setup += f"{image.appearance.token} {method} {settings}"
        worker = RecordedPropagator(worker, record, setup)
    builder = TrackBuilder(image.frames, along, base=tracks, out=out)
    steps = iter_propagate(
        image,
        seeds,
        axis=along,
        method=worker,
        frames=frames,
        settings=settings,
        tracks=tracks,
    )
    for step in steps:
        builder.add(step.finished)
        builder.remove(step.removed)
        yield step
    return builder.tracks()
