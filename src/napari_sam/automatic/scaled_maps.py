"""Instance maps of tiles, from nearer where their objects are small."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.automatic.blended_maps import BlendedMaps
from napari_sam.automatic.instance_segmentation import find_instances
from napari_sam.automatic.settings import InstanceSettings
from napari_sam.core.backend_spec import backend_spec
from napari_sam.core.geometry.region import Region
from napari_sam.core.geometry.tiling import Tiling
from napari_sam.image import PromptableImage
from napari_sam.image.magnified import MagnifiedBackend

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.protocols import SupportsInstances

#: Objects less wide, in cells of the maps, are looked at from nearer only. Up to the
#: second width both views are blended, so that a tile that was cut a little to the
#: side, with other objects in it, does not look altogether different.
_SMALL, _USUAL = 14.0, 17.0
#: How much nearer that is.
_NEARER = 1.5
#: Side of a view from nearer that is not cut, and how others are, in pixels.
_UNCUT = 320
_CUT = Tiling((192, 192), (32, 32))
#: How a plane that was made smaller is cut. Fewer parts, or parts that overlap less,
#: cost less and find less (docs/performance.md).
_AS_IT_IS = Tiling((320, 320), (32, 32))
#: Instances that tell how wide all are.
_ENOUGH = 200
#: Score from which an instance is one.
_TRUSTED = 0.3
#: Pixels over which maps are smoothed, and the least of an object's core.
_SMOOTHING, _LEAST = 1.0, 3


class ScaledMaps(BlendedMaps):
    """Blended maps of a plane whose tiles are magnified if objects are small.

    A model finds best what is as large as what it has learnt from. The maps of a tile
    say how wide its objects are, and where they are small, maps are drawn anew, of the
    same pixels enlarged. Only models whose spec says that they gain by it are asked.
    """

    def __init__(
        self, image: PromptableImage, backend: SupportsInstances, frame: int
    ) -> None:
        super().__init__(image, backend, frame)
        spec = backend_spec(image.backend)
        self._scales = spec.magnification > 1
        view = spec.view or spec.working_size
        self._shrunk = image.tiling.tile is None and max(self._plane.shape) > view

    def _iter_drawn(self, tile: Tile) -> Generator[None, None, NDArray[np.float32]]:
        drawn = self.drawn(tile)
        maps = drawn.sampled(Region(0, 0, *tile.window.shape))
        if not self._scales:
            return maps
        yield
        width = (
            found_width(drawn.values)
            if self._shrunk
            else typical_width(maps) / max(drawn.stride)
        )
        share = nearness(width)
        if share == 0:
            return maps
        near = yield from self._iter_near(tile.window)
        return share * near + (1 - share) * maps

    def _iter_near(self, window: Region) -> Generator[None, None, NDArray[np.float32]]:
        for tile_or_maps in self._near.iter_window(window):
            if isinstance(tile_or_maps, np.ndarray):
                return tile_or_maps
            yield
        raise AssertionError  # a window's maps come last

    @cached_property
    def _near(self) -> BlendedMaps:
        """The plane from nearer, cut so that nothing of it is made smaller."""
        if self._shrunk:
            return self._seen(1, _AS_IT_IS)
        whole = max(self._plane.shape) <= _UNCUT
        return self._seen(_NEARER, Tiling() if whole else _CUT)

    def _seen(self, by: float, tiling: Tiling) -> BlendedMaps:
        image = self._image
        backend = MagnifiedBackend(image.backend, by)
        seen = PromptableImage(
            image.frames,
            backend,
            appearance=image.appearance,
            store=image.store,
            tiling=tiling,
            levels=(),
        )
        return BlendedMaps(seen, backend, self._frame)


def nearness(width: float) -> float:
    """Return the weight of the magnified maps, from 0 to 1.

    Parameters
    ----------
    width
        Of the objects, in cells of the maps; 0 if there are none.
    """
    if width == 0:
        return 0.0
    return min(1.0, max(0.0, (_USUAL - width) / (_USUAL - _SMALL)))


def found_width(maps: NDArray[np.float32]) -> float:
    """Return the median width of the instances of maps, in their cells; 0 of none.

    It costs a watershed, and does not take for objects what has no score: in a plane
    that was made smaller to fit the model, there is much of that.
    """
    found = find_instances(maps, InstanceSettings(), most=_ENOUGH)
    areas = [one.mask.area for one in found if one.score >= _TRUSTED]
    return 2 * float(np.sqrt(np.median(areas) / np.pi)) if areas else 0.0


def typical_width(maps: NDArray[np.float32]) -> float:
    """Return how wide the objects of maps are, in pixels; 0 if there are none.

    Where both distances are above one half is the core of an object, half as wide as
    the object; that is known without a watershed. Half of the area of all is in
    objects of at most this width.

    Parameters
    ----------
    maps
        ``(3, y, x)``: foreground, boundary distance and centre.
    """
    depth = ndimage.gaussian_filter(maps[1] + maps[2], _SMOOTHING) / 2
    cores, _ = ndimage.label((depth > 0.5) & (maps[0] > 0.5))
    areas = np.sort(np.bincount(cores.ravel())[1:])
    areas = areas[areas >= _LEAST]
    if not len(areas):
        return 0.0
    summed = np.cumsum(areas)
    middle = areas[np.searchsorted(summed, summed[-1] / 2)]
    return 4 * float(np.sqrt(middle / np.pi))
