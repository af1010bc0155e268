"""All instances of a plane of any size, block by block."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.automatic.automatic_masks import AutomaticMask
from napari_sam.automatic.instance_segmentation import find_instances
from napari_sam.core.geometry.region import Region
from napari_sam.core.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from numpy.typing import NDArray

    from napari_sam.automatic.blended_maps import BlendedMaps
    from napari_sam.automatic.instance_segmentation import Instance
    from napari_sam.automatic.settings import InstanceSettings

#: Side of a block, in pixels.
_BLOCK = 1536
#: Pixels around a block in which its objects may go on.
_MARGIN = 192
#: Side of the largest window in which an object is followed.
_MOST = 4096


@dataclass
class InstanceFinder:
    """Finds the instances of a plane: an object belongs to the block of its seed.

    Neighbouring blocks read the same blended maps, so that both see the same objects
    where they overlap, and each object is taken once. One that goes on beyond its block
    is cut out again in a larger window.

    Attributes
    ----------
    maps
        Of the plane.
    plane
        All of it.
    region
        Only objects whose seed lies here.
    settings
        How instances are cut.
    """

    maps: BlendedMaps
    plane: Region
    region: Region
    settings: InstanceSettings
    _seen: set[int] = field(default_factory=set)

    def iter_masks(self) -> Generator[Progress, None, list[AutomaticMask]]:
        """Find all instances, one step per tile."""
        found: list[AutomaticMask] = []
        cut = list(blocks(self.region))
        total = len(
            {t.index for b in cut for t in self.maps.tiles(self._around(b, _MARGIN))}
        )
        for block in cut:
            window = self._around(block, _MARGIN)
            values = yield from self._iter_values(window, total)
            instances = find_instances(
                values, self.settings, top=window.top, left=window.left
            )
            for one in instances:
                if self._is_cut(one.mask.region, window) and _meet(one, block):
                    one = yield from self._iter_followed(one, window, total)
                if block.contains(*one.seed):
                    found.append(_automatic(one, self.plane))
        return found

    def _iter_values(
        self, window: Region, total: int
    ) -> Generator[Progress, None, NDArray[np.float32]]:
        """Read the maps of a window; a tile that was not read before is a step."""
        for tile_or_maps in self.maps.iter_window(window):
            if isinstance(tile_or_maps, np.ndarray):
                return tile_or_maps
            done = len(self._seen)
            if tile_or_maps is None:  # one may stop here, within a tile
                yield Progress(done, max(done + 1, total), "finding objects")
            elif tile_or_maps.index not in self._seen:
                self._seen.add(tile_or_maps.index)
                yield Progress(done + 1, max(done + 1, total), "finding objects")
        raise AssertionError  # a window's maps come last

    def _iter_followed(
        self, one: Instance, window: Region, total: int
    ) -> Generator[Progress, None, Instance]:
        """Cut an instance out in larger windows until all of it is inside."""
        while self._is_cut(one.mask.region, window):
            wider = self._around(one.mask.region, _MARGIN + max(one.mask.region.shape))
            if max(wider.shape) > _MOST or wider == window:
                break
            window = wider
            values = yield from self._iter_values(window, total)
            again = find_instances(
                values, self.settings, top=window.top, left=window.left
            )
            holding = [i for i in again if i.mask.contains(*one.seed)]
            if not holding:
                break
            one = holding[0]
        return one

    def _around(self, block: Region, margin: int) -> Region:
        wider = Region(
            block.top - margin, block.left - margin, block.bottom + margin,
            block.right + margin,
        )  # fmt: skip
        return wider.intersection(self.plane)

    def _is_cut(self, region: Region, window: Region) -> bool:
        """Whether an object ends where its window does, and the plane goes on."""
        return (
            (region.top == window.top > self.plane.top)
            or (region.left == window.left > self.plane.left)
            or (region.bottom == window.bottom < self.plane.bottom)
            or (region.right == window.right < self.plane.right)
        )


def blocks(region: Region) -> Iterator[Region]:
    """Yield the blocks of a region, row by row; they do not overlap."""
    for top in range(region.top, region.bottom, _BLOCK):
        for left in range(region.left, region.right, _BLOCK):
            bottom, right = top + _BLOCK, left + _BLOCK
            yield Region(top, left, bottom, right).intersection(region)


def _automatic(one: Instance, plane: Region) -> AutomaticMask:
    row, col = one.seed
    return AutomaticMask(one.mask, one.score, 1.0, (float(row), float(col)), plane)


def _meet(one: Instance, block: Region) -> bool:
    """Whether an instance may have its seed in a block, once all of it is known."""
    return min(one.mask.region.intersection(block).shape) > 0
