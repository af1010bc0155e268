"""Descriptors of objects: what they look like, in numbers that can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.core.backend_spec import with_features
from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.mask import Mask
    from napari_sam.core.protocols import FeatureMap
    from napari_sam.image import PromptableImage

#: Numbers that tell how light an object and what is around it are.
LIGHT = 6
#: Pixels from an object of what counts as around it: its own blur is not.
_AROUND = (1.0, 5.0)


@dataclass(frozen=True, eq=False)
class Descriptors:
    """What n objects look like, a row each.

    Attributes
    ----------
    features
        ``(n, C)`` float32: the model's features, their mean and standard deviation over
        the object and their mean around it; no columns if the model has none to compare
        by.
    areas
        ``(n,)`` pixels.
    light
        ``(n, 6)`` float32: mean red, green and blue as the model is shown them, the
        standard deviation of their mean, that mean around the object, and how much
        lighter the object is than that; of 1.
    """

    features: NDArray[np.float32]
    areas: NDArray[np.float64]
    light: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.areas)

    @classmethod
    def joined(cls, several: Sequence[Descriptors]) -> Descriptors:
        """Put the rows of several below each other; none are no rows."""
        some = [one for one in several if len(one)]
        if not some:
            none = np.zeros((0, 0), np.float32)
            return cls(none, np.zeros(0), np.zeros((0, LIGHT), np.float32))
        return cls(
            np.concatenate([one.features for one in some]),
            np.concatenate([one.areas for one in some]),
            np.concatenate([one.light for one in some]),
        )

    def chosen(self, indices: Sequence[int] | NDArray[np.intp]) -> Descriptors:
        """Return some of them, in the order given."""
        i = np.asarray(indices, np.intp)
        return Descriptors(self.features[i], self.areas[i], self.light[i])


def describe(image: PromptableImage, frame: int, masks: Sequence[Mask]) -> Descriptors:
    """Describe objects of one plane, in their order.

    Features are those of the tile whose middle is nearest to the object, which is
    embedded if the store does not have it.

    Parameters
    ----------
    image
        The image, with its model.
    frame
        The plane.
    masks
        Their pixels; none of them empty.
    """
    if not masks:
        return Descriptors.joined([])
    features: list[NDArray[np.float32]] = [np.zeros(0, np.float32)] * len(masks)
    backend = with_features(image.backend)
    if backend is not None:
        for tile, some in _by_tile(image, masks):
            found = backend.features(image.embedding(frame, tile))
            maps = [one._replace(array=np.asarray(one.array)) for one in found]
            for i in some:
                features[i] = pooled(maps, masks[i], tile.window)
    return Descriptors(
        np.stack(features),
        np.array([mask.area for mask in masks], np.float64),
        np.stack([_light(image, frame, mask) for mask in masks]),
    )


def pooled(
    maps: Sequence[FeatureMap], mask: Mask, window: Region
) -> NDArray[np.float32]:
    """Return mean and deviation of the features of a tile over a mask, and around it.

    Parameters
    ----------
    maps
        Features of the tile.
    mask
        Pixels of the plane.
    window
        Where the tile lies on the plane.
    """
    inside, around, here = _with_surroundings(mask, window)
    if not inside.any():
        return np.zeros(3 * sum(one.array.shape[0] for one in maps), np.float32)
    at = here.top - window.top, here.left - window.left
    within = [_cells(one, inside, at) for one in maps]
    outside = [_cells(one, around, at)[0] for one in maps]
    means, deviations = zip(*within, strict=True)
    return np.concatenate([*means, *deviations, *outside])


def _with_surroundings(
    mask: Mask, window: Region
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], Region]:
    """Return what of a mask and of its surroundings is in a window, and where that is.

    A mask that has no surroundings there is its own.
    """
    reach, region = int(_AROUND[1]), mask.region
    here = region.grown(reach).intersection(window)
    if min(here.shape) < 1:
        none = np.zeros((0, 0), bool)
        return none, none, here
    inside = mask.in_window(here)
    if not inside.any() or inside.all():
        return inside, inside, here
    far = ndimage.distance_transform_edt(~inside)
    around = (far > _AROUND[0]) & (far <= _AROUND[1])
    return inside, around if around.any() else inside, here


def _cells(
    one: FeatureMap, inside: NDArray[np.bool_], at: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and standard deviation of each channel over pixels of the tile."""
    channels, height, width = one.array.shape
    rows, cols = np.nonzero(inside)
    down = np.minimum(((rows + at[0]) / one.stride[0]).astype(np.intp), height - 1)
    across = np.minimum(((cols + at[1]) / one.stride[1]).astype(np.intp), width - 1)
    cells, counts = np.unique(down * width + across, return_counts=True)
    every = np.asarray(one.array).reshape(channels, -1)
    values = every[:, cells].astype(np.float32)
    share = counts / max(counts.sum(), 1)
    mean = values @ share
    spread = np.sqrt(np.maximum((values - mean[:, None]) ** 2 @ share, 0))
    return np.asarray(mean, np.float32), np.asarray(spread, np.float32)


def _by_tile(
    image: PromptableImage, masks: Sequence[Mask]
) -> Iterator[tuple[Tile, list[int]]]:
    """Yield tiles and the objects in each; the last tile first.

    Objects were found tile after tile, so that what was embedded last is still in a
    store that drops what is old.
    """
    tiles = [image.tiles.nearest(*mask.region.center) for mask in masks]
    order = sorted(range(len(masks)), key=lambda i: -tiles[i].index)
    for _, some in groupby(order, key=lambda i: tiles[i].index):
        mine = list(some)
        yield tiles[mine[0]], mine


def _light(image: PromptableImage, frame: int, mask: Mask) -> NDArray[np.float32]:
    plane = Region(0, 0, *image.frames.plane_shape)
    inside, around, here = _with_surroundings(mask, plane)
    shown = image.appearance.render(image.frames.read(frame, here))
    colours = shown.astype(np.float32) / 255
    pixels, outside = colours[inside], float(colours[around].mean())
    grey = pixels.mean(1)
    numbers = [*pixels.mean(0), grey.std(), outside, grey.mean() - outside]
    return np.array(numbers, np.float32)
