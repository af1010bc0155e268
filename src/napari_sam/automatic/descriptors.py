"""Descriptors of objects: what they look like, in numbers that can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.geometry.region import Region
from napari_sam.core.protocols import SupportsFeatures

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.mask import Mask
    from napari_sam.core.protocols import FeatureMap
    from napari_sam.image import PromptableImage

#: Numbers that tell how light an object is: three channels, and how they vary.
LIGHT = 4


@dataclass(frozen=True, eq=False)
class Descriptors:
    """What n objects look like, a row each.

    Attributes
    ----------
    features
        ``(n, C)`` float32: the model's features, averaged over the object; no columns
        if the model has none to compare by.
    areas
        ``(n,)`` pixels.
    light
        ``(n, 4)`` float32: mean red, green and blue as the model is shown them, and
        the standard deviation of their mean, of 1.
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
    if isinstance(image.backend, SupportsFeatures):
        for tile, some in _by_tile(image, masks):
            maps = image.backend.features(image.embedding(frame, tile))
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
    """Average the features of a tile over the pixels of a mask in its window."""
    here = mask.region.intersection(window)
    if min(here.shape) < 1:
        return np.zeros(sum(len(one.array) for one in maps), np.float32)
    rows, cols = np.nonzero(mask.in_window(here))
    rows, cols = rows + here.top - window.top, cols + here.left - window.left
    return np.concatenate([_pooled(one, rows, cols) for one in maps])


def _pooled(
    one: FeatureMap, rows: NDArray[np.intp], cols: NDArray[np.intp]
) -> NDArray[np.float32]:
    channels, height, width = one.array.shape
    down = np.minimum((rows / one.stride[0]).astype(np.intp), height - 1)
    across = np.minimum((cols / one.stride[1]).astype(np.intp), width - 1)
    cells, counts = np.unique(down * width + across, return_counts=True)
    values = one.array.reshape(channels, -1)[:, cells].astype(np.float32)
    return np.asarray(values @ (counts / max(counts.sum(), 1)), np.float32)


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
    region = mask.region.intersection(plane)
    shown = image.appearance.render(image.frames.read(frame, region))
    pixels = shown[mask.in_window(region)].astype(np.float32) / 255
    grey = pixels.mean(1)
    return np.array([*pixels.mean(0), grey.std()], np.float32)
