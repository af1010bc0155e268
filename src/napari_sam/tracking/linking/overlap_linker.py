"""Linking by overlap and distance together, over gaps, with divisions and merges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.progress import Progress
from napari_sam.tracking.linking.assignment import assign
from napari_sam.tracking.linking.chains import Chains
from napari_sam.tracking.linking.frame_objects import overlaps, read_time, rows_of
from napari_sam.tracking.linking.lineage_events import events
from napari_sam.tracking.linking.nearness import diameter, near
from napari_sam.tracking.linking.settings import LinkSettings
from napari_sam.tracking.motion.drift import drift

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.linking import Link
    from napari_sam.tracking.linking.frame_objects import FrameObjects, Rows

#: Cost of two objects without a shared pixel, beside the square of their distance as a
#: share of the largest one.
NO_OVERLAP = 1.0
#: Cost of no link at all: that of the farthest two without a shared pixel.
NO_LINK = 1.0 + NO_OVERLAP


class OverlapLinker:
    """Links objects of successive frames by overlap and distance.

    After Jaqaman et al., "Robust single-particle tracking in live-cell time-lapse
    sequences" (2008): objects of successive frames are assigned to each other at the
    least total cost; then the ends of what came of it are joined over gaps, and to
    divisions and merges, again all at once. Drift is taken off before.

    Parameters
    ----------
    settings
        See `LinkSettings`.
    """

    def __init__(self, settings: LinkSettings | None = None) -> None:
        self.settings = settings or LinkSettings()

    def link(
        self, labels: Frames, axis: str, *, image: Frames | None = None
    ) -> Generator[Progress, None, list[Link]]:
        """Link objects; see `Linker`. Two times are in memory at once."""
        count = labels.sizes[axis]
        found: list[FrameObjects] = []
        linked: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        last: Rows | None = None
        offset = np.zeros(3)
        for time in range(count):
            rows = rows_of(read_time(labels, axis, time))
            shift = (0, 0) if last is None else self._drift(last, rows)
            offset = offset - [0, *shift]
            found.append(self._placed(rows.objects, offset))
            if last is not None:
                linked.append(self._pairs(last, rows, found[-2], found[-1], shift))
            last = rows
            yield Progress(time + 1, count, "linking")
        chains = Chains.of(found, linked)
        reach = self._reach(chains.areas, volumes=len(labels) > count)
        return chains.links(events(chains, self.settings, reach))

    def _reach(self, areas: NDArray[np.int64], *, volumes: bool) -> float:
        """Return the largest distance of a link, in pixels."""
        sizes = areas.astype(np.float64)
        sizes *= self.settings.z_step if volumes else 1.0
        return max(self.settings.max_distance * diameter(sizes, volumes=volumes), 1e-9)

    def _placed(
        self, objects: FrameObjects, offset: NDArray[np.float64]
    ) -> FrameObjects:
        placed = objects.moved(offset)
        return placed._replace(places=placed.places * [self.settings.z_step, 1, 1])

    def _drift(self, last: Rows, rows: Rows) -> tuple[int, int]:
        if not self.settings.drift:
            return 0, 0
        down, right = drift(last.foreground, rows.foreground)
        return round(down), round(right)

    def _pairs(
        self,
        last: Rows,
        rows: Rows,
        first: FrameObjects,
        second: FrameObjects,
        shift: tuple[int, int],
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of two times that are linked."""
        areas = np.concatenate([first.areas, second.areas])
        reach = self._reach(areas, volumes=len(rows.pixels) > 1)
        i, j, far = near(first.places, second.places, reach)
        a, b, shared = overlaps(last, rows, shift)
        width = max(len(second.labels), 1)
        at = dict(zip((a * width + b).tolist(), shared.tolist(), strict=True))
        common = np.array([at.get(code, 0) for code in (i * width + j).tolist()])
        smaller = np.minimum(first.areas[i], second.areas[j])
        costs = (far / reach) ** 2
        costs = costs + NO_OVERLAP * (1 - common / np.maximum(smaller, 1))
        chosen = assign(i, j, costs, NO_LINK)
        return i[chosen], j[chosen]
