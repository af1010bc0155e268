"""`Tracks`: objects followed over frames, their lineage, and their masks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from napari_sam.core.errors import AxesError, TrackError
from napari_sam.core.images.frames import Frames
from napari_sam.core.propagation import Edge, lineage
from napari_sam.tracking.track_labels import LabelTable, layered_labels, track_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import ArrayLike

    from napari_sam.core.images.pixels import PixelSource
    from napari_sam.core.mask import Mask
    from napari_sam.io import Image
    from napari_sam.io.readers.lazy import FileArray
    from napari_sam.tracking.napari_tracks import NapariTracks
    from napari_sam.tracking.track_files import TrackFormat
    from napari_sam.tracking.track_segment import Segment


@dataclass(frozen=True, eq=False)
class Tracks:
    """Objects followed along one axis: a value, changed by replacing it.

    Masks stay where they are, in `source`; segments say which label of which frame is
    whose. So to cut, join or swap tracks changes a table and no pixels.

    Parameters
    ----------
    source
        Label images of all frames: anything that can be sliced.
    segments
        Each an object between where it appears, divides, merges or ends.
    edges
        Divisions and merges.
    axes
        One letter of ``t z y x`` per dimension of `source`. Three-dimensional labels
        are ``tyx`` unless something else is said.
    axis
        The axis that objects are followed along: by default ``t``, else ``z``.
    next_id
        The id of the next new segment, larger than any that was ever used.

    Raises
    ------
    AxesError
        If the letters do not describe the labels, or there is no such axis.
    TrackError
        If a frame is not there, two segments share an object, or the edges are not a
        lineage: see `check_lineage`.

    Examples
    --------
    >>> import numpy as np
    >>> labels = np.zeros((2, 8, 8), np.uint32)
    >>> labels[:, 2:4, 3:5] = 7
    >>> Tracks.from_labels(labels).segments
    (Segment(7, 2 frames, 0 to 1),)
    """

    source: Frames
    segments: tuple[Segment, ...]
    edges: tuple[Edge, ...]
    axis: str
    next_id: int

    def __init__(
        self,
        source: ArrayLike | PixelSource | Frames,
        segments: Iterable[Segment],
        edges: Iterable[Edge] = (),
        *,
        axes: str | None = None,
        axis: str | None = None,
        next_id: int = 1,
    ) -> None:
        ordered = tuple(sorted(segments, key=lambda s: s.id))
        ids = [s.id for s in ordered]
        frames = _label_frames(source, axes)
        object.__setattr__(self, "source", frames)
        object.__setattr__(self, "segments", ordered)
        object.__setattr__(self, "axis", _axis(frames, axis))
        object.__setattr__(self, "next_id", max([next_id, *(i + 1 for i in ids)]))
        _check_segments(ordered, frames)
        spans = {s.id: (self.time(s.first), self.time(s.last)) for s in ordered}
        object.__setattr__(self, "edges", lineage.check_lineage(edges, spans))

    @classmethod
    def from_labels(
        cls,
        labels: ArrayLike | PixelSource | Frames,
        *,
        axes: str | None = None,
        axis: str | None = None,
        edges: Iterable[Edge] = (),
    ) -> Self:
        """Return the tracks of labels in which an object has one label everywhere."""
        from napari_sam.tracking.track_segment import Segment

        frames = _label_frames(labels, axes)
        where: dict[int, list[int]] = {}
        for frame in range(len(frames)):
            for label in np.unique(frames[frame]).tolist():
                if label:
                    where.setdefault(int(label), []).append(frame)
        segments = [Segment(label, found) for label, found in where.items()]
        return cls(frames, segments, edges, axis=axis)

    @classmethod
    def from_masks(
        cls,
        masks: Mapping[int, Mapping[int, Mask]],
        shape: tuple[int, ...],
        segments: Iterable[Segment],
        edges: Iterable[Edge] = (),
        *,
        axes: str | None = None,
        axis: str | None = None,
    ) -> Self:
        """Return tracks whose masks are in memory, as run lengths.

        Parameters
        ----------
        masks
            Masks by frame, then by label.
        shape
            Shape of the labels.
        segments, edges, axes, axis
            As of `Tracks`.
        """
        stack = layered_labels(masks, shape)
        return cls(stack, segments, edges, axes=axes, axis=axis)

    def __repr__(self) -> str:
        return (
            f"Tracks({len(self.segments)} segments, {len(self.divisions)} divisions, "
            f"{len(self.merges)} merges; {self.source!r})"
        )

    def _repr_png_(self) -> bytes:
        """Return a small picture of the labels of the middle frame, in colours."""
        from napari_sam.tracking.picture import labels_picture

        frames = Frames(self.labels, self.source.axes)
        return labels_picture(frames[len(frames) // 2])

    def _repr_html_(self) -> str:
        """Return some frames, and each object along time, for a notebook."""
        from napari_sam.tracking.strip import tracks_html

        return tracks_html(self)

    def __getitem__(self, id: int) -> Segment:
        try:
            return self._by_id[id]
        except KeyError:
            raise TrackError(
                f"There is no segment {id}; there are {len(self.segments)}, up to "
                f"{self.next_id - 1}."
            ) from None

    def __contains__(self, id: object) -> bool:
        return id in self._by_id

    @property
    def axes(self) -> str:
        """One letter per dimension of `labels`."""
        return self.source.axes

    @cached_property
    def labels(self) -> FileArray:
        """Labels ``(t, y, x)``, uint32, numbered by segment; read where sliced."""
        return track_labels(self.source, self.segments)

    @cached_property
    def table(self) -> LabelTable:
        """Frame, label and id of every object that is there."""
        return LabelTable.of(self.segments)

    @cached_property
    def divisions(self) -> dict[int, tuple[int, ...]]:
        """Daughters of each segment that divides."""
        return lineage.divisions(self.edges)

    @cached_property
    def merges(self) -> dict[int, tuple[int, ...]]:
        """Segments that each segment was merged from."""
        return lineage.merges(self.edges)

    def time(self, frame: int) -> int:
        """Return the position of a frame along `axis`."""
        return self.source.unravel(frame)[self.axis]

    def on_frame(self, frame: int) -> dict[int, int]:
        """Return the label of each segment on a frame, by its id."""
        labels, ids = self.table.of_frame(frame)
        return dict(zip(ids.tolist(), labels.tolist(), strict=True))

    def save(
        self,
        path: str | Path,
        *,
        format: TrackFormat | None = None,
        like: Image | None = None,
        overwrite: bool = False,
    ) -> None:
        """Write tracks so that `read_tracks` finds them again.

        Parameters
        ----------
        path
            The file or folder.
        format
            ``"geff"``: a zarr with a graph that other programs read, its labels, and
            all that is known of each frame, so that nothing is lost. ``"ctc"``: a
            folder of the Cell Tracking Challenge; without confidences, states and
            merges. ``"csv"``: a table; the labels that it is of stay where they are.
            ``"trackmate"``: XML for TrackMate, with outlines and all links.
            ``"labels"``: label images, numbered by segment; without edges. By default,
            as the name ends: ``.zarr`` or ``.geff``, nothing, ``.csv``, ``.xml``, else
            labels.
        like
            The image, as `read_image` returns it: its pixel sizes are copied.
        overwrite
            Replace what is there.

        Raises
        ------
        TrackError
            If the format cannot say it.
        ImageError
            If there is something that is not replaced.
        """
        from napari_sam.tracking.track_files import save_tracks

        save_tracks(path, self, format=format, like=like, overwrite=overwrite)

    def to_napari(self) -> NapariTracks:
        """Return what napari's Tracks layer takes: data, properties and graph.

        The positions are the centroids of the masks, which are read frame by frame.
        """
        from napari_sam.tracking.napari_tracks import napari_tracks

        return napari_tracks(self)

    def changed(
        self,
        *,
        segments: Iterable[Segment] | None = None,
        edges: Iterable[Edge] | None = None,
        source: ArrayLike | PixelSource | Frames | None = None,
        next_id: int | None = None,
    ) -> Tracks:
        """Return tracks with other segments, edges or labels; ids are not reused."""
        return Tracks(
            self.source if source is None else source,
            self.segments if segments is None else segments,
            self.edges if edges is None else edges,
            axes=self.axes,
            axis=self.axis,
            next_id=max(self.next_id, next_id or 0),
        )

    @cached_property
    def _by_id(self) -> dict[int, Segment]:
        return {s.id: s for s in self.segments}


def _label_frames(source: ArrayLike | PixelSource | Frames, axes: str | None) -> Frames:
    if isinstance(source, Frames):
        return source
    shape = np.shape(source) if not hasattr(source, "shape") else source.shape
    return Frames(source, axes or ("tyx" if len(shape) == 3 else None))


def _axis(frames: Frames, axis: str | None) -> str:
    """Return the axis to follow objects along; ``t`` before ``z`` unless given."""
    if frames.axes[-2:] != "yx":
        raise AxesError(f"axes={frames.axes!r}: labels of tracks end with yx.")
    known = [a for a in "tz" if a in frames.sizes]
    if axis is None and known:
        return known[0]
    if axis not in known:
        raise AxesError(
            f"axis={axis!r}: objects are followed along t or z, and the axes are "
            f"{frames.axes!r}."
        )
    return axis


def _check_segments(segments: tuple[Segment, ...], frames: Frames) -> None:
    ids = [s.id for s in segments]
    if len(set(ids)) < len(ids):
        twice = next(i for i in ids if ids.count(i) > 1)
        raise TrackError(f"Two segments have the id {twice}; ids are never reused.")
    beyond = [s for s in segments if s.last >= len(frames)]
    if beyond:
        raise TrackError(
            f"{beyond[0]} is longer than the labels, which have {len(frames)} frames."
        )
    table = LabelTable.of(segments)
    same = (np.diff(table.frames) == 0) & (np.diff(table.labels.astype(np.int64)) == 0)
    if same.any():
        at = int(np.flatnonzero(same)[0])
        raise TrackError(
            f"Segments {table.ids[at]} and {table.ids[at + 1]} share the object "
            f"{table.labels[at]} of frame {table.frames[at]}."
        )
