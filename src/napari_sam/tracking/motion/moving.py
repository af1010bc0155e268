"""Moving the masks of a frame to another one, tile by tile."""

from __future__ import annotations

from functools import lru_cache, reduce
from typing import TYPE_CHECKING

from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.core.prompts import Prompts
from napari_sam.core.prompts.items import MaskPrompt
from napari_sam.core.prompts.prompts_in_tiles import first_tile
from napari_sam.tracking.motion.drift import drift_of
from napari_sam.tracking.motion.feature_flow import feature_flow
from napari_sam.tracking.motion.flow import still_flow
from napari_sam.tracking.motion.optical_flow import optical_flow, refined_flow
from napari_sam.tracking.motion.tile_views import TileViews
from napari_sam.tracking.motion.warp import (
    MovedMask,
    Origins,
    is_large,
    moved_region,
    warp_mask,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.geometry.tiling import Tiling
    from napari_sam.image import PromptableImage
    from napari_sam.tracking.motion.flow import Flow

#: Pixels of a tile that an outline may move by beyond the drift.
_MARGIN = 24
#: Share of the window around all objects below which each has a window of its own.
_SCATTERED = 0.7
#: Standard deviation of brightness, of 1, below which a picture shows nothing.
_CONTRAST = 0.005


class Motion:
    """Moves masks from frame to frame.

    Parameters
    ----------
    image
        The frames.
    kind
        ``"features"`` matches features of the model, ``"optical"`` grey pictures;
        ``"auto"`` takes features where there are some.

    Attributes
    ----------
    views
        Pictures and features of tiles, by which motion is found.
    """

    def __init__(self, image: PromptableImage, kind: str = "auto") -> None:
        self._image, self._kind = image, kind
        self.views = TileViews(image)
        # From plane to plane of a stack an object changes its shape: nothing moves.
        self._has_bodies = "t" in image.frames.sizes

    def move(
        self,
        masks: Mapping[int, Mask],
        source: int,
        target: int,
        *,
        refined: bool = False,
    ) -> dict[int, MovedMask]:
        """Return masks of a source frame where they are expected on a target frame.

        With `refined`, what features say of the motion is refined by grey pictures.
        """
        found: dict[int, MovedMask] = {}
        tiles = {i: tile_of_mask(self._image, mask) for i, mask in masks.items()}
        for tile in dict.fromkeys(tiles.values()):
            mine = {i: masks[i] for i, other in tiles.items() if other == tile}
            found.update(self._move_in(tile, mine, source, target, refined))
        return {i: found[i] for i in masks}

    def _move_in(
        self,
        tile: Tile,
        masks: Mapping[int, Mask],
        source: int,
        target: int,
        refined: bool,
    ) -> dict[int, MovedMask]:
        spectra = (self.views.spectrum(frame, tile) for frame in (source, target))
        moved = drift_of(*spectra)
        on_plane = moved[0] * tile.scale, moved[1] * tile.scale
        plane = tile.region(self._image.frames.plane_shape)
        margin = _MARGIN * tile.scale
        regions = {
            i: moved_region(mask, on_plane, margin, plane) for i, mask in masks.items()
        }
        found: dict[int, MovedMask] = {}
        for window, ids in windows_around(regions):
            local = window.coarser(tile.scale)
            local = local.shifted(-tile.window.top, -tile.window.left)
            alone = self._small(masks[ids[0]], tile) if len(ids) == 1 else None
            flow = self._flow(tile, local, moved, source, target, of=alone)
            if refined and self._by_features:
                flow = self._refined(tile, local, flow, source, target)
            origins = Origins.by_flow(flow.on_plane(tile), window)
            for i in ids:
                found[i] = warp_mask(
                    masks[i], origins, regions[i], on_plane, as_body=self._has_bodies
                )
        outside = MovedMask(Mask.empty(), 1.0)
        return {i: found.get(i, outside) for i in masks}

    def _flow(
        self,
        tile: Tile,
        region: Region,
        moved: tuple[float, float],
        source: int,
        target: int,
        *,
        of: Region | None = None,
    ) -> Flow:
        expected = -moved[0], -moved[1]
        views = self.views
        pictures = [views.grey(frame, tile) for frame in (source, target)]
        if min(float(p[region.slices].std()) for p in pictures) < _CONTRAST:
            return still_flow(region, expected)
        if self._by_features:
            return feature_flow(
                views.matching(target, tile),
                views.matching(source, tile),
                region,
                expected,
                of=of,
            )
        return optical_flow(pictures[1], pictures[0], region, expected)

    def _small(self, mask: Mask, tile: Tile) -> Region | None:
        """Return where a mask is on a tile, if only what is near to it moves it."""
        if self._has_bodies and is_large(mask):
            return None
        local = mask.region.coarser(tile.scale)
        return local.shifted(-tile.window.top, -tile.window.left)

    @property
    def _by_features(self) -> bool:
        return self._kind != "optical" and self.views.has_features

    def _refined(
        self, tile: Tile, region: Region, flow: Flow, source: int, target: int
    ) -> Flow:
        new, old = (self.views.grey(frame, tile) for frame in (target, source))
        shows = min(float(p[region.slices].std()) for p in (new, old)) >= _CONTRAST
        return refined_flow(new, old, region, flow) if shows else flow


def windows_around(regions: Mapping[int, Region]) -> list[tuple[Region, list[int]]]:
    """Return windows to find the flow of, and the ids of the regions in each.

    That is one for each region where they lie scattered, else one around all.
    """
    inside = {i: r for i, r in regions.items() if min(r.shape) > 0}
    if not inside:
        return []
    every = reduce(Region.union, inside.values())
    if sum(r.shape[0] * r.shape[1] for r in inside.values()) < _SCATTERED * (
        every.shape[0] * every.shape[1]
    ):
        return [(r, [i]) for i, r in inside.items()]
    return [(every, list(inside))]


def tile_of_mask(image: PromptableImage, mask: Mask) -> Tile:
    """Return the tile in which an object is searched for."""
    return _first_tile(mask, image.tiling, image.frames.plane_shape)


@lru_cache(1024)
def _first_tile(mask: Mask, tiling: Tiling, plane: tuple[int, int]) -> Tile:
    prompts = Prompts((MaskPrompt(mask, approximate=True),))
    return first_tile(prompts, tiling, plane)
