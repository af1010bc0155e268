"""Where training examples come from: images with labels, and drawn scenes."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import torch
from torch.nn import functional as F

from napari_sam.core.geometry.region import Region
from napari_sam.core.images.appearance import Appearance
from napari_sam.datasets.ground_truth.label_image import LabelTruth
from napari_sam.synthetic import draw_scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from napari_sam.datasets.ground_truth.protocol import GroundTruth
    from napari_sam.datasets.labelled_image import LabelledImage
    from napari_sam.training.recipe import Recipe

    #: Working pixels per pixel of a plane, for squares of a size: `Learner.scale`.
    Scale = Callable[[tuple[int, int], int], float]

__all__ = ["Crop", "LabelledSource", "Source", "SyntheticSource"]

#: Synthetic scenes are drawn no larger than this, and enlarged beyond.
_DRAWN = 512


class Crop(NamedTuple):
    """What is cut from an image to be looked at.

    Attributes
    ----------
    image
        ``(h, w, 3)`` uint8, neither side above the size asked for.
    masks
        ``(N, h, w)`` bool, one for each object asked about.
    """

    image: NDArray[np.uint8]
    masks: NDArray[np.bool_]


class Source(Protocol):
    """Somewhere views come from."""

    def view(
        self, rng: np.random.Generator, recipe: Recipe, size: int, scale: Scale
    ) -> Crop | None:
        """Cut a view, or None where there is nothing to ask about."""


@dataclass(frozen=True, slots=True)
class SyntheticSource:
    """Every view a scene never seen before."""

    def view(
        self, rng: np.random.Generator, recipe: Recipe, size: int, scale: Scale
    ) -> Crop | None:
        """Draw a scene, and take it whole or zoom into a part of it."""
        scene = draw_scene(rng, size=min(size, _DRAWN))
        zoom = size / len(scene.image)
        if rng.uniform() < 0.4:
            zoom *= max(recipe.zoom(rng), 1.0)
        return crop_around(
            rng, scene.image, LabelTruth(scene.labels), recipe, size, zoom
        )


class LabelledSource:
    """Images with their truth, shown to the model as they will be in use.

    Parameters
    ----------
    pairs
        Read when they are first asked for.
    memory
        Bytes of images that are kept once read.
    """

    def __init__(
        self, pairs: Sequence[LabelledImage], *, memory: int = 2 * 2**30
    ) -> None:
        self.pairs, self.memory = pairs, memory
        self._kept: OrderedDict[int, NDArray[np.uint8]] = OrderedDict()

    def view(
        self, rng: np.random.Generator, recipe: Recipe, size: int, scale: Scale
    ) -> Crop | None:
        """Cut around a random object of a random image."""
        index = int(rng.integers(len(self.pairs)))
        truth = self.pairs[index].truth
        if not len(truth.ids):
            return None
        image = self._image(index)
        zoom = scale(truth.shape, size) * recipe.zoom(rng)
        return crop_around(rng, image, truth, recipe, size, zoom)

    def _image(self, index: int) -> NDArray[np.uint8]:
        if index not in self._kept:
            frames = self.pairs[index].frames
            self._kept[index] = Appearance.fit(frames).render(frames[0])
            while sum(a.nbytes for a in self._kept.values()) > self.memory:
                if len(self._kept) == 1:
                    break
                self._kept.popitem(last=False)
        return self._kept[index]


def crop_around(
    rng: np.random.Generator,
    image: NDArray[np.uint8],
    truth: GroundTruth,
    recipe: Recipe,
    size: int,
    zoom: float,
) -> Crop | None:
    """Take a square of `size` at `zoom` near an object, or all if that is smaller."""
    fit = truth.ids[truth.areas <= recipe.largest * truth.shape[0] * truth.shape[1]]
    if not len(fit):
        return None
    side = max(round(size / zoom), 8)
    part = _near(rng, truth, int(rng.choice(fit)), side)
    rows, cols = part.shape
    shape = _zoomed(rows, size / side, size), _zoomed(cols, size / side, size)
    masks = _masks(rng, truth, fit, part, shape, recipe)
    if not masks:
        return None
    pixels = torch.from_numpy(np.ascontiguousarray(image[part.slices]))
    x = pixels.permute(2, 0, 1)[None].float()
    x = F.interpolate(x, shape, mode="bilinear", antialias=shape[0] < rows)
    shown = x[0].permute(1, 2, 0).round().clamp(0, 255).to(torch.uint8).numpy()
    return Crop(shown, np.stack(masks))


def _zoomed(length: int, zoom: float, most: int) -> int:
    return max(1, min(most, round(length * zoom)))


def _near(
    rng: np.random.Generator, truth: GroundTruth, object_id: int, side: int
) -> Region:
    """Place a square so that an object is well inside, cut to the plane."""
    row, col = truth.window(object_id).center
    corner = np.array([row, col]) - rng.uniform(0.2, 0.8, 2) * side
    rows, cols = truth.shape
    top, left = np.clip(corner, 0, (max(rows - side, 0), max(cols - side, 0)))
    return Region(
        int(top), int(left), min(int(top) + side, rows), min(int(left) + side, cols)
    )


def _masks(
    rng: np.random.Generator,
    truth: GroundTruth,
    fit: NDArray[np.int64],
    part: Region,
    shape: tuple[int, int],
    recipe: Recipe,
) -> list[NDArray[np.bool_]]:
    """Masks of random objects within a part of the plane, brought to `shape`."""
    masks: list[NDArray[np.bool_]] = []
    for mask in _found(rng, truth, fit, part, shape):
        if recipe.smallest <= mask.sum() <= recipe.largest * mask.size:
            masks.append(mask)
        if len(masks) == recipe.objects:
            break
    return masks


def _found(
    rng: np.random.Generator,
    truth: GroundTruth,
    fit: NDArray[np.int64],
    part: Region,
    shape: tuple[int, int],
) -> Iterator[NDArray[np.bool_]]:
    if isinstance(truth, LabelTruth):
        labels = _brought(truth.labels[part.slices], shape)
        there = np.intersect1d(labels, fit)
        yield from (labels == k for k in rng.permutation(there))
        return
    for k in rng.permutation(fit):
        window = truth.window(int(k))
        apart = window.bottom <= part.top or part.bottom <= window.top
        apart = apart or window.right <= part.left or part.right <= window.left
        if not apart:
            inside = truth.mask(int(k))[part.slices]
            yield _brought(inside.astype(np.int32), shape) > 0


def _brought(labels: NDArray[np.int32], shape: tuple[int, int]) -> NDArray[np.int32]:
    """Zoom labels to a shape: each pixel takes the one its middle falls on."""
    rows, cols = (
        ((np.arange(n) + 0.5) * old / n).astype(int)
        for n, old in zip(shape, labels.shape, strict=True)
    )
    return labels[rows[:, None], cols]
