"""The paper's automatic masks: a grid of points, on the image and on crops of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.automatic.automatic_masks import AutomaticMask
from napari_sam.core.geometry.region import Region
from napari_sam.core.images.cropping import cropped
from napari_sam.core.progress import Progress
from napari_sam.core.prompts import Prompts
from napari_sam.image import PromptableImage

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from napari_sam.automatic.settings import EverythingSettings
    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.prediction import Prediction

#: Logits by which the threshold is moved to see how stable a mask is.
_OFFSET = 1.0
#: Share of the image by which crops of the first layer overlap.
_CROP_OVERLAP = 512 / 1500
#: Pixels within which a mask that ends with its crop was cut by it.
_NEAR_EDGE = 20
#: Points decoded between two reports of progress.
_GROUP = 32
#: Masks below this score are not even remembered.
_FLOOR = 0.3


class GridTile(NamedTuple):
    """One part of the plane to lay a grid on.

    Attributes
    ----------
    image
        The image, or a crop of it that is enlarged.
    tile
        A tile of that image.
    crop
        Where the tile lies on the plane.
    points
        ``(row, col)`` of the grid, in pixels of the tile.
    """

    image: PromptableImage
    tile: Tile
    crop: Region
    points: tuple[tuple[float, float], ...]


def iter_grid_masks(
    image: PromptableImage, frame: int, settings: EverythingSettings, region: Region
) -> Generator[Progress, None, list[AutomaticMask]]:
    """Decode every point of a grid on each tile, and on crops of the image.

    Kirillov et al. 2023, "Segment Anything", appendix B: the three masks of every
    point, their scores and stabilities; masks that are cut by the edge of a crop are
    left out.

    Parameters
    ----------
    image, frame
        The image, and the plane.
    settings
        Points and layers of crops.
    region
        Only points in this part of the plane.
    """
    parts = [
        part._replace(points=inside)
        for part in _parts(image, settings)
        if (inside := tuple(_points_in(part, region)))
    ]
    total = sum(len(part.points) for part in parts)
    done = 0
    found: list[AutomaticMask] = []
    for part in parts:
        embedding = part.image.embedding(frame, part.tile)
        for start in range(0, len(part.points), _GROUP):
            points = part.points[start : start + _GROUP]
            prompts = [Prompts.point(row, col) for row, col in points]
            answers = part.image.backend.decode(embedding, prompts)
            for point, answer in zip(points, answers, strict=True):
                found += _masks(part, point, answer, image.frames.plane_shape)
            done += len(points)
            yield Progress(done, total, "decoding masks")
    return found


def grid(per_side: int, shape: tuple[int, int]) -> list[tuple[float, float]]:
    """Return the points of an even grid, ``(row, col)``, row by row."""
    middles = (np.arange(per_side) + 0.5) / per_side
    return [
        (float(row * shape[0] - 0.5), float(col * shape[1] - 0.5))
        for row in middles
        for col in middles
    ]


def crops(shape: tuple[int, int], layers: int) -> Iterator[tuple[int, Region]]:
    """Yield the layer of each crop, and where it lies; layer 0 is the image."""
    rows, cols = shape
    short = min(shape)
    for layer in range(1, layers + 1):
        per_side = 2**layer
        overlap = int(_CROP_OVERLAP * short * (2 / per_side))
        height, width = (
            -(-(overlap * (per_side - 1) + side) // per_side) for side in shape
        )
        for left in (i * (width - overlap) for i in range(per_side)):
            for top in (i * (height - overlap) for i in range(per_side)):
                bottom, right = min(top + height, rows), min(left + width, cols)
                yield layer, Region(top, left, bottom, right)


def _parts(image: PromptableImage, settings: EverythingSettings) -> Iterator[GridTile]:
    plane = image.frames.plane_shape
    for tile in image.tiles:
        points = tuple(grid(settings.points, tile.window.shape))
        yield GridTile(image, tile, tile.region(plane), points)
    for layer, crop in crops(plane, settings.crop_layers):
        enlarged = _cropped(image, crop)
        per_side = max(1, settings.points // settings.points_downscale**layer)
        for tile in enlarged.tiles:
            points = tuple(grid(per_side, tile.window.shape))
            here = tile.window.shifted(crop.top, crop.left)
            yield GridTile(enlarged, tile, here, points)


def _cropped(image: PromptableImage, crop: Region) -> PromptableImage:
    """Return a part of an image as one of its own, shown in the same way."""
    return PromptableImage(
        cropped(image.frames, crop),
        image.backend,
        appearance=image.appearance,
        store=image.store,
    )


def _points_in(part: GridTile, region: Region) -> Iterator[tuple[float, float]]:
    for row, col in part.points:
        if region.contains(row + part.crop.top, col + part.crop.left):
            yield row, col


def _masks(
    part: GridTile,
    point: tuple[float, float],
    answer: Prediction,
    plane: tuple[int, int],
) -> Iterator[AutomaticMask]:
    """Yield the masks of one point that are worth remembering, on the plane."""
    for candidate in answer.candidates:
        if candidate.score < _FLOOR or not candidate.area:
            continue
        stability = stability_of(candidate)
        mask = candidate.to_mask().shifted(part.crop.top, part.crop.left)
        if _is_cut(mask.region, part.crop, plane):
            continue
        at = point[0] + part.crop.top, point[1] + part.crop.left
        yield AutomaticMask(mask, candidate.score, stability, at, part.crop)


def stability_of(prediction: Prediction) -> float:
    """Return the IoU of the masks at a higher and at a lower threshold."""
    low = prediction.with_threshold(prediction.threshold - _OFFSET).area
    high = prediction.with_threshold(prediction.threshold + _OFFSET).area
    return high / low if low else 0.0


def _is_cut(region: Region, crop: Region, plane: tuple[int, int]) -> bool:
    """Whether a mask ends where its crop does, and the plane goes on."""
    # The last row and column count as the edge, as in the reference.
    sides = (
        (region.top, crop.top, 0),
        (region.left, crop.left, 0),
        (region.bottom - 1, crop.bottom, plane[0]),
        (region.right - 1, crop.right, plane[1]),
    )
    return any(
        abs(side - edge) <= _NEAR_EDGE and abs(side - end) > _NEAR_EDGE
        for side, edge, end in sides
    )
