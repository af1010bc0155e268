"""Sources of training examples: images with ground truth, and synthetic scenes."""

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
    ScaleOf = Callable[[tuple[int, int], int], float]

__all__ = ["Crop", "ExampleSource", "LabelledSource", "SyntheticSource"]

#: Largest side of a synthetic scene, in pixels; for larger crops it is enlarged.
_SCENE_SIZE = 512


class Crop(NamedTuple):
    """A crop of an image, with the masks of some of its objects, and labels of all.

    Attributes
    ----------
    image
        ``(h, w, 3)`` uint8, neither side above the requested size.
    masks
        ``(N, h, w)`` bool, one for each object that prompts are drawn for.
    labels
        ``(h, w)``: every object, whatever its size; 0 is background.
    """

    image: NDArray[np.uint8]
    masks: NDArray[np.bool_]
    labels: NDArray[np.int32]


class ExampleSource(Protocol):
    """A source of crops for training."""

    def crop(
        self, rng: np.random.Generator, recipe: Recipe, size: int, scale: ScaleOf
    ) -> Crop | None:
        """Return a crop, or None if it holds no object."""


@dataclass(frozen=True, slots=True)
class SyntheticSource:
    """A source that draws a new synthetic scene for every crop."""

    def crop(
        self, rng: np.random.Generator, recipe: Recipe, size: int, scale: ScaleOf
    ) -> Crop | None:
        """Return a crop of a new scene: all of it, or a part enlarged."""
        scene = draw_scene(rng, size=min(size, _SCENE_SIZE))
        zoom = size / len(scene.image)
        if rng.uniform() < 0.4:
            zoom *= max(recipe.zoom(rng), 1.0)
        return crop_around(
            rng, scene.image, LabelTruth(scene.labels), recipe, size, zoom
        )


class LabelledSource:
    """A source of crops of images with ground truth, scaled as in inference.

    Parameters
    ----------
    images
        Images with ground truth; each is read when it is first needed.
    memory
        Bytes of rendered images that are cached.
    """

    def __init__(
        self, images: Sequence[LabelledImage], *, memory: int = 2 * 2**30
    ) -> None:
        self.images, self.memory = images, memory
        self._rendered: OrderedDict[int, NDArray[np.uint8]] = OrderedDict()

    def crop(
        self, rng: np.random.Generator, recipe: Recipe, size: int, scale: ScaleOf
    ) -> Crop | None:
        """Return a crop around a random object of a random image."""
        index = int(rng.integers(len(self.images)))
        truth = self.images[index].truth
        if not len(truth.ids):
            return None
        image = self._image(index)
        zoom = scale(truth.shape, size) * recipe.zoom(rng)
        return crop_around(rng, image, truth, recipe, size, zoom)

    def _image(self, index: int) -> NDArray[np.uint8]:
        if index not in self._rendered:
            frames = self.images[index].frames
            self._rendered[index] = Appearance.fit(frames).render(frames[0])
            while sum(a.nbytes for a in self._rendered.values()) > self.memory:
                if len(self._rendered) == 1:
                    break
                self._rendered.popitem(last=False)
        return self._rendered[index]


def crop_around(
    rng: np.random.Generator,
    image: NDArray[np.uint8],
    truth: GroundTruth,
    recipe: Recipe,
    size: int,
    zoom: float,
) -> Crop | None:
    """Return a crop of `size` at `zoom` near a random object, or all of the image."""
    allowed = truth.ids[truth.areas <= recipe.largest * truth.shape[0] * truth.shape[1]]
    if not len(allowed):
        return None
    side = max(round(size / zoom), 8)
    window = _window_near(rng, truth, int(rng.choice(allowed)), side)
    rows, cols = window.shape
    shape = (
        _zoomed_length(rows, size / side, size),
        _zoomed_length(cols, size / side, size),
    )
    labels = _labels(truth, window, shape)
    masks = _masks(rng, truth, allowed, window, labels, recipe)
    if not masks:
        return None
    pixels = torch.from_numpy(np.ascontiguousarray(image[window.slices]))
    x = pixels.permute(2, 0, 1)[None].float()
    x = F.interpolate(x, shape, mode="bilinear", antialias=shape[0] < rows)
    resized = x[0].permute(1, 2, 0).round().clamp(0, 255).to(torch.uint8).numpy()
    return Crop(resized, np.stack(masks), labels)


def _zoomed_length(length: int, zoom: float, most: int) -> int:
    return max(1, min(most, round(length * zoom)))


def _window_near(
    rng: np.random.Generator, truth: GroundTruth, object_id: int, side: int
) -> Region:
    """Return a square window with an object well inside, cut to the plane."""
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
    allowed: NDArray[np.int64],
    window: Region,
    labels: NDArray[np.int32],
    recipe: Recipe,
) -> list[NDArray[np.bool_]]:
    """Return masks of random objects within a window, of the shape of its labels."""
    masks: list[NDArray[np.bool_]] = []
    for mask in _masks_in(rng, truth, allowed, window, labels):
        if recipe.smallest <= mask.sum() <= recipe.largest * mask.size:
            masks.append(mask)
        if len(masks) == recipe.objects:
            break
    return masks


def _masks_in(
    rng: np.random.Generator,
    truth: GroundTruth,
    allowed: NDArray[np.int64],
    window: Region,
    labels: NDArray[np.int32],
) -> Iterator[NDArray[np.bool_]]:
    if isinstance(truth, LabelTruth):
        there = np.intersect1d(labels, allowed)
        yield from (labels == k for k in rng.permutation(there))
        return
    for k in rng.permutation(allowed):
        if _meets(truth, int(k), window):
            yield _resized_mask(truth, int(k), window, labels.shape)


def _labels(
    truth: GroundTruth, window: Region, shape: tuple[int, int]
) -> NDArray[np.int32]:
    """Return labels of all objects of a window, resized to `shape`.

    Of masks that overlap, the later one lies on top.
    """
    if isinstance(truth, LabelTruth):
        return _resized_labels(truth.labels[window.slices], shape)
    labels = np.zeros(shape, np.int32)
    for number, k in enumerate(truth.ids, 1):
        if _meets(truth, int(k), window):
            labels[_resized_mask(truth, int(k), window, shape)] = number
    return labels


def _meets(truth: GroundTruth, object_id: int, window: Region) -> bool:
    return min(truth.window(object_id).intersection(window).shape) > 0


def _resized_mask(
    truth: GroundTruth, object_id: int, window: Region, shape: tuple[int, int]
) -> NDArray[np.bool_]:
    inside = truth.mask(object_id).in_window(window)
    return _resized_labels(inside.astype(np.int32), shape) > 0


def _resized_labels(
    labels: NDArray[np.int32], shape: tuple[int, int]
) -> NDArray[np.int32]:
    """Return labels resized to a shape by nearest neighbour."""
    rows, cols = (
        ((np.arange(n) + 0.5) * old / n).astype(int)
        for n, old in zip(shape, labels.shape, strict=True)
    )
    return labels[rows[:, None], cols]
