"""Instance maps of a plane, blended where its tiles overlap."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_sam.core.geometry.tiles import Tile
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

    def iter_window(self, window: Region) -> Iterator[Tile | NDArray[np.float32]]:
        """Yield each tile of a window as it is done, then the maps ``(3, y, x)``."""
        total = np.zeros((3, *window.shape), np.float32)
        weights = np.zeros(window.shape, np.float32)
        for tile in self.tiles(window):
            part = tile.window.intersection(window)
            inside = part.shifted(-tile.window.top, -tile.window.left)
            here = part.shifted(-window.top, -window.left)
            weight = self._weights(tile)[inside.slices]
            total[:, *here.slices] += self._maps(tile)[:, *inside.slices] * weight
            weights[here.slices] += weight
            yield tile
        yield total / weights

    def _maps(self, tile: Tile) -> NDArray[np.float16]:
        known = self._cached.pop(tile.index, None)
        if known is None:
            embedding = self._image.embedding(self._frame, tile)
            maps = self._backend.instance_maps(embedding)
            known = maps.sampled(Region(0, 0, *tile.window.shape)).astype(np.float16)
        self._cached[tile.index] = known
        while len(self._cached) * known.nbytes > _CACHED_BYTES:
            self._cached.popitem(last=False)
        return known

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
