"""Points of tracks: where objects are at each time, for napari's layer of tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.session.time_axis import time_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import ArrayLike, NDArray

    from napari_sam.core.address import Address
    from napari_sam.core.geometry.region import Region
    from napari_sam.session import AnnotationSession
    from napari_sam.session.labels.label_store import LabelStore


class NapariRows(NamedTuple):
    """The arrays that a layer of tracks is made of.

    Attributes
    ----------
    data
        Number and position ``(n, 1 + ndim)`` of each object at each time, in order.
    graph
        Mothers of each object that has one.
    """

    data: NDArray[np.float64]
    graph: dict[int, list[int]]


class TrackPoints:
    """Centroids of masks; those that did not change are not computed again.

    Parameters
    ----------
    place
        Returns positions of a frame's plane as positions of a layer.
    """

    def __init__(self, place: Callable[[int, ArrayLike], NDArray[np.float64]]) -> None:
        self._place = place
        #: Area, and position times area, by address.
        self._known: dict[Address, NDArray[np.float64]] = {}

    def request(
        self, session: AnnotationSession, changed: Iterable[Address]
    ) -> Callable[[], NapariRows]:
        """Freeze where changed objects lie; call it on any thread, one at a time."""
        footprints, labels = session.state.footprints, session.state.labels
        now = {at: footprints.get(at) for at in changed}
        there = {at: None if foot is None else foot.region for at, foot in now.items()}
        edges = sorted(session.state.edges)
        times = [time_of(session.frames, f) for f in range(len(session.frames))]

        def compute() -> NapariRows:
            self._update(labels, there)
            data = self._rows(times)
            ids = set(data[:, 0].astype(int).tolist())
            graph: dict[int, list[int]] = {}
            for edge in edges:
                if edge.source in ids and edge.target in ids:
                    graph.setdefault(edge.target, []).append(edge.source)
            return NapariRows(data, graph)

        return compute

    def _update(
        self, labels: LabelStore, there: Mapping[Address, Region | None]
    ) -> None:
        for at, region in there.items():
            self._known.pop(at, None)
            if region is not None:
                pixels = labels.read(at.frame, region) == at.object_id
                self._known[at] = self._moments(at, region, pixels)

    def _moments(
        self, at: Address, region: Region, pixels: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Return area, and position times area."""
        rows, cols = np.nonzero(pixels)
        if not len(rows):
            return np.zeros(0)
        middle = rows.mean() + region.top, cols.mean() + region.left
        position = self._place(at.frame, middle)[0]
        return np.array([len(rows), *(position * len(rows))])

    def _rows(self, times: list[int]) -> NDArray[np.float64]:
        """Return a row for each object and time; planes of a time are one object."""
        sums: dict[tuple[int, int], NDArray[np.float64]] = {}
        for at, moments in self._known.items():
            if len(moments):
                key = at.object_id, times[at.frame]
                sums[key] = sums[key] + moments if key in sums else moments
        if not sums:
            return np.zeros((0, 4))
        ordered = ((key[0], sums[key]) for key in sorted(sums))
        return np.array([[number, *(s[1:] / s[0])] for number, s in ordered])
