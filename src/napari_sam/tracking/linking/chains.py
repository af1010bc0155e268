"""Chains: all objects in one table, each with the one before and after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.linking import Detection, Link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_sam.tracking.linking.frame_objects import FrameObjects

#: No object: before the first of a chain, and after the last.
NONE = -1


@dataclass(frozen=True, slots=True)
class Chains:
    """Objects of all times, a row for each, and which of them are one.

    Attributes
    ----------
    times, labels, places, areas
        As of `Objects`, time after time.
    before, after
        Row of the same object on its last and its next frame, or `NONE`.
    """

    times: NDArray[np.int64]
    labels: NDArray[np.int64]
    places: NDArray[np.float64]
    areas: NDArray[np.int64]
    before: NDArray[np.int64]
    after: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        found: Sequence[FrameObjects],
        linked: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
    ) -> Chains:
        """Make the table from objects of each time, and rows linked to the next."""
        sizes = [len(o.labels) for o in found]
        begins = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        before = np.full(begins[-1], NONE)
        after = before.copy()
        for time, (first, second) in enumerate(linked):
            after[begins[time] + first] = begins[time + 1] + second
            before[begins[time + 1] + second] = begins[time] + first
        return cls(
            np.repeat(np.arange(len(sizes)), sizes),
            np.concatenate([np.zeros(0, np.int64), *(o.labels for o in found)]),
            np.concatenate([np.zeros((0, 3)), *(o.places for o in found)]),
            np.concatenate([np.zeros(0, np.int64), *(o.areas for o in found)]),
            before,
            after,
        )

    @property
    def starts(self) -> NDArray[np.int64]:
        """Rows that nothing comes before."""
        return np.flatnonzero(self.before == NONE)

    @property
    def ends(self) -> NDArray[np.int64]:
        """Rows that nothing comes after."""
        return np.flatnonzero(self.after == NONE)

    @property
    def inner(self) -> NDArray[np.int64]:
        """Rows that something comes after."""
        return np.flatnonzero(self.after != NONE)

    def last(self, rows: NDArray[np.int64], least: int) -> NDArray[np.bool_]:
        """Return whether chains go on from rows for some times, or to the very end."""
        end = int(self.times[-1]) if len(self.times) else 0
        here, there = rows.copy(), np.ones(len(rows), np.int64)
        for _ in range(least - 1):
            goes_on = self.after[here] != NONE
            here = np.where(goes_on, self.after[here], here)
            there += goes_on
        return np.asarray((there >= least) | (self.times[here] == end))

    def links(
        self, also: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]] = ()
    ) -> list[Link]:
        """Return the links of all chains, and those of other pairs of rows."""
        pairs = [(self.inner, self.after[self.inner]), *also]
        return [
            Link(self._detection(a), self._detection(b))
            for first, second in pairs
            for a, b in zip(first.tolist(), second.tolist(), strict=True)
        ]

    def _detection(self, row: int) -> Detection:
        return Detection(int(self.times[row]), int(self.labels[row]))
