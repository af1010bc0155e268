"""Building tracks from the steps of propagation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from napari_sam.tracking.motion.warp import empty_mask
from napari_sam.tracking.segment import Segment, State
from napari_sam.tracking.track_labels import layered_labels
from napari_sam.tracking.tracks import Tracks

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import ArrayLike, NDArray

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.images.pixels import PixelSource
    from napari_sam.core.mask import Mask
    from napari_sam.tracking.object_frame import ObjectFrame


class PaintedLabels(Protocol):
    """An array of labels to paint on: numpy, zarr, or one on disk."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each dimension."""

    def __getitem__(self, index: tuple[int | slice, ...], /) -> ArrayLike:
        """Return a window."""

    def __setitem__(
        self, index: tuple[int | slice, ...], labels: NDArray[np.uint32], /
    ) -> None:
        """Write a window."""


class TrackBuilder:
    """Collects finished frames; at any time, the tracks so far can be had.

    Parameters
    ----------
    frames
        The image.
    axis
        The axis that objects are followed along.
    base
        Tracks that are changed.
    out
        Array of zeros that masks are painted into; by default they stay in memory, as
        run lengths.
    """

    def __init__(
        self,
        frames: Frames,
        axis: str,
        *,
        base: Tracks | None = None,
        out: PaintedLabels | None = None,
    ) -> None:
        self._shape = (*frames.sizes.values(), *frames.plane_shape)
        self._sizes = tuple(frames.sizes.values())
        self._axes = "".join(frames.sizes) + "yx"
        self._axis, self._base, self._out = axis, base, out
        self._masks: dict[int, dict[int, Mask]] = {}
        self._rows: dict[int, dict[int, tuple[int, float, bool]]] = {}
        self._removed: set[tuple[int, int]] = set()

    def add(self, finished: Mapping[int, Mapping[int, ObjectFrame]]) -> None:
        """Take in objects of frames; what was known of them is replaced."""
        for frame, objects in finished.items():
            for i, found in objects.items():
                row = int(found.state), found.confidence, found.flagged
                self._rows.setdefault(i, {})[frame] = row
                self._removed.discard((i, frame))
                self._keep(frame, i, found.mask)

    def remove(self, removed: Mapping[int, Collection[int]]) -> None:
        """Take objects off frames, as if they had never been there."""
        for frame, ids in removed.items():
            for i in ids:
                self._removed.add((i, frame))
                self._rows.get(i, {}).pop(frame, None)
                self._keep(frame, i, None)

    def tracks(self) -> Tracks:
        """Return the tracks so far."""
        known = {} if self._base is None else {s.id: s for s in self._base.segments}
        ids = sorted({*known, *self._rows})
        found = (self._segment(i, known.get(i)) for i in ids)
        segments = [s for s in found if s is not None]
        edges = () if self._base is None else self._base.edges
        next_id = 1 if self._base is None else self._base.next_id
        return Tracks(
            self._source(),
            segments,
            edges,
            axes=self._axes,
            axis=self._axis,
            next_id=next_id,
        )

    def _source(self) -> PixelSource:
        if self._out is not None:
            return cast("PixelSource", self._out)
        base = None if self._base is None else self._base.labels
        masks = {f: dict(m) for f, m in self._masks.items()}
        return layered_labels(masks, self._shape, base=base)

    def _keep(self, frame: int, i: int, mask: Mask | None) -> None:
        if self._out is None:
            empty = self._masks.setdefault(frame, {})
            empty[i] = mask if mask is not None else empty_mask()
        elif mask is not None:
            outer = [int(n) for n in np.unravel_index(frame, self._sizes)]
            window: tuple[int | slice, ...] = (*outer, *mask.region.slices)
            pixels = np.array(self._out[window])
            pixels[mask.array] = i
            self._out[window] = pixels

    def _segment(self, i: int, known: Segment | None) -> Segment | None:
        rows = self._rows.get(i, {})
        if known is not None:
            columns = (known.states, known.confidences, known.flags)
            old = zip(*(c.tolist() for c in columns), strict=True)
            rows = dict(zip(known.frames.tolist(), old, strict=True)) | rows
        frames = sorted(f for f in rows if (i, f) not in self._removed)
        if not frames:
            return None
        states, confidences, flags = zip(*(rows[f] for f in frames), strict=True)
        labels = np.where(np.asarray(states) == State.ABSENT, 0, i)
        return Segment(
            i, frames, labels, states=states, confidences=confidences, flags=flags
        )
