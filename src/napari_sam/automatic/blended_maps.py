"""Instance maps of a plane, blended where its tiles overlap."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from numpy.typing import NDArray

    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.images.instance_maps import InstanceMaps
    from napari_sam.core.protocols import SupportsInstances
    from napari_sam.image import PromptableImage

#: Bytes of maps that are cached: neighbouring windows share tiles.
_CACHED_BYTES = 256 * 2**20


class BlendedMaps:
    """The instance maps of one plane, read window by window.

    Where tiles overlap, each counts the less the nearer its edge is, so that an object
    looks the same wherever the plane happens to be cut.

    Parameters
    ----------
    image, backend
        The image, and its model.
    frame
        The plane.
    """

    def __init__(
        self, image: PromptableImage, backend: SupportsInstances, frame: int
    ) -> None:
        self._image, self._backend, self._frame = image, backend, frame
        self._plane = Region(0, 0, *image.frames.plane_shape)
        self._cached: OrderedDict[int, NDArray[np.float16]] = OrderedDict()

    def tiles(self, window: Region) -> list[Tile]:
        """Return the tiles that have a part in a window."""
        grid = self._image.tiles
        reach = max(grid[0].shape)
        near = Region(
            window.top - reach, window.left - reach, window.bottom + reach,
            window.right + reach,
        )  # fmt: skip
        found = grid.tiles_in(near)
        return [t for t in found if min(t.window.intersection(window).shape) > 0]

    def iter_window(
        self, window: Region
    ) -> Iterator[Tile | NDArray[np.float32] | None]:
        """Yield each tile of a window as it is done, then the maps ``(3, y, x)``.

        In between, None for each step of a tile that takes several.
        """
        total = np.zeros((3, *window.shape), np.float32)
        weights = np.zeros(window.shape, np.float32)
        for tile in self.tiles(window):
            part = tile.window.intersection(window)
            inside = part.shifted(-tile.window.top, -tile.window.left)
            here = part.shifted(-window.top, -window.left)
            weight = self._weights(tile)[inside.slices]
            maps = yield from self._iter_maps(tile)
            total[:, *here.slices] += maps[:, *inside.slices] * weight
            weights[here.slices] += weight
            yield tile
        yield total / weights

    def _iter_maps(self, tile: Tile) -> Generator[None, None, NDArray[np.float16]]:
        known = self._cached.pop(tile.index, None)
        if known is None:
            drawn = yield from self._iter_drawn(tile)
            known = drawn.astype(np.float16)
        self._cached[tile.index] = known
        while len(self._cached) * known.nbytes > _CACHED_BYTES:
            self._cached.popitem(last=False)
        return known

    def _iter_drawn(self, tile: Tile) -> Generator[None, None, NDArray[np.float32]]:
        """Draw the maps of a tile at the pixels of its window."""
        yield from ()
        return self.drawn(tile).sampled(Region(0, 0, *tile.window.shape))

    def drawn(self, tile: Tile) -> InstanceMaps:
        """Return the maps of a tile, as the model draws them."""
        return self._backend.instance_maps(self._image.embedding(self._frame, tile))

    def _weights(self, tile: Tile) -> NDArray[np.float32]:
        """Distance to the nearest edge of a tile that is not one of the plane."""
        window, plane = tile.window, self._plane
        down = _ramp(
            window.shape[0], window.top > plane.top, window.bottom < plane.bottom
        )
        across = _ramp(
            window.shape[1], window.left > plane.left, window.right < plane.right
        )
        return np.minimum(down[:, None], across)


def _ramp(length: int, rises: bool, falls: bool) -> NDArray[np.float32]:
    at = np.arange(length, dtype=np.float32) + 0.5
    ramp = np.full(length, length, np.float32)
    if rises:
        ramp = np.minimum(ramp, at)
    if falls:
        ramp = np.minimum(ramp, length - at)
    return ramp
