"""Building tracks from the steps of propagation."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.tracking.track_labels import layered_labels
from napari_sam.tracking.track_segment import Segment, State
from napari_sam.tracking.tracks import Tracks

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import ArrayLike, NDArray

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.images.pixels import PixelSource
    from napari_sam.tracking.object_frame import ObjectFrame


_COLUMNS = ("states", "confidences", "flags")
#: What is known of an object on a frame; all zero where nothing is.
_ROW = np.dtype(
    [("known", "?"), ("states", "u1"), ("confidences", "<f4"), ("flags", "?")]
)
_NOTHING = (False, 0, 0.0, False)


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
        self._rows: dict[int, NDArray[np.void]] = {}
        self._removed: set[tuple[int, int]] = set()

    def add(self, finished: Mapping[int, Mapping[int, ObjectFrame]]) -> None:
        """Take in objects of frames; what was known of them is replaced."""
        for frame, objects in finished.items():
            for i, found in objects.items():
                row = True, int(found.state), found.confidence, found.flagged
                self._rows_of(i)[frame] = row
                self._removed.discard((i, frame))
            self._keep(frame, {i: found.mask for i, found in objects.items()})

    def remove(self, removed: Mapping[int, Collection[int]]) -> None:
        """Take objects off frames, as if they had never been there."""
        for frame, ids in removed.items():
            for i in ids:
                self._removed.add((i, frame))
                self._rows_of(i)[frame] = _NOTHING
            self._keep(frame, dict.fromkeys(ids))

    def _rows_of(self, i: int) -> NDArray[np.void]:
        """Return a row for each frame: a few bytes, however many frames there are."""
        if i not in self._rows:
            self._rows[i] = np.zeros(int(np.prod(self._sizes)), _ROW)
        return self._rows[i]

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

    def _keep(self, frame: int, masks: Mapping[int, Mask | None]) -> None:
        if self._out is None:
            kept = self._masks.setdefault(frame, {})
            kept |= {i: mask or Mask.empty() for i, mask in masks.items()}
            return
        given = {i: mask for i, mask in masks.items() if mask}
        if not given:
            return
        around = reduce(Region.union, (mask.region for mask in given.values()))
        outer = [int(n) for n in np.unravel_index(frame, self._sizes)]
        window: tuple[int | slice, ...] = (*outer, *around.slices)
        pixels = np.array(self._out[window])
        for i, mask in given.items():
            at = mask.region.shifted(-around.top, -around.left)
            pixels[at.slices][mask.array] = i
        self._out[window] = pixels

    def _segment(self, i: int, known: Segment | None) -> Segment | None:
        rows = np.zeros(int(np.prod(self._sizes)), _ROW)
        if known is not None:
            rows["known"][known.frames] = True
            for name in _COLUMNS:
                rows[name][known.frames] = getattr(known, name)
        new = self._rows.get(i)
        if new is not None:
            rows = np.where(new["known"], new, rows)
        rows["known"][[f for j, f in self._removed if j == i]] = False
        frames = np.flatnonzero(rows["known"])
        if not frames.size:
            return None
        columns = {name: rows[name][frames] for name in _COLUMNS}
        labels = np.where(columns["states"] == State.ABSENT, 0, i)
        return Segment(i, frames, labels, **columns)
